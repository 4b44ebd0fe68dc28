"""A LIVE engine over real sockets: the unmodified ccxt.pro.kraken against the loopback venue."""

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cli.clock import SystemClock
from domain import asks
from domain.board import Mode
from domain.instruments import Account
from domain.orders import Status
from engine.connections import Connection, Connections
from engine.settings import EngineSettings
from risk.codes import code_at, step_at
from tests.engine.rig import TIRELESS, Rig, Secrets, quick, running
from tests.venues.ccxt_wire_desk import keys
from tests.wire.kraken.limits import Limits
from tests.wire.kraken.loopback import Loopback, hosted
from tests.wire.redirect import redirected
from venues import ccxt_quirks, ccxt_stream
from venues.budget import Pace
from venues.ccxt_venue import VenueSettings, open_venue
from venues.keys import AccountKeys

KRAKEN = Account("kraken", "main")
WIRE = quick(
    stream_silent_s=2,
    fills_every_s=2,
    ack_timeout_s=2,
    kill_deadline_s=3,
    balances_every_s=1,
)


@pytest.fixture
def loopback() -> Generator[Loopback]:
    """A venue whose market moves, without rate limits."""
    with (
        hosted(limits=Limits(calls=None, orders=None)) as venue,
        redirected(venue.routes),
    ):
        yield venue


@pytest.fixture
def unpaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kraken without the patience that its real pace, windows and time-outs would take."""
    traits = replace(ccxt_quirks.KRAKEN.traits, request_timeout_us=1_000_000, recv_window_us=0)
    fast = replace(
        ccxt_quirks.KRAKEN,
        traits=traits,
        pace=Pace(1000, 1000.0),
        public_pace=Pace(1000, 1000.0),
    )
    monkeypatch.setitem(ccxt_quirks._KNOWN, "kraken", fast)
    monkeypatch.setattr(ccxt_stream, "LOOK_EVERY_S", 0.02)


@dataclass
class WireRig:
    """A running engine and the venue it trades on."""

    rig: Rig
    loopback: Loopback
    seed: str

    def code(self) -> str:
        """The present code of the enrolled second factor."""
        return code_at(self.seed, step_at(SystemClock().now_us()))

    def truth(self, what: str) -> Any:
        """What the venue itself knows."""
        return self.loopback.ask("truth")[what]

    def sent(self) -> dict[str, int]:
        """How often each client id arrived in a create."""
        found: dict[str, int] = self.loopback.ask("client_ids")
        return found

    async def agrees(self, within_s: float = 12) -> None:
        """Wait until every balance, position and fill of the desk equals the venue's truth."""
        try:
            await self.rig.until(lambda _: not self.differences(), within_s=within_s)
        except AssertionError:
            raise AssertionError(f"desk and venue differ: {self.differences()}") from None

    def differences(self) -> dict[str, object]:
        """What the desk and the venue do not agree on."""
        parts = self.rig.engine.parts
        assert parts is not None
        books = parts.books.held(KRAKEN)
        truth = {asset: Decimal(text) for asset, text in self.truth("balances").items()}
        found: dict[str, object] = {
            asset: (books.get(asset, Decimal(0)), total)
            for asset, total in truth.items()
            if abs(books.get(asset, Decimal(0)) - total) > Decimal("0.01")
        }
        venue_open = {order["client_id"] for order in self._venue_orders() if order["open"]}
        ours_open = {
            s.client_id for s in self.rig.board.orders.values() if not s.terminal and not s.foreign
        }
        if venue_open != ours_open:
            found["open orders"] = (sorted(ours_open), sorted(venue_open))
        return found

    def _venue_orders(self) -> list[dict[str, Any]]:
        return [
            {"client_id": order.get("client_id", ""), "open": order["status"] == "open"}
            for order in self.truth("orders")
            if order.get("client_id", "").startswith("QDT1")
        ]


@asynccontextmanager
async def trading_on(
    loopback: Loopback,
    tmp_path: Path,
    *,
    settings: EngineSettings = WIRE,
    secrets: Secrets | None = None,
    seed: str = "",
    armed: bool = True,
) -> AsyncGenerator[WireRig]:
    """An engine in LIVE mode over the loopback, enrolled and (if wanted) armed."""
    account = AccountKeys(read=keys(loopback, "read"), trade=keys(loopback, "trade"))
    async with open_venue(
        "kraken",
        {"main": account},
        clock=SystemClock(),
        settings=VenueSettings(timeout_ms=1_000),
        on_problem=lambda _: None,
    ) as venue:
        connection = Connection(
            traits=venue.traits,
            market=venue.market,
            readers=venue.readers,
            traders=venue.traders,
        )
        async with running(
            tmp_path,
            mode=Mode.LIVE,
            settings=settings,
            limits=TIRELESS,
            connections=Connections({"kraken": connection}),
            secrets=secrets,
        ) as rig:
            wire = WireRig(rig, loopback, seed or await _enrolled(rig))
            await rig.until(lambda b: b.prices and b.feeds and b.accounts[KRAKEN].reconciled_us)
            if armed:
                await rig.ask(asks.Arm(code=wire.code(), account=KRAKEN))
            yield wire


async def _enrolled(rig: Rig) -> str:
    made = await rig.ask(asks.BeginEnrolment())
    step = step_at(SystemClock().now_us())
    first, second = code_at(made.secret, step - 2), code_at(made.secret, step - 1)
    await rig.ask(asks.ConfirmEnrolment(first=first, second=second))
    return made.secret


WORKING = (Status.OPEN, Status.PARTIAL)
