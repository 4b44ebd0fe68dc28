"""Recovery over real sockets and the real ccxt classes: what only a venue's own lists can show."""

from pathlib import Path

import pytest

from domain import asks
from domain.errors import Refused
from domain.halts import HaltState
from domain.orders import Status
from tests.engine.wire_rig import Site, trading_on

pytestmark = [pytest.mark.usefixtures("unpaced"), pytest.mark.timeout(90)]

HIDDEN_S = 3_600
ORPHAN = "QDT100000000000001"


async def test_an_order_that_its_venue_forgets_is_a_break_until_it_shows_again(
    site: Site, tmp_path: Path
) -> None:
    async with trading_on(site, tmp_path) as wire:
        rig, name = wire.rig, (await wire.submit()).client_id
        site.ask("lag", what="orders", seconds=HIDDEN_S)
        await rig.until(lambda b: b.vanished(name), within_s=40)
        state = rig.order(name)
        assert (state.status, state.reserved_quantity) == (Status.OPEN, state.quantity)
        with pytest.raises(Refused, match="ORDER_VANISHED"):
            await wire.submit(wire.draft(quantity="0.02"))
        site.ask("lag", what="orders", seconds=0)
        await rig.ask(asks.Requery(client_id=name))
        assert rig.board.vanished(name) is None
        assert wire.sent() == {name: 1}
        await wire.agrees()


async def test_an_order_under_our_prefix_that_no_intent_explains_halts_and_is_cancelled(
    site: Site, tmp_path: Path
) -> None:
    async with trading_on(site, tmp_path) as wire:
        price = wire.draft().price
        site.ask(
            "place",
            symbol=site.family.symbol,
            side="buy",
            quantity="0.01",
            price=str(price),
            client_id=ORPHAN,
        )
        board = await wire.rig.until(
            lambda b: b.halts and b.halts[0].state is HaltState.HALTED, within_s=40
        )
        assert f"ORDER_WITHOUT_INTENT: {ORPHAN}" in board.halts[0].reason
        assert site.open_ids() == set()
