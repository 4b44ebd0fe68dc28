"""What holds of every story of lots, and the planted bugs that these properties must find."""

from collections.abc import Callable, Iterable
from decimal import ROUND_DOWN, Decimal
from itertools import zip_longest
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounting import allocations as allocations_module
from accounting import book as book_module
from accounting import lots as lots_module
from accounting import pools as pools_module
from accounting import reallocation, transfers
from accounting.book import replay
from accounting.elections import Election, Elections, Method, Scope
from accounting.entries import Income, Trade
from accounting.lots import SINCE, WIDTH, Lots, Taken, takes_of
from accounting.pools import Pool
from accounting.records import Disposals
from accounting.trades import Legs
from domain.money import MONEY, ZERO, exactly
from tests.accounting.lot_stories import CASH, MONEY_AMOUNTS, QUANTITIES, broken, tale

STORIES = 150


@settings(max_examples=150)
@given(st.randoms(use_true_random=False))
def test_nothing_is_lost_or_made_in_any_story(chance: Random) -> None:
    assert broken(tale(chance), chance) == []


# The same matching, written as plainly as can be: every lot is looked at for every sale.


def plainly(trades: Iterable[Trade], method: Method) -> list[tuple[str, str, Decimal, Decimal]]:
    lots: list[list[Any]] = []
    taken = []
    for trade in trades:
        if trade.buys:
            lots.append([trade.key, trade.quantity, trade.cost + trade.fee, len(lots)])
            continue
        wanted = trade.quantity
        while wanted and any(lot[1] for lot in lots):
            lot = min((lot for lot in lots if lot[1]), key=lambda lot: _first_by(method, lot))
            units = min(wanted, lot[1])
            basis = lot[2] if units == lot[1] else (lot[2] * units / lot[1]).quantize(_CENT)
            lot[1], lot[2], wanted = lot[1] - units, lot[2] - basis, wanted - units
            taken.append((trade.key, lot[0], units, basis))
        if wanted:
            taken.append((trade.key, "", wanted, Decimal(-1)))
    return taken


_CENT = Decimal("1e-8")


def _first_by(method: Method, lot: list[Any]) -> tuple[Decimal, int]:
    if method is Method.HIFO:
        return -lot[2] / lot[1], lot[3]
    return ZERO, -lot[3] if method is Method.LIFO else lot[3]


def plain_trades(chance: Random) -> list[Trade]:
    return [
        Trade(
            key=f"T{n}",
            at_us=n,
            account="kraken/main",
            base="BTC",
            quote=CASH,
            buys=chance.random() < 0.6,
            quantity=chance.choice(QUANTITIES),
            cost=chance.choice(MONEY_AMOUNTS),
            fee=Decimal("0.01"),
            fee_asset=CASH,
        )
        for n in range(chance.randrange(1, 40))
    ]


def as_plain(trades: list[Trade], method: Method) -> list[str]:
    elections = Elections([Election(effective_us=-1, method=method, scope=Scope.ACCOUNT)])
    with exactly():
        told = [
            (sold.key, take.lot.key if take.lot else "", take.quantity, take.basis or Decimal(-1))
            for sold in replay(trades, elections).disposals
            for take in sold.takes
        ]
        wanted = plainly(trades, method)
    return [f"{a} instead of {b}" for a, b in zip_longest(told, wanted) if a != b]


@pytest.mark.parametrize("method", [Method.FIFO, Method.LIFO, Method.HIFO])
@settings(max_examples=60)
@given(chance=st.randoms(use_true_random=False))
def test_lots_are_taken_as_if_every_lot_were_looked_at(method: Method, chance: Random) -> None:
    assert as_plain(plain_trades(chance), method) == []


# Planted bugs: each must be found by one of the properties above.


