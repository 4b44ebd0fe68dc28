"""A live ledger whose seals were taken off: the key that sealed it does not begin anew with it."""

import argparse
import shutil
from pathlib import Path

import pytest

from cli.ground import Ground, stand
from cli.parser import parse
from cli.sealing import NAME, NEXT, sealing
from config.secrets_file import CREDENTIAL
from domain.errors import Misconfigured
from storage.ledger import SqliteLedger
from storage.places import Places
from storage.verify import Witness, verify_file
from tests.config.tries import LIVE
from tests.storage.samples import Heard, genesis, sent

LEDGER = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def args(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> argparse.Namespace:
    given = tmp_path / "given"
    given.mkdir(mode=0o700)
    (given / CREDENTIAL).write_text("correct horse battery staple")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(given))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.chdir(tmp_path)
    config = tmp_path / "trading_config.yaml"
    config.write_text(LIVE)
    words = ["--observe", "--daemon", "--config", str(config)]
    return parse([*words, "--data-dir", str(tmp_path / "data")])


async def sealed(ground: Ground, *rows: int) -> str:
    """Open, seal, append. Answers the public key in force."""
    places = ground.places
    async with SqliteLedger(places, genesis("live", LEDGER), Heard()) as ledger:
        async with sealing(ground, ledger, ground.secrets(LEDGER)) as seals:
            assert seals is not None
            for row in rows:
                await ledger.append([sent(row)])
        return ledger.sealed_by


async def unsealed(places: Places, *rows: int) -> None:
    async with SqliteLedger(places, genesis("live", LEDGER), Heard()) as ledger:
        for row in rows:
            await ledger.append([sent(row)])


async def test_a_stripped_ledger_is_not_sealed_again_as_if_nothing_were(
    args: argparse.Namespace, tmp_path: Path
) -> None:
    ground = stand(args)
    key = await sealed(ground, 1, 2, 3)
    forged = Places(tmp_path / "forged", "live")
    await unsealed(forged, 7, 8)
    for ours, theirs in (
        (ground.places.ledger, forged.ledger),
        (ground.places.head, forged.head),
    ):
        shutil.copy(theirs, ours)
    ground.anchor_file.unlink()
    with pytest.raises(Misconfigured, match="never sealed"):
        await sealed(stand(args), 9)
    told = verify_file(ground.places.ledger, ground.places.head, witness=Witness(key))
    assert told.result == "FAIL"


@pytest.mark.parametrize("adopted", [False, True])
async def test_a_crash_while_the_first_key_is_made_leaves_it_usable(
    args: argparse.Namespace, *, adopted: bool
) -> None:
    ground = stand(args)
    key = await sealed(ground, 1) if adopted else ""
    secrets = ground.secrets(LEDGER)
    seed = secrets.read(NAME) or "11" * 32
    if adopted:
        secrets.write(NAME, "22" * 32)  # of a change that came before
    else:
        await unsealed(ground.places, 1)
    secrets.write(NEXT, seed)
    found = await sealed(stand(args), 2)
    assert found == (key or found)
    assert ground.secrets(LEDGER).read(NAME) == seed
    assert verify_file(ground.places.ledger, ground.places.head).result == "OK"
