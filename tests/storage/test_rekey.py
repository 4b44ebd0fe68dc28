"""A key that changes while the desk is busy: every seal is of the key in force at its row."""

import asyncio
from pathlib import Path

import pytest

from domain.errors import DeskError
from storage.places import Places
from storage.sealing import begin
from storage.verify import Witness, verify_file
from tests.storage.samples import START_US, sent
from tests.storage.test_independent_verifier import says
from tests.storage.test_seals import NEW, OURS, ledger_at, written


async def test_rows_that_wait_when_a_key_changes_are_sealed_by_the_old_one(
    tmp_path: Path,
) -> None:
    places = Places(tmp_path / "data", "demo")
    async with ledger_at(places) as ledger:
        await begin(ledger, OURS, at_us=START_US, actor="test")
        busy = [ledger.append([sent(row)]) for row in range(1, 400)]
        await begin(ledger, NEW, before=OURS, at_us=START_US + 1, actor="test")
        await asyncio.gather(*busy, ledger.append([sent(1_000)]))
    report = verify_file(places.ledger, places.head, witness=Witness(NEW.public_key))
    assert (report.result, report.problem) == ("OK", "")
    assert says(places.ledger, places.head, Path(NEW.public_key))[0] == 0


async def test_the_first_key_seals_from_its_own_row_on(tmp_path: Path) -> None:
    places = Places(tmp_path / "data", "demo")
    async with ledger_at(places) as ledger:
        busy = [ledger.append([sent(row)]) for row in range(1, 400)]
        await begin(ledger, OURS, at_us=START_US, actor="test")
        await asyncio.gather(*busy)
    report = verify_file(places.ledger, places.head, witness=Witness(OURS.public_key))
    assert (report.result, report.problem) == ("OK", "")


async def test_a_key_that_could_not_be_adopted_seals_nothing(tmp_path: Path) -> None:
    await written(tmp_path / "data", 1)
    places = Places(tmp_path / "data", "demo")
    async with ledger_at(places) as ledger:
        await begin(ledger, OURS, at_us=START_US, actor="test")
        ledger._writer.fail(DeskError("a full disk"))
        with pytest.raises(DeskError):
            await begin(ledger, NEW, before=OURS, at_us=START_US + 1, actor="test")
        await ledger.reopen()
        await ledger.append([sent(2)])
    report = verify_file(places.ledger, places.head, witness=Witness(OURS.public_key))
    assert (report.result, report.problem) == ("OK", "")
