"""Whatever the market does and whoever orders, paper is honest; and lies would be found."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from domain.money import ZERO
from domain.orders import Side, VenueOrder
from tests.hunting import hunt
from tests.venues.paper_machine import PaperMachine
from venues.exchange import Exchange
from venues.paper_fees import FeesBySymbol
from venues.paper_pit import PaperPit
from venues.till import Till

TestPaper = pytest.mark.slow(PaperMachine.TestCase)
TestPaper.settings = settings(max_examples=200, stateful_step_count=30, deadline=None)

LOOK = hunt(300, steps=25)


class _Touching:
    """Arithmetic in which the nearest number behind a price is the price itself."""

    next_minus = staticmethod(lambda price: price)
    next_plus = staticmethod(lambda price: price)


def nothing_is_remembered(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(PaperPit, "_take", lambda *_: None)


def a_new_snapshot_forgets_what_was_taken(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(PaperPit, "_still_taken", lambda *_: iter(()))


def what_is_out_of_sight_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    honest: Callable[..., Iterator[tuple[Decimal, Decimal]]] = PaperPit._still_taken

    def short_sighted(pit: PaperPit, side: Side) -> Iterator[tuple[Decimal, Decimal]]:
        return (row for row in honest(pit, side) if row[0] in pit._shown[side])

    patch.setattr(PaperPit, "_still_taken", short_sighted)


def makers_are_not_charged_to_the_book(patch: pytest.MonkeyPatch) -> None:
    honest = PaperPit._swept

    def generous(pit: PaperPit, side: Side) -> Any:
        before = dict(pit._taken[side])
        trades = list(honest(pit, side))
        pit._taken[side] = before
        return trades

    patch.setattr(PaperPit, "_swept", generous)


def a_touch_fills_a_maker(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("venues.paper_pit.MONEY", _Touching)


def the_fee_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(FeesBySymbol, "charge", lambda *_: ("USD", ZERO))


def makers_pay_the_takers_fee(patch: pytest.MonkeyPatch) -> None:
    honest: Callable[..., tuple[str, Decimal]] = FeesBySymbol.charge
    patch.setattr(FeesBySymbol, "charge", lambda *args: honest(*args[:-1], "taker"))


def the_fee_is_not_held(patch: pytest.MonkeyPatch) -> None:
    def bare(*request: Any) -> tuple[str, Decimal]:
        _, side, symbol, quantity, price = request
        base, _, quote = symbol.partition("/")
        return (base, quantity) if side is Side.SELL else (quote, quantity * price)

    patch.setattr(FeesBySymbol, "held", bare)


def a_cancel_releases_nothing(patch: pytest.MonkeyPatch) -> None:
    honest = Till._remember_order

    def clinging(till: Till, row: VenueOrder) -> None:
        honest(till, row)
        if row.final is not None and row.quantity != row.cumulative:
            till.working[row.venue_order_id] = row

    patch.setattr(Till, "_remember_order", clinging)


def accounts_trade_with_each_other(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Exchange, "_owner", lambda _, account: account.name)


def resting_orders_get_more_than_was_there(patch: pytest.MonkeyPatch) -> None:
    honest = PaperPit._left
    patch.setattr(
        PaperPit, "_left", lambda *args: ((p, quantity * 2) for p, quantity in honest(*args))
    )


def an_order_is_lost_at_a_restart(patch: pytest.MonkeyPatch) -> None:
    honest = Till.apply

    def forgetful(till: Till, change: Any) -> None:
        honest(till, change)
        till.working.clear()

    patch.setattr(Till, "apply", forgetful)


BUGS = (
    nothing_is_remembered,
    a_new_snapshot_forgets_what_was_taken,
    what_is_out_of_sight_is_forgotten,
    makers_are_not_charged_to_the_book,
    a_touch_fills_a_maker,
    the_fee_is_forgotten,
    makers_pay_the_takers_fee,
    the_fee_is_not_held,
    a_cancel_releases_nothing,
    accounts_trade_with_each_other,
    resting_orders_get_more_than_was_there,
    an_order_is_lost_at_a_restart,
)


@pytest.mark.slow
@pytest.mark.parametrize("plant", BUGS, ids=lambda plant: plant.__name__)
def test_the_properties_find_every_planted_bug(
    plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(PaperMachine, settings=LOOK)
