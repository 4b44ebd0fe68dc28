"""The parts of one engine and how they hang together.

The one rule: they are made in the order in which they must hear of a fact: the door's sums
first, then the books, then everything that acts on what it hears.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from domain.board import AccountView, Mode
from domain.evidence import Seals
from domain.ports import Clock, Dice, HaltMarker, Ledger, LedgerReader, SecretStore
from domain.table import Table
from engine.accounts import AccountWatch
from engine.amending import Amending
from engine.audit import KeyAudit
from engine.authority import Authority
from engine.books import Books
from engine.connections import Connections
from engine.depths import Depths
from engine.desk import Desk
from engine.door import Door
from engine.equity import Equity
from engine.floor import Floor
from engine.histories import Histories, LogTail
from engine.importing import Importing
from engine.intake import Intake
from engine.killswitch import KillSwitch
from engine.lookups import Lookups
from engine.markerwatch import MarkerWatch
from engine.markets import MarketWatch, Marks
from engine.pulse import Pulse
from engine.recovery import Recovery
from engine.release import Releases
from engine.rising import Rising
from engine.secondfactor import SecondFactor
from engine.settings import EngineSettings
from engine.stop import Stop
from engine.supervise import Crew
from engine.trading import Trading
from engine.views import Views
from engine.witness import Witness
from risk.keys import KeyPolicy
from risk.limits import Limits
from risk.proposal import GateSettings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outfit:
    """Everything an engine is given from outside."""

    mode: Mode
    version: str
    settings_sha: str
    settings: EngineSettings
    limits: Limits
    gate: GateSettings
    connections: Connections
    ledger: Ledger
    reader: LedgerReader
    marker: HaltMarker
    secrets: SecretStore
    clock: Clock
    dice: Dice
    stop: Stop
    logs: LogTail | None = None
    symbols: Mapping[str, Sequence[str]] = field(default_factory=dict)
    ledger_bytes: Callable[[], int] = lambda: 0
    pegged: tuple[str, ...] = ("USDT", "USDC")
    seals: Seals | None = None
    keys: KeyPolicy = field(default_factory=KeyPolicy)


class Parts:
    """The parts of one engine, made in the order in which they must hear of facts."""

    def __init__(self, desk: Desk, outfit: Outfit, crew: Crew) -> None:
        door = Door(
            desk,
            outfit.stop,
            outfit.clock,
            outfit.dice,
            outfit.limits,
            outfit.gate,
            outfit.settings.time_zone,
        )
        self.floor = floor = Floor(
            desk=desk,
            door=door,
            connections=outfit.connections,
            stop=outfit.stop,
            marker=outfit.marker,
            clock=outfit.clock,
            settings=outfit.settings,
            crew=crew,
            dice=outfit.dice,
        )
        self.books = Books()
        desk.keep(self.books)
        desk.keep(Marks(floor))
        self.equity = Equity(floor, outfit.pegged)
        self.intake = Intake(floor, outfit.reader)
        self.trading = Trading(floor)
        self.lookups = Lookups(floor, self.intake, self.trading)
        self.amending = Amending(floor, self.trading, self.lookups)
        self.kill = KillSwitch(floor, self.lookups, outfit.dice)
        self.intake.on_orphan = self.kill.orphan
        self.marker = MarkerWatch(floor, self.kill)
        self.codes = SecondFactor(floor, outfit.secrets, outfit.dice)
        self.authority = Authority(floor, self.codes)
        self.accounts = [
            AccountWatch(account, floor, self.intake, self.lookups, self.books)
            for account in outfit.connections.accounts
        ]
        self.markets = [
            MarketWatch(connection, floor, outfit.symbols.get(connection.venue, ()))
            for connection in outfit.connections
        ]
        self.keys = KeyAudit(floor, outfit.keys)
        known = {watch.account: AccountView(account=watch.account) for watch in self.accounts}
        told = {c.venue: c.abilities for c in outfit.connections if c.abilities}
        desk.show(accounts=Table(known), abilities=Table(told))
        self.depths = Depths(floor)
        self.histories = Histories(floor, outfit.ledger, outfit.reader, outfit.logs)
        self.importing = Importing(floor, outfit.reader)
        self.recovery = Recovery(floor, self.lookups, self.books)
        self.rising = Rising(floor, self.recovery, self.keys)
        self.releases = Releases(floor, self.codes, self.reconcile_all)
        self.witness = Witness(floor, self.codes, outfit.seals)
        self.views = Views(floor, self.pulses, outfit.ledger_bytes)

    def pulses(self) -> list[Pulse]:
        """Every feed's signs of life."""
        return [*(w.pulse for w in self.accounts), *(m.pulse for m in self.markets)]

    async def reconcile_all(self) -> None:
        """One whole pass over every account, all at once; the first failure, if any, is raised."""
        passes = [w.reconcile() for w in self.accounts if not self.keys.stranger(w.account)]
        for outcome in await asyncio.gather(*passes, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome

    # Starting

    async def first_reconciliation(self) -> None:
        """Bring every venue up; wait a while for the first pass, then go on without the rest.

        What is not clean by then stays reduce-only and goes on trying; the others trade.
        """
        self.equity.peg()
        crew = self.floor.crew
        risings = [
            crew.run(
                self.rising.rise(market, self._accounts_at(market.venue)), f"rise {market.venue}"
            )
            for market in self.markets
        ]
        if risings:
            await asyncio.wait(risings, timeout=self.floor.settings.first_try_s)

    def _accounts_at(self, venue: str) -> list[AccountWatch]:
        return [watch for watch in self.accounts if watch.account.venue == venue]

    # Stopping

    async def drained(self) -> None:
        """Cancel what is open if the configuration says so, and note where history stands."""
        if self.floor.settings.drain_cancels_orders:
            await self.trading.cancel_mine("draining")
        for watch in self.accounts:
            view = self.floor.desk.board.accounts.get(watch.account)
            if view is not None and view.reconciled_us:
                await watch.checkpoint(view.watermark_us)
