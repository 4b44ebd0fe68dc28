"""This user of this machine: a name, and where the books are; no configuration is read here."""

import pwd
from argparse import Namespace
from pathlib import Path

import platformdirs


def data_directory(args: Namespace) -> Path:
    """The flag, or the user's data directory."""
    if args.data_dir:
        return Path(args.data_dir).expanduser().resolve()
    return platformdirs.user_data_path("quarterdeck")


def user_name(uid: int) -> str:
    """The operator's name where the settings name no operators."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid{uid}"
