"""Every setting there is, as one tree of frozen models; unknown keys are errors.

The one rule: a default stands here and is said again, with its meaning, in
`trading_config.yaml`; the limits and the engine's timers keep theirs in the room that uses
them and are only composed (`config.composed`).
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import Field, model_validator

from config import kinds
from config.alerting import MAIL_ADDRESS, AlertSettings, ApprovalSettings
from config.composed import (
    PRACTICE_LIMITS,
    RISK,
    TIMERS,
    Block,
    BlockOf,
    Flag,
    ListOf,
    RiskSettings,
)
from config.kinds import amount, choice, whole, words
from config.names import ACCOUNT_NAME, ASSET, NAME, SYMBOL, VENUE
from config.references import REFERENCE, parse_reference
from config.reporting import BenchmarkSettings, ReportSettings, performance_of
from config.secret_settings import AwsSettings, VaultSettings
from config.withdrawing import WithdrawalSettings
from domain.board import Mode
from domain.errors import Misconfigured
from domain.keys import Purpose
from domain.policies import Policy
from engine.settings import EngineSettings, PerformanceSettings
from risk.keys import KeyPolicy
from risk.limits import Limits

MoneyFromZero = Annotated[Decimal, amount("amount in the base currency, 0 or more", zero=True)]
FASTEST = amount("calls per second, over 0 and under 1000", below=Decimal(1000))
Port = Annotated[int, whole(0, 65_535)]
SPOT = "spot"
WALLET = choice(SPOT, "futures", "coin-futures")


# Venues


class AccountSettings(Block):
    """Where the keys of one account are; None: in the environment, under the venue's name.

    `wallets` are those that are read: spot always, futures where the venue's row has them.
    """

    read: Annotated[str | None, REFERENCE] = None
    trade: Annotated[str | None, REFERENCE] = None
    withdraw: Annotated[str | None, REFERENCE] = None
    wallets: Annotated[tuple[Annotated[str, WALLET], ...], ListOf] = (SPOT,)

    @model_validator(mode="after")
    def _spot_is_among_them(self) -> "AccountSettings":
        if SPOT not in self.wallets:
            raise ValueError("wallets: spot is always read; write [spot, futures]")
        return self

    @property
    def futures(self) -> tuple[str, ...]:
        """The futures wallets that are read besides the spot market's."""
        return tuple(dict.fromkeys(name for name in self.wallets if name != SPOT))

    @property
    def references(self) -> Mapping[Purpose, str | None]:
        """The reference of each purpose's key."""
        return {Purpose.READ: self.read, Purpose.TRADE: self.trade, Purpose.WITHDRAW: self.withdraw}


class ExchangeSettings(Block):
    """One venue, by its ccxt id. `rate_limit` is calls per second, None: the venue's own.

    `accept_untried` lets LIVE trade where orders were tried on a captured wire only.
    """

    enabled: Flag = True
    accept_untried: Flag = False
    sandbox: Flag = False
    rate_limit: Annotated[Decimal | None, FASTEST] = None
    fee_pct: Annotated[Decimal | None, amount("percent, 0 or more", zero=True)] = None
    ip_allowlist: Annotated[tuple[Annotated[str, kinds.NETWORK], ...], ListOf] = ()
    symbols: Annotated[tuple[Annotated[str, SYMBOL], ...], ListOf] = ()
    accounts: Annotated[Mapping[Annotated[str, ACCOUNT_NAME], AccountSettings], BlockOf] = Field(
        default_factory=lambda: {"main": AccountSettings()}
    )

    @model_validator(mode="after")
    def _main_where_none_is_named(self) -> "ExchangeSettings":
        if not self.accounts:
            object.__setattr__(self, "accounts", {"main": AccountSettings()})
        return self


# The rest of the tree