def _never_whole(amount: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    return MONEY.divide(MONEY.multiply(amount, part), whole).quantize(_CENT, ROUND_DOWN, MONEY)


def _no_remainder(disposal: lots_module.Disposal) -> list[lots_module.Slice]:
    return [
        lots_module.Slice(
            disposal,
            take.lot,
            take.quantity,
            None
            if disposal.proceeds is None
            else lots_module.share(disposal.proceeds, take.quantity, disposal.quantity),
            take.basis,
        )
        for take in disposal.takes
    ]


def _never_again(self: Pool, heap: Any, row: int) -> None:
    """A lot that was used in part is not ranked again."""


def _oldest(self: Pool, wanted: Decimal) -> tuple[Taken, Decimal]:
    return self._oldest_first(wanted)


def _new_dates(part: Callable[..., int]) -> Callable[..., int]:
    def told(self: Lots, *args: Any) -> int:
        row = part(self, *args)
        later_us = self.cells[row + SINCE] + 1
        self.cells[row + SINCE] = self.cells[row + WIDTH - 1] = later_us
        return row

    return told


def _free_fee(holdings: Any, entry: Any, moving: Any) -> Any:
    return moving


def _one_leg_less(legs: Callable[..., Legs]) -> Callable[..., Legs]:
    def told(*args: Any) -> Legs:
        made = legs(*args)
        return made._replace(given=made.given[:1])

    return told


def _fee_twice(legs: Callable[..., Legs]) -> Callable[..., Legs]:
    def told(*args: Any) -> Legs:
        made = legs(*args)
        fees = [leg for leg in made.given if leg.kind == "fee"]
        return made._replace(given=(*made.given, *fees))

    return told


def _zero_basis(row: Callable[..., lots_module.Disposal]) -> Callable[..., lots_module.Disposal]:
    def told(self: Any, number: int) -> lots_module.Disposal:
        made = row(self, number)
        parts = tuple(part._replace(basis=part.basis or ZERO) for part in made.takes)
        return made._replace(takes=parts)

    return told


def _sells_first(entry: Any) -> Any:
    return (not isinstance(entry, Trade) or entry.buys, entry.at_us, entry.key)


def _nothing_unplaced(lay: Callable[..., None]) -> Callable[..., None]:
    def told(made: Any, asset: str, account: str, *args: Any) -> None:
        if account != reallocation.UNPLACED:
            lay(made, asset, account, *args)

    return told


def _spread_forgets(self: Pool) -> list[int]:
    self.settle()
    return [row for row in self.rows[self.head :] if self.lots.left(row)]


def _free_income(holdings: Any, entry: Any) -> None:
    told = (entry.quantity, ZERO, entry.at_us, entry.at_us)
    holdings.put(entry.key, entry.asset, entry.account, *told)


def _average_of_all(taken: Taken, known: Decimal, cost: Decimal) -> Taken:
    made: Taken = []
    for row, quantity, basis in takes_of(taken):
        part = basis if basis is None else _never_whole(cost, quantity, known)
        made += (row, quantity, part)
    return made


def _not_carried(moving: Any, used: Any) -> Any:
    return moving, used._replace(takes=[take._replace(basis=ZERO) for take in used.takes])


BUGS: dict[str, tuple[Any, str, Callable[[Any], Any]]] = {
    "the last part is rounded too": (pools_module, "share", lambda _: _never_whole),
    "proceeds are split without a remainder": (
        allocations_module,
        "slices_of",
        lambda _: _no_remainder,
    ),
    "HIFO forgets a lot that was used in part": (Pool, "_push", lambda _: _never_again),
    "LIFO takes the oldest": (Pool, "_newest_first", lambda _: _oldest),
    "a transfer gives lots a new date": (Lots, "part", _new_dates),
    "a transfer's fee is not used up": (transfers, "_fee_paid", lambda _: _free_fee),
    "a fee in a third asset is not disposed of": (book_module, "legs_of", _one_leg_less),
    "a fee is deducted twice": (book_module, "legs_of", _fee_twice),
    "an unmatched sale has a basis of zero": (Disposals, "_row", _zero_basis),
    "a sale matches a later purchase": (book_module, "order_of", lambda _: _sells_first),
    "a re-allocation drops what nobody holds": (reallocation, "_lay", _nothing_unplaced),
    "looking at average lots changes them": (Pool, "open", lambda _: _spread_forgets),
    "income has no basis": (book_module, "_STEPS", lambda steps: {**steps, Income: _free_income}),
    "the average's parts lose the remainder": (pools_module, "_priced", lambda _: _average_of_all),
    "a carried fee's basis vanishes": (transfers, "_carried", lambda _: _not_carried),
}


def wrong(chance: Random) -> list[str]:
    found = broken(tale(chance), chance)
    for method in (Method.FIFO, Method.LIFO, Method.HIFO):
        found += as_plain(plain_trades(chance), method)
    return found


@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_found(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, name, plant = BUGS[bug]
    monkeypatch.setattr(owner, name, plant(getattr(owner, name)))
    assert any(wrong(Random(seed)) for seed in range(STORIES))


def test_the_stories_that_find_the_bugs_are_sound_without_them() -> None:
    assert [line for seed in range(STORIES) for line in wrong(Random(seed))] == []
