"""A ledger that was rewritten without its seals: our own key does not make it good again."""

from pathlib import Path

import pytest

from domain.errors import Corrupt
from storage.places import Places
from storage.sealing import begin
from storage.verify import Witness, verify_file
from tests.storage.samples import START_US, sent
from tests.storage.test_attack_table import forging
from tests.storage.test_independent_verifier import says
from tests.storage.test_seals import (
    NEW,
    OURS,
    append_unsealed,
    drop_the_seals_too,
    ledger_at,
    written,
)


@pytest.fixture(params=[drop_the_seals_too, append_unsealed])
async def forged(tmp_path: Path, request: pytest.FixtureRequest) -> Places:
    await written(tmp_path / "data", 1, 2, 3)
    places = Places(tmp_path / "data", "demo")
    await forging(request.param)(places)
    places.head.unlink()
    return places


async def test_the_head_file_does_not_learn_a_row_that_is_not_ours(tmp_path: Path) -> None:
    await written(tmp_path / "data", 1)
    places = Places(tmp_path / "data", "demo")
    before = places.head.read_bytes()
    await forging(append_unsealed)(places)
    async with ledger_at(places) as ledger:
        await begin(ledger, OURS, at_us=START_US, actor="test")
        await ledger.append([sent(100)])
    assert places.head.read_bytes() == before


async def test_what_we_append_to_it_does_not_vouch_for_it(forged: Places) -> None:
    async with ledger_at(forged) as ledger:
        await begin(ledger, OURS, at_us=START_US, actor="test")
        await ledger.append([sent(100)])
        assert (await ledger.verify(tail=2)).result == "FAIL"
    report = verify_file(forged.ledger, None, witness=Witness(OURS.public_key))
    assert report.result == "FAIL"
    assert says(forged.ledger, Path(OURS.public_key))[0] == 1


async def test_no_other_key_is_adopted_in_it(forged: Places) -> None:
    async with ledger_at(forged) as ledger:
        with pytest.raises(Corrupt, match="no seal"):
            await begin(ledger, NEW, before=OURS, at_us=START_US, actor="test")
        with pytest.raises(Corrupt, match="no seal"):
            await begin(ledger, NEW, at_us=START_US, actor="test")