class SecuritySettings(Block):
    """What is done about venue keys that may do more than they have to, or are old."""

    wide_keys: Annotated[str, choice("warn", "refuse")] = "warn"
    key_reminder_days: Annotated[int, whole(0, 3_650, "days, 0 to 3650; 0: never")] = 90


class LoggingSettings(Block):
    """What is logged; `retention_days` is the ledger's, `log_days` that of the log files.

    `anchor_file` gets one line for every anchor of the ledger; None: beside the books.
    """

    level: Annotated[str, choice("DEBUG", "INFO", "WARNING", "ERROR")] = "INFO"
    retention_days: Annotated[int, whole(1, 36_500)] = 2_555
    immutable: Flag = True
    log_days: Annotated[int, whole(1, 3_650)] = 30
    anchor_file: Annotated[str | None, kinds.word_or("default", kinds.FILE)] = None


class ReconciliationSettings(Block):
    """When the books are compared with the venues, and from what difference on to alert."""

    frequency: Annotated[str, kinds.SCHEDULE] = "daily"
    alert_threshold: MoneyFromZero = Decimal(100)


class MonitoringSettings(Block):
    """Ports and pulse; port 0 takes any free one."""

    prometheus_port: Port = 9_108
    grafana_port: Port = 3_000
    healthcheck_interval: Annotated[int, whole(1, 3_600, "seconds, 1 to 3600")] = 30
    bind: Annotated[str, kinds.ADDRESS] = "127.0.0.1"


class OperatorSettings(Block):
    """One person: the Unix user that connects, what that user may do, where mail goes."""

    os_uid: Annotated[int, whole(0, 4_294_967_294, "Unix user id")]
    roles: Annotated[
        tuple[Annotated[str, choice("viewer", "trader", "approver", "admin")], ...], ListOf
    ]
    email: Annotated[str | None, kinds.off_or(MAIL_ADDRESS)] = None


class DemoSettings(Block):
    """The demo desk's market."""

    scenario: Annotated[str, choice("bull", "bear", "crash", "sideways", "volatile")] = "sideways"
    seed: Annotated[int, whole(0, 2**63 - 1, "whole number")] = 7


class PaperSettings(Block):
    """The simulated accounts of PAPER mode."""

    balances: Annotated[
        Mapping[Annotated[str, ASSET], Annotated[Decimal, amount("amount, above 0")]], BlockOf
    ] = Field(default_factory=dict)
    taker_pct: Annotated[Decimal, amount("percent, 0 or more", zero=True)] = Decimal("0.5")
    maker_pct: Annotated[Decimal | None, amount("percent, 0 or more", zero=True)] = None
    latency_least_ms: Annotated[int, whole(0, 10_000, "milliseconds, 0 to 10000")] = 50
    latency_most_ms: Annotated[int, whole(0, 10_000, "milliseconds, 0 to 10000")] = 150
    book_age_ms: Annotated[int, whole(1_000, 60_000, "milliseconds, 1000 to 60000")] = 10_000
    book_wait_ms: Annotated[int, whole(0, 30_000, "milliseconds, 0 to 30000")] = 5_000


class ConsoleSettings(Block):
    """How the console looks; the themes are those of `tui.themes`.

    `keymap` maps a binding's id to the keys that fire it.
    """

    theme: Annotated[str, choice("night", "classic", "asia", "day")] = "night"
    graph: Annotated[str, choice("braille", "block", "ascii")] = "braille"
    fps: Annotated[int, whole(1, 30, "frames per second, 1 to 30")] = 10
    mask: Flag = False
    mouse: Flag = True
    bell: Flag = False
    keymap: Annotated[
        Mapping[
            Annotated[str, words("a binding's id", r"[a-z0-9_.-]{1,60}", "orders.cancel")],
            Annotated[str, words("one or more keys", r"[A-Za-z0-9_+,]{1,60}", "ctrl+n,f2")],
        ],
        BlockOf,
    ] = Field(default_factory=dict)


