"""Daily snapshots: when one is due, and what it holds.

The one rule: one snapshot per account and local date, whatever happens: two clock changes a
year, restarts, a late start, a clock that steps back. The key is the date; the moment is only
when. A local time that does not exist runs as much later as the clock jumped; one that happens
twice runs the first time (golden case G22).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

from accounting.nav import Nav
from accounting.returns import DailyReturn, daily_return
from domain.days import local_date, to_us
from domain.money import MONEY, ZERO, exactly

LATE_US = 3_600_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What an account ("" for all) held and was worth. `planned_us` is when it should have been.

    `assets` is quantity and `values` worth in the base currency, by asset; an asset without a
    price is in `assets` alone. `margin` is the part of `nav` in futures wallets.
    """

    account: str
    local_date: date
    time_zone: str
    at_us: int
    planned_us: int
    nav: Decimal
    partial: bool
    assets: Mapping[str, Decimal] = field(default_factory=dict)
    values: Mapping[str, Decimal] = field(default_factory=dict)
    margin: Decimal = ZERO

    @property
    def key(self) -> str:
        """One a date, for ever."""
        return f"snapshot:{self.account}:{self.local_date}"

    @property
    def late(self) -> bool:
        """Whether it was taken an hour or more after its time."""
        return self.at_us - self.planned_us >= LATE_US


def moment_of(day: date, at: str, time_zone: str) -> int:
    """UTC microseconds of a local time `HH:MM` on a date."""
    told = datetime.combine(day, time.fromisoformat(at), ZoneInfo(time_zone))
    return to_us(told.astimezone(UTC))


def due(now_us: int, last: date | None, at: str, time_zone: str) -> date | None:
    """The date whose snapshot is to be taken now, or None; never one that is not after `last`."""
    today = local_date(now_us, time_zone)
    if moment_of(today, at, time_zone) > now_us:
        today -= timedelta(days=1)
    return today if last is None or today > last else None


def next_due_us(now_us: int, last: date | None, at: str, time_zone: str) -> int:
    """When the next snapshot is to be taken; now, if one is due already."""
    if due(now_us, last, at, time_zone) is not None:
        return now_us
    day = local_date(now_us, time_zone)
    if last is not None and day <= last:
        day = last + timedelta(days=1)
    return moment_of(day, at, time_zone)


def snapshot_of(nav: Nav, account: str, day: date, at: str, time_zone: str) -> Snapshot:
    """A net asset value as the snapshot of a local date."""
    lines = tuple(line for line in nav.lines if account in ("", line.holding.account))
    missing = tuple(name for name in nav.missing if account in ("", name.partition(" ")[0]))
    part = replace(nav, lines=lines, missing=missing)
    assets: dict[str, Decimal] = {}
    for line in lines:
        asset = line.holding.asset
        assets[asset] = MONEY.add(assets.get(asset, ZERO), line.holding.quantity)
    return Snapshot(
        account=account,
        local_date=day,
        time_zone=time_zone,
        at_us=nav.at_us,
        planned_us=moment_of(day, at, time_zone),
        nav=part.total,
        partial=part.partial,
        assets=assets,
        values=part.by_asset(),
        margin=part.margin_balance,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DayReturn:
    """From one snapshot to the next: the result is dated to the day that began with `opened`.

    `days` is above one where dates between have no snapshot; then it is their result together.
    """

    account: str
    local_date: date
    days: int
    result: DailyReturn
    partial: bool


def day_returns(
    snapshots: Iterable[Snapshot], flows: Iterable[tuple[int, Decimal]] = ()
) -> list[DayReturn]:
    """The returns between one account's snapshots; `flows` are (at_us, base currency)."""
    ordered = sorted(snapshots, key=lambda snapshot: snapshot.local_date)
    moved = list(flows)
    return [_between(opened, closed, moved) for opened, closed in pairwise(ordered)]


def _between(opened: Snapshot, closed: Snapshot, flows: list[tuple[int, Decimal]]) -> DayReturn:
    inside = [amount for at_us, amount in flows if opened.at_us < at_us <= closed.at_us]
    with exactly():
        came = sum((amount for amount in inside if amount > ZERO), ZERO)
        went = sum((-amount for amount in inside if amount < ZERO), ZERO)
    return DayReturn(
        account=opened.account,
        local_date=opened.local_date,
        days=(closed.local_date - opened.local_date) // timedelta(days=1),
        result=daily_return(opened.nav, closed.nav, came, went),
        partial=opened.partial or closed.partial,
    )
