"""What a process stands on: its settings, its mode, its book's places, clock and dice.

The one rule: secrets leave the environment here, before anything else runs.
"""

import os
import sys
from argparse import Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from getpass import getpass
from pathlib import Path

from cli.clock import SystemClock, SystemDice
from cli.hardening import harden
from cli.user import data_directory, user_name
from config.layers import flag
from config.load import Loaded, load
from config.redaction import Redaction
from config.secret_settings import stores_beyond
from config.secrets_environment import EnvironmentSecrets, read_env_file
from config.secrets_file import Passphrase, SecretFile, credential_given, passphrase_from
from config.secrets_keyring import KeyringSecrets
from config.secrets_stores import SecretStores
from domain.board import Mode
from domain.errors import Misconfigured
from engine.operators import EVERY_ROLE, Operator, Operators, Role
from storage.places import Places

ENV_FILE = Path(".env")
SECRETS = "secrets"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Everything that is decided before a book is opened."""

    loaded: Loaded
    reload: Callable[[], Loaded]
    mode: Mode
    places: Places
    clock: SystemClock
    dice: SystemDice
    redaction: Redaction
    environment: EnvironmentSecrets
    operators: Operators
    new_seal_key: bool = False
    accepts_loss: bool = False
    passphrase: Passphrase | None = None  # where a screen is about to take the terminal

    @property
    def me(self) -> Operator:
        """The operator who runs this process.

        Raises:
            Refused: when this user is none of the configured operators.
        """
        return self.operators.by_uid(os.getuid())

    def secrets(self, scope: str) -> SecretStores:
        """The secret stores of one book; `scope` is its ledger's id."""
        prompt = getpass if sys.stdin.isatty() and not _screen_is_up() else None
        passphrase = self.passphrase or passphrase_from(os.environ, prompt)
        return SecretStores(
            keyring=KeyringSecrets(self.redaction),
            own=SecretFile(self.places.directory / SECRETS, passphrase, self.redaction),
            scope=scope,
            environment=self.environment,
            open_file=lambda path: SecretFile(path, passphrase, self.redaction),
            redaction=self.redaction,
            credential=credential_given(os.environ) is not None,
            remote=stores_beyond(
                self.loaded.settings.vault,
                self.loaded.settings.aws,
                os.environ,
                self.environment,
                self.redaction,
                self.clock,
            ),
        )

    @property
    def anchor_file(self) -> Path:
        """Where anchors of the book's ledger go."""
        told = self.loaded.settings.logging.anchor_file
        if told is not None:
            return Path(told).expanduser()
        return self.places.data_dir / f"anchors-{self.places.book}.log"

    def asked_before_the_screen(self) -> "Ground":
        """This ground with the passphrase of its secrets file, if only a person knows it."""
        kept = self.places.directory / SECRETS
        if not kept.exists() or credential_given(os.environ):
            return self
        told = getpass("Passphrase of the secrets file: ")
        return replace(self, passphrase=lambda _: told)

    def child_environment(self) -> Mapping[str, str]:
        """The environment of a process that needs the same keys (`--kill`)."""
        return {**os.environ, **self.environment.for_child()}


def stand(args: Namespace) -> Ground:
    """Load the configuration and decide mode and places.

    From here on this process may hold keys, so it closes itself first.

    Raises:
        Misconfigured: with every mistake of the configuration, or a mode that is not there yet.
    """
    harden()
    asked = Mode(args.mode) if args.mode else None
    flags = []
    if args.scenario:
        flags.append(flag("--scenario", "demo.scenario", args.scenario))
    if args.seed is not None:
        flags.append(flag("--seed", "demo.seed", str(args.seed)))
    reload = partial(load, args.config, environ=os.environ, flags=flags, asked=asked)
    loaded = reload()
    redaction = Redaction()
    environment = _environment(loaded, redaction)
    return Ground(
        loaded=loaded,
        reload=reload,
        mode=loaded.mode,
        places=Places(data_directory(args), loaded.mode.book),
        clock=SystemClock(),
        dice=SystemDice(),
        redaction=redaction,
        environment=environment,
        operators=operators_of(loaded),
        new_seal_key=_new_seal_key(args, loaded.mode),
        accepts_loss=getattr(args, "action", "") == "accept-loss" and loaded.mode is not Mode.LIVE,
    )


def _new_seal_key(args: Namespace, mode: Mode) -> bool:
    wanted = bool(getattr(args, "new_seal_key", False))
    if wanted and mode is Mode.LIVE:
        raise Misconfigured("--new-seal-key", "does not go with --live: adopt it with --observe")
    return wanted


def operators_of(loaded: Loaded) -> Operators:
    """The configured operators; without any, this user with every role."""
    told = loaded.settings.operators
    if not told:
        uid = os.getuid()
        return Operators((Operator(name=user_name(uid), roles=EVERY_ROLE, os_uid=uid),))
    return Operators(
        tuple(
            Operator(
                name=name,
                roles=frozenset(Role(role) for role in known.roles),
                os_uid=known.os_uid,
            )
            for name, known in told.items()
        )
    )


def _environment(loaded: Loaded, redaction: Redaction) -> EnvironmentSecrets:
    settings = loaded.settings
    file: Mapping[str, str] = {}
    if loaded.mode.book == "live" and ENV_FILE.exists():
        file = read_env_file(ENV_FILE)
    return EnvironmentSecrets.take(
        os.environ,
        tuple(settings.exchanges),
        redaction,
        prefixes=settings.env_prefixes,
        env_file=file,
    )


def _screen_is_up() -> bool:
    """Whether Textual owns the terminal: nothing may prompt there."""
    return "textual.app" in sys.modules