class Settings(Block):
    """The whole configuration, valid in itself; `config.load` adds what the mode asks for."""

    version: Annotated[int, whole(1, 1, "1")] = 1
    mode: Annotated[str, choice("demo", "paper", "observe", "live")] = "demo"
    base_currency: Annotated[str, ASSET] = "USD"
    tracked_assets: Annotated[tuple[Annotated[str, ASSET], ...], ListOf] = ()
    historical_start_date: Annotated[date, kinds.DATE] = date(2020, 1, 1)
    time_zone: Annotated[str, kinds.ZONE] = "UTC"
    gateway: Annotated[str | None, kinds.off_or(kinds.GATEWAY)] = None
    allow_gateway: Flag = False
    exchanges: Annotated[Mapping[Annotated[str, VENUE], ExchangeSettings], BlockOf] = Field(
        default_factory=dict
    )
    risk: Annotated[RiskSettings, RISK] = Field(default_factory=lambda: RiskSettings({}))
    security: SecuritySettings = SecuritySettings()
    vault: VaultSettings = VaultSettings()
    aws: AwsSettings = AwsSettings()
    withdrawals: WithdrawalSettings = WithdrawalSettings()
    approvals: ApprovalSettings = ApprovalSettings()
    alerts: AlertSettings = AlertSettings()
    logging: LoggingSettings = LoggingSettings()
    reconciliation: ReconciliationSettings = ReconciliationSettings()
    monitoring: MonitoringSettings = MonitoringSettings()
    reports: ReportSettings = ReportSettings()
    benchmark: BenchmarkSettings = BenchmarkSettings()
    operators: Annotated[Mapping[Annotated[str, NAME], OperatorSettings], BlockOf] = Field(
        default_factory=dict
    )
    demo: DemoSettings = DemoSettings()
    paper: PaperSettings = PaperSettings()
    console: ConsoleSettings = ConsoleSettings()
    timers: Annotated[EngineSettings, TIMERS] = Field(
        default_factory=EngineSettings, alias="engine"
    )

    @property
    def engine(self) -> EngineSettings:
        """The engine's settings, with base currency and time zone as told above them."""
        return replace(self.timers, base_currency=self.base_currency, time_zone=self.time_zone)

    @property
    def performance(self) -> PerformanceSettings:
        """When snapshots are taken, and what the accounts are compared with."""
        return performance_of(self.reports, self.benchmark, self.time_zone)

    def withdrawal_policy(self, mode: Mode) -> Policy:
        """The policy of withdrawals that the configuration proposes."""
        return self.withdrawals.rules(mode, self.time_zone, self.base_currency)

    @property
    def keys(self) -> KeyPolicy:
        """What the operator decided about venue keys."""
        return KeyPolicy(
            refuse_wide=self.security.wide_keys == "refuse",
            allowlists={venue: told.ip_allowlist for venue, told in self.exchanges.items()},
            reminder_days=self.security.key_reminder_days,
        )

    @property
    def enabled(self) -> Mapping[str, ExchangeSettings]:
        """The venues that are switched on."""
        return {venue: told for venue, told in self.exchanges.items() if told.enabled}

    @property
    def env_prefixes(self) -> tuple[str, ...]:
        """The variables' prefixes that `env:` references name."""
        told = (
            parse_reference(reference)
            for venue in self.exchanges.values()
            for account in venue.accounts.values()
            for reference in account.references.values()
            if reference is not None
        )
        return tuple(known.place for known in told if known.scheme == "env")

    def limits(self, mode: Mode) -> Limits:
        """The limits that the configuration proposes; DEMO and PAPER fill in what is missing.

        Raises:
            Misconfigured: in OBSERVE and LIVE, while a limit without a default is missing.
        """
        given = dict(self.risk.given)
        if mode.book != "live":
            given = {**PRACTICE_LIMITS, **given}
        elif self.risk.missing:
            raise Misconfigured(f"risk.{self.risk.missing[0]}", "a live book needs this limit")
        return Limits(**given)
