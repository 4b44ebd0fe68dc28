"""The parts of one engine and how they hang together.

The one rule: they are made in the order in which they must hear of a fact: the door's sums
first, then the books, then everything that acts on what it hears.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from domain.addresses import Place
from domain.board import AccountView, Mode
from domain.evidence import HeadFile, Seals
from domain.policies import Policy
from domain.ports import Clock, Dice
from domain.storage_ports import HaltMarker, Ledger, LedgerReader, SecretStore
from domain.table import Table
from engine.accounts import AccountWatch
from engine.adopting import Adopting
from engine.allocating import Allocating
from engine.amending import Amending
from engine.approvals import ApprovalPlan, Approvals
from engine.audit import KeyAudit
from engine.authority import Authority
from engine.books import Books
from engine.connections import Connections
from engine.deadman import DeadMan
from engine.depths import Depths
from engine.desk import Desk
from engine.door import Door
from engine.drill import Drill
from engine.electing import Electing
from engine.equity import Equity
from engine.figures import Figures
from engine.filing import Filing
from engine.flattening import Flattener
from engine.floor import Floor
from engine.histories import Histories, LogTail
from engine.importing import Importing
from engine.intake import Intake
from engine.killswitch import KillSwitch
from engine.limiting import Limiting, Reread
from engine.lookups import Lookups
from engine.lots import Lots
from engine.markerwatch import MarkerWatch
from engine.markets import MarketWatch, Marks
from engine.occasions import Occasions
from engine.performance import Performance
from engine.pricing import Pricing
from engine.pulling import Pulling
from engine.pulse import Pulse
from engine.recovery import Recovery
from engine.rekeying import Rekeying
from engine.release import Releases
from engine.reopening import Reopening
from engine.rising import Rising
from engine.schedule import Schedule
from engine.secondfactor import SecondFactor
from engine.settings import EngineSettings, PerformanceSettings
from engine.snapshots import Snapshots
from engine.stop import Stop
from engine.supervise import Crew
from engine.track import Track
from engine.trading import Trading
from engine.triggers import Triggers
from engine.views import Views
from engine.withdrawals import Withdrawals
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
    head: HeadFile | None = None
    accepts_loss: bool = False
    keys: KeyPolicy = field(default_factory=KeyPolicy)
    triggers: bool = True  # risk.kill_switch_enabled
    performance: PerformanceSettings = field(default_factory=PerformanceSettings)
    withdrawals: Policy = field(default_factory=Policy)
    addresses: Mapping[str, Place] = field(default_factory=dict)
    reread_limits: Reread | None = None
    approvals: ApprovalPlan | None = None


class Parts:
    """The parts of one engine, made in the order in which they must hear of facts."""

    def __init__(self, desk: Desk, outfit: Outfit, crew: Crew) -> None:
        self.floor = floor = _floor(desk, outfit, crew)
        self.books = Books()
        desk.keep(self.books)
        desk.keep(Marks(floor))
        self.equity = Equity(floor, self.books, _pegged(outfit))
        self.intake = Intake(floor, outfit.reader)
        self.trading = Trading(floor)
        self.lookups = Lookups(floor, self.intake, self.trading)
        self.amending = Amending(floor, self.trading, self.lookups)
        self.kill = KillSwitch(floor, self.lookups, outfit.dice)
        self.intake.on_orphan = self.kill.orphan
        self.flattener = Flattener(floor, self.kill, self.trading.sell)
        self.marker = MarkerWatch(floor, self.kill)
        self.codes = SecondFactor(floor, outfit.secrets, outfit.dice)
        self.authority = Authority(floor, self.codes)
        self.accounts = [
            AccountWatch(account, floor, self.intake, self.lookups, self.books)
            for account in outfit.connections.accounts
        ]
        self.markets = [
            MarketWatch(connection, floor, _watched(outfit, connection.venue))
            for connection in outfit.connections
        ]
        self.dead_man = DeadMan(floor, self.accounts)
        self.keys = KeyAudit(floor, outfit.keys)
        known = {watch.account: AccountView(account=watch.account) for watch in self.accounts}
        told = {c.venue: c.abilities for c in outfit.connections if c.abilities}
        desk.show(accounts=Table(known), abilities=Table(told))
        self._answer_questions(floor, outfit)
        self.recovery = Recovery(floor, self.lookups, self.books)
        self.rising = Rising(floor, self.recovery, self.keys)
        self.releases = Releases(floor, self.codes, self.reconcile_all)
        self.reopening = Reopening(
            floor,
            outfit.ledger,
            self.amending,
            kill=self.kill,
            withdrawals=self.withdrawals.dispatch.unanswered,
            reconcile=self.reconcile_all,
        )
        self._guard(floor, outfit)
        self.witness = Witness(floor, self.codes, outfit.seals, outfit.head)
        self.views = Views(floor, self.pulses, outfit.ledger_bytes, self.limiting.wait_s)
        self._take_stock(floor, outfit)

    def _guard(self, floor: Floor, outfit: Outfit) -> None:
        """Who may change limits, what halts the desk by itself, what it holds against a release."""
        self.limiting = Limiting(floor, self.codes, outfit.settings_sha, outfit.reread_limits)
        self.triggers = Triggers(floor, self.kill, self.equity, enabled=outfit.triggers)
        self.releases.conditions.append(self.triggers.condition)
        self.releases.rebased = self.equity.rebased
        self.drill = Drill(floor, self.trading, self.kill)

    def _take_stock(self, floor: Floor, outfit: Outfit) -> None:
        """What measures the desk from day to day, and what is due at a time of day."""
        self.track = Track()
        floor.desk.keep(self.track)
        self.snapshots = Snapshots(floor, self.track, outfit.performance, _pegged(outfit))
        self.occasions = Occasions(
            floor, self.track, outfit.performance, lambda: self.snapshots.picture().prices
        )
        self.performance = Performance(floor, self.track, self.snapshots, outfit.performance)
        self.rekeying = Rekeying(floor, self.codes, self.keys, outfit.keys)
        self.pulling = Pulling(floor, self.accounts, self.keys, self.snapshots)
        jobs = (
            ("snapshot", self.snapshots.look),
            ("benchmark", self.occasions.look),
            ("drill", self.drill.remind),
        )
        self.schedule = Schedule(floor, jobs)

    def _answer_questions(self, floor: Floor, outfit: Outfit) -> None:
        """What only reads, and what is counted from what was read."""
        self.withdrawals = Withdrawals(
            floor, self.codes, outfit.reader, outfit.withdrawals, outfit.addresses
        )
        self.approvals = Approvals(
            floor, self.withdrawals, self.codes, outfit.reader, outfit.approvals
        )
        self.depths = Depths(floor)
        self.histories = Histories(floor, outfit.ledger, outfit.reader, outfit.logs)
        self.importing = Importing(floor, outfit.reader)
        self.lots = Lots(floor)
        self.figures = Figures(floor, self.lots)
        self.allocating = Allocating(floor, self.lots, outfit.version)
        self.electing = Electing(floor, self.lots, self.codes)
        self.pricing = Pricing(floor, self.lots)
        self.adopting = Adopting(floor, self.accounts, self.books, self.codes)
        self.filing = Filing(floor, self.allocating, self.codes)

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
        await self.dead_man.stand_down()
        for watch in self.accounts:
            view = self.floor.desk.board.accounts.get(watch.account)
            if view is not None and view.reconciled_us:
                await watch.checkpoint(view.watermark_us)


def _floor(desk: Desk, outfit: Outfit, crew: Crew) -> Floor:
    """The door, whose sums hear of a fact before anybody else, and what stands around it."""
    door = Door(
        desk,
        outfit.stop,
        outfit.clock,
        outfit.dice,
        outfit.limits,
        outfit.gate,
        outfit.settings.time_zone,
    )
    return Floor(
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


def _pegged(outfit: Outfit) -> tuple[str, ...]:
    """Dollar stablecoins are pegged to the dollar and to nothing else."""
    return outfit.pegged if outfit.settings.base_currency == "USD" else ()


def _watched(outfit: Outfit, venue: str) -> Sequence[str]:
    """The symbols that were configured, and what the benchmark is made of."""
    told = outfit.symbols.get(venue, ())
    if outfit.performance.snapshot_at is None:
        return told
    quotes = dict.fromkeys((outfit.settings.base_currency, "USD", *outfit.pegged))
    weighed = (f"{asset}/{quote}" for asset in outfit.performance.weights for quote in quotes)
    return tuple(dict.fromkeys((*told, *weighed)))
