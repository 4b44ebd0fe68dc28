"""Secrets as canaries: none of them may stand in any file that the program wrote.

The one rule: a secret is looked for as it is and in every spelling that a log could give it.
"""

import base64
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

from tests.soak.home import Home

OURS = ("credentials", "second-factor.json")  # written by the run itself, as a keyring would
LEAST = 8


def secrets_of(home: Home) -> list[str]:
    """Everything that must not be told: keys of every purpose, the seed, recovery codes."""
    found = [
        text
        for purposes in home.found["keys"].values()
        for parts in purposes.values()
        for text in parts.values()
    ]
    if home.factor is not None:
        found += [home.factor.seed, *home.factor.recovery]
    passphrase = home.folder / "credentials"
    found += [path.read_text(encoding="utf-8").strip() for path in passphrase.iterdir()]
    return [text for text in found if len(text) >= LEAST]


def spellings(secret: str) -> set[bytes]:
    """As it is, in a URL, in JSON, in hexadecimal, in base64."""
    raw = secret.encode()
    return {
        raw,
        quote(secret, safe="").encode(),
        json.dumps(secret)[1:-1].encode(),
        raw.hex().encode(),
        base64.b64encode(raw).rstrip(b"="),
    }


def leaks(home: Home) -> Iterator[str]:
    """Files of the program in which a secret stands; the secret itself is not told."""
    known = [(n, s) for n, secret in enumerate(secrets_of(home)) for s in spellings(secret)]
    for path in files(home):
        body = path.read_bytes()
        for number, spelled in known:
            if spelled in body:
                yield f"secret number {number} stands in {path.relative_to(home.folder)}"


def files(home: Home) -> Iterable[Path]:
    """Everything under the home that the program may have written."""
    ports = {f"{stall.family}.json" for stall in home.stalls}
    for path in sorted(home.folder.rglob("*")):
        parts = path.relative_to(home.folder).parts
        if path.is_file() and parts[0] not in OURS and path.name not in ports:
            yield path
