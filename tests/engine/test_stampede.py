"""100,000 orders in random sizes with faults: no limit is ever passed, by count."""

import pytest

from domain.halts import Level
from domain.orders import Draft, Side
from engine.door import Approval, Door
from risk.limits import Limits
from tests.engine.stampede import UNFELT, Stampede
from tests.risk.desks import D
from tests.risk.scopes import scoped

MANY = 0.5
LIMITS = Limits(
    max_order_value=D(11_000),
    max_daily_volume=D(400_000),
    max_position_size={"default": D(250_000), "ETH": D(110_000)},
    max_open_orders=D(38),
    max_orders_per_second=D(7),
    max_identical_orders=UNFELT,
    max_executions_per_minute=UNFELT,
    max_denials_per_5min=UNFELT,
    by_scope=(
        scoped("VENUE:kraken", max_daily_volume=D(210_000), max_open_orders=D(18)),
        scoped("ACCOUNT:kucoin/main", max_position_size={"BTC": D(100_000)}),
        scoped(
            "STRATEGY:grid",
            max_order_value=D(8_000),
            max_open_orders=D(9),
            max_position_size={"default": D(18_000)},
        ),
        scoped("SYMBOL:ETH/USD", max_daily_volume=D(150_000), max_orders_per_second=D(3)),
    ),
)
FELT = {
    "max_order_value",
    "max_daily_volume",
    "max_position_size",
    "max_open_orders",
    "max_orders_per_second",
    "available_balance",
    "unknown_order",
    "max_daily_volume@VENUE:kraken",
    "max_open_orders@VENUE:kraken",
    "max_position_size@ACCOUNT:kucoin/main",
    "max_order_value@STRATEGY:grid",
    "max_open_orders@STRATEGY:grid",
    "max_position_size@STRATEGY:grid",
    "max_daily_volume@SYMBOL:ETH/USD",
    "max_orders_per_second@SYMBOL:ETH/USD",
}


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_hundred_thousand_orders_with_faults_never_pass_a_limit() -> None:
    stampede = Stampede(LIMITS, seed=4)
    stampede.run(100_000)
    assert stampede.breaches == []
    assert stampede.denied.keys() >= FELT, "a limit that was never felt proves nothing"
    for fault in ("not written", "rejected", "lost", "changed", "canceled", "filled"):
        assert stampede.done[fault] > 100, fault
    assert not stampede.door.view.exposure.claims
    assert not any(lens.view.exposure.claims for lens in stampede.door.sums.lenses)


def test_at_reduce_only_many_sales_at_once_never_sell_more_than_the_venue_holds() -> None:
    stampede = Stampede(LIMITS, seed=5)
    stampede.stop.trip(Level.REDUCE_ONLY, "test")
    stampede.run(3_000)
    assert stampede.breaches == []
    sides = {live.order.side for live in stampede.live.values()}
    assert sides == {Side.SELL}
    assert stampede.done["filled"] > 100
    assert all(held >= 0 for held in stampede.held.values())


class _ChecksThenSends(Door):
    """The claim is made only when the intent is durable."""

    def approve(
        self, draft: Draft, actor: str, parent: str = "", *, flattens: bool = False
    ) -> Approval:
        approval = super().approve(draft, actor, parent, flattens=flattens)
        self.sums.claim(approval.order.client_id, None)
        return approval


class _ForgetsScopes(Door):
    """Claims reach the sums of the whole desk alone."""

    def approve(
        self, draft: Draft, actor: str, parent: str = "", *, flattens: bool = False
    ) -> Approval:
        approval = super().approve(draft, actor, parent, flattens=flattens)
        claim = self.view.exposure.claims.get(approval.order.client_id)
        self.sums.claim(approval.order.client_id, None)
        self.view.exposure.claim(approval.order.client_id, claim)
        return approval


class _ReleasesTheUnknown(Door):
    """An order that may have arrived claims nothing."""

    def _reclaim(self, client_id: str, board: object) -> None:
        super()._reclaim(client_id, board)  # type: ignore[arg-type]
        state = self._desk.board.orders.get(client_id)
        if state is not None and state.outcome_unknown and not state.acked:
            self.sums.claim(client_id, None)


class _AmendsWithoutReserving(Door):
    """A change claims nothing more until it is confirmed."""

    def _reclaim(self, client_id: str, board: object) -> None:
        state = self._desk.board.orders.get(client_id)
        if state is None or state.amendment is None:
            super()._reclaim(client_id, board)  # type: ignore[arg-type]

    def approve_amendment(self, state: object, amendment: object) -> object:  # type: ignore[override]
        verdict = super().approve_amendment(state, amendment)  # type: ignore[arg-type]
        self.withdraw(state.client_id)  # type: ignore[attr-defined]
        return verdict


@pytest.mark.parametrize(
    "door", [_ChecksThenSends, _ForgetsScopes, _ReleasesTheUnknown, _AmendsWithoutReserving]
)
def test_a_door_with_a_bug_passes_a_limit_and_is_found(door: type[Door]) -> None:
    stampede = Stampede(LIMITS, seed=4, door=door, changes=MANY)
    for _ in range(30):
        stampede.run(1_500)
        if stampede.breaches:
            return
    raise AssertionError(f"the bug was not found in {len(stampede.live)} orders: {stampede.done}")


def test_orders_that_are_changed_most_of_the_time_never_pass_a_limit() -> None:
    stampede = Stampede(LIMITS, seed=4, changes=MANY)
    stampede.run(6_000)
    assert stampede.breaches == []
    assert stampede.done["changed"] > 200
