"""The ledger against a list: batches with duplicates and conflicts, restarts in between."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.events import Fact
from storage.ledger import SqliteLedger
from storage.places import Places
from storage.sameness import same_content
from storage.verify import verify_file
from tests.storage.samples import Heard, booked, genesis, moved, opened, sent

FACTS: list[Fact] = [
    *(sent(number) for number in range(3)),
    *(booked(number) for number in range(3)),
    *(booked(number, source="rest", at_us=5) for number in range(3)),
    *(booked(number, quantity=Decimal(2)) for number in range(2)),
    moved(1),
    moved(1, "11"),
]
GROUP = st.lists(st.sampled_from(FACTS), max_size=5)
STEP = st.one_of(st.lists(GROUP, min_size=1, max_size=6), st.just("restart"))


class Model:
    """What a ledger is: a list, a key in it only once."""

    def __init__(self) -> None:
        self.facts: list[Fact] = [genesis()]
        self.keys: dict[str, int] = {genesis().key(): 1}

    def append(self, facts: Sequence[Fact]) -> list[tuple[int, bool, bool]]:
        return [self._append(fact) for fact in facts]

    def _append(self, fact: Fact) -> tuple[int, bool, bool]:
        key = fact.key() or repr(fact)
        seq = self.keys.get(key)
        if seq is None:
            self.facts.append(fact)
            self.keys[key] = len(self.facts)
            return len(self.facts), False, False
        same = same_content(self.facts[seq - 1], fact)
        return seq, same, not same


@settings(max_examples=25, deadline=None)
@given(st.lists(STEP, max_size=6))
def test_a_ledger_is_a_list_in_which_a_key_stands_once(steps: list[object]) -> None:
    with TemporaryDirectory() as folder:
        asyncio.run(compare(Path(folder), steps))
        places = Places(Path(folder), "demo")
        assert verify_file(places.ledger, places.head).result == "OK"


async def compare(folder: Path, steps: list[object]) -> None:
    model, heard = Model(), Heard()
    sessions: list[list[list[Fact]]] = [[]]
    for step in steps:
        if isinstance(step, list):
            sessions[-1].append(step)
        else:
            sessions.append([])
    for session in sessions:
        async with opened(folder, heard) as ledger:
            for groups in session:
                await together(ledger, model, groups)
            told = [fact async for _, fact in ledger.facts()]
            assert told == model.facts
    assert heard.facts == model.facts[1:]
    assert heard.seqs == list(range(2, len(model.facts) + 1))


async def together(ledger: SqliteLedger, model: Model, groups: list[Fact]) -> None:
    """Append groups without waiting in between, and compare every answer."""
    waiting = [ledger.append(group) for group in groups]  # type: ignore[arg-type]
    for group, answers in zip(groups, await asyncio.gather(*waiting), strict=True):
        expected = model.append(group)  # type: ignore[arg-type]
        assert [(a.seq, a.duplicate, a.conflict) for a in answers] == expected
