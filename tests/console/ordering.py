"""How tests type an order, review it, and see what was sent."""

from domain.asks import SubmitOrder
from tests.console.screens import Played

GUARD_OVER = 500_000  # a dialog takes keys from 400 ms on


async def typed_order(session: Played) -> None:
    await session.press("2", "n", "tab")
    session.console.host.focused.choose("kraken/main")  # type: ignore[union-attr]
    await session.press("tab", *"btc/usdt", "tab", *"0.05", "tab", *"62000")
    await session.rested()


async def reviewed(session: Played) -> None:
    await typed_order(session)
    await session.press("enter")
    session.clock.advance(GUARD_OVER)


def submitted(session: Played) -> list[SubmitOrder]:
    return session.desk.asked_for(SubmitOrder)
