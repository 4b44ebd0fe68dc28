"""What is remembered of each order goes when the order goes from the board."""

from decimal import Decimal
from pathlib import Path

from domain import events
from domain.orders import Final, Kind, Order, Side, VenueOrder
from domain.verdicts import Verdict
from tests.engine.rig import KRAKEN, Rig, running

D = Decimal
ORDERS = 3_000


def life(rig: Rig, number: int) -> tuple[events.Fact, ...]:
    """An order that was cancelled at once, from its intent to the end of its grace."""
    at_us, name, venue_id = rig.clock.now_us(), f"QDT1{number:014}", f"v{number}"
    order = Order(
        client_id=name, account=KRAKEN, symbol="BTC/USD", side=Side.BUY, kind=Kind.LIMIT,
        quantity=D(1), price=D(1), reference=D(1), base_rate=D(1), at_us=at_us,
    )  # fmt: skip
    report = VenueOrder(account=KRAKEN, venue_order_id=venue_id, final=Final.CANCELED)
    told = {"at_us": at_us, "actor": "test"}
    return (
        events.OrderApproved(**told, order=order, verdict=Verdict(approved=True)),  # type: ignore[arg-type]
        events.OrderReported(**told, client_id=name, report=report, source="test"),  # type: ignore[arg-type]
        events.OrderSettled(**told, client_id=name),  # type: ignore[arg-type]
    )


async def test_the_index_of_the_venues_ids_does_not_grow_with_every_order(tmp_path: Path) -> None:
    async with running(tmp_path, moving=False) as rig:
        open_one = await rig.submit()
        for first in range(0, ORDERS, 100):
            await rig.desk.record(
                *(fact for n in range(first, first + 100) for fact in life(rig, n))
            )
        assert rig.engine.parts is not None
        intake = rig.engine.parts.intake
        assert len(rig.board.orders) < ORDERS / 3
        assert len(intake._by_venue_id) < 2 * len(rig.board.orders) + 1_100
        known = rig.order(open_one.client_id)
        assert intake.owner(KRAKEN, "", known.venue_order_id) == known
