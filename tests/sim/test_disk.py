"""The simulated ledger keeps the ledger's contract, and a crash keeps what was durable."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import pytest

from domain.events import Fact
from domain.storage_ports import Appended, Ledger
from storage.writer import Committed
from tests.contracts import test_ledger as contract
from tests.contracts.ledgers import Open
from tests.sim.disk import Disk, SimLedger, SimLedgerReader
from tests.sim.loop import SeededDice, VirtualLoop, simulate
from tests.storage.samples import Heard, booked, genesis, sent


@pytest.fixture
def open_ledger() -> Open:
    @asynccontextmanager
    async def opened(committed: Committed) -> AsyncGenerator[Ledger]:
        ledger = SimLedger(Disk(genesis()), committed, SeededDice(1))
        yield ledger
        await ledger.close()

    return opened


CONTRACT = [name for name in dir(contract) if name.startswith("test_")]


@pytest.mark.parametrize("name", CONTRACT)
async def test_it_keeps_the_contract_of_every_ledger(name: str, open_ledger: Open) -> None:
    await getattr(contract, name)(open_ledger)


def test_a_crash_keeps_a_beginning_of_what_was_on_its_way() -> None:
    async def crashed(seed: int) -> tuple[int, list[Fact]]:
        disk, heard = Disk(genesis()), Heard()
        ledger = SimLedger(disk, heard, SeededDice(seed))
        await ledger.append([booked(1)])
        waiting = [ledger.append([sent(number)]) for number in range(4)]
        ledger.crash()
        lost: asyncio.Future[Sequence[Appended]] = asyncio.ensure_future(ledger.append([sent(9)]))
        await asyncio.sleep(5)
        assert not lost.done()
        assert not any(asyncio.ensure_future(answer).done() for answer in waiting)
        assert heard.facts == [booked(1)]
        return seed, [fact for _, fact in disk.facts()][2:]

    async def scene(loop: VirtualLoop) -> set[int]:
        kept = []
        for seed in range(40):
            _, facts = await crashed(seed)
            assert facts == [sent(number) for number in range(len(facts))]
            kept.append(len(facts))
        return set(kept)

    assert simulate(scene) == {0, 1, 2, 3, 4}


async def test_a_reader_knows_a_key_only_when_it_is_durable() -> None:
    disk = Disk(genesis())
    ledger, reader = SimLedger(disk, Heard(), SeededDice(1)), SimLedgerReader(disk)
    waiting = ledger.append([booked(1)])
    assert not await reader.holds(booked(1).key())
    await waiting
    assert await reader.holds(booked(1).key())
    await ledger.close()
