"""Returns from snapshots and flows: each day's, and TWR, XIRR and modified Dietz over days.

The one rule: a flow counts in the day that its moment lies in, and where one has no known
value, the day's result is not known either, nor is any sum over it.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from itertools import pairwise

from accounting.returns import Flow, Span, linked, modified_dietz, xirr
from accounting.snapshots import Snapshot, day_returns
from domain.days import local_date
from domain.money import ZERO, exactly
from domain.performance import DayResult, Returns, SnapshotRow
from domain.snapshots import SnapshotTaken
from engine.track import FlowRow


def as_snapshot(taken: SnapshotTaken) -> Snapshot:
    """The fact as the pure room knows it."""
    return Snapshot(
        account=taken.account,
        local_date=date.fromisoformat(taken.local_date),
        time_zone=taken.time_zone,
        at_us=taken.at_us,
        planned_us=taken.planned_us,
        nav=taken.nav,
        partial=taken.partial,
        assets=taken.assets,
        values=taken.values,
    )


def as_row(taken: SnapshotTaken) -> SnapshotRow:
    """The fact as it is told."""
    return SnapshotRow(
        account=taken.account,
        local_date=taken.local_date,
        time_zone=taken.time_zone,
        at_us=taken.at_us,
        planned_us=taken.planned_us,
        late=as_snapshot(taken).late,
        nav=taken.nav,
        assets=taken.assets,
        values=taken.values,
        doubts=taken.doubts,
        margin=taken.margin,
    )


def day_results(snapshots: Sequence[SnapshotTaken], flows: Iterable[FlowRow]) -> list[DayResult]:
    """The result from each snapshot to the next, in the order of time."""
    moved = sorted(flows, key=_moment)
    made = []
    for opened, closed in pairwise(snapshots):
        first = bisect_right(moved, opened.at_us, key=_moment)
        last = bisect_right(moved, closed.at_us, key=_moment)
        made.append(_between(opened, closed, moved[first:last]))
    return made


def _moment(row: FlowRow) -> int:
    return row.at_us


def _between(opened: SnapshotTaken, closed: SnapshotTaken, inside: list[FlowRow]) -> DayResult:
    known = [(row.at_us, row.amount) for row in inside if row.amount is not None]
    (day,) = day_returns((as_snapshot(opened), as_snapshot(closed)), known)
    unvalued = tuple(row.key for row in inside if row.amount is None)
    with exactly():
        came = sum((amount for _, amount in known if amount > ZERO), ZERO)
        went = sum((-amount for _, amount in known if amount < ZERO), ZERO)
    return DayResult(
        local_date=opened.local_date,
        days=day.days,
        opening=opened.nav,
        closing=closed.nav,
        inflow=came,
        outflow=went,
        gain=None if unvalued else day.result.gain,
        fraction=None if unvalued else day.result.fraction,
        partial=day.partial,
        unvalued=unvalued,
    )


def over(
    account: str,
    base_currency: str,
    snapshots: Sequence[SnapshotTaken],
    flows: Iterable[FlowRow],
    limit: int,
) -> Returns:
    """The newest `limit` days, and the returns over exactly these."""
    moved = list(flows)
    shown = day_results(snapshots[-limit - 1 :], moved)
    told = Returns(
        account=account,
        base_currency=base_currency,
        days=tuple(reversed(shown)),
        total=max(0, len(snapshots) - 1),
        first_date=shown[0].local_date if shown else "",
        last_date=snapshots[-1].local_date if shown else "",
        gain=None,
        twr=None,
        xirr=None,
        modified_dietz=None,
        partial=any(day.partial for day in shown),
    )
    if not shown or any(day.unvalued for day in shown):
        return told
    return _summed(told, snapshots[-len(shown) - 1 :], moved)


def _summed(told: Returns, snapshots: Sequence[SnapshotTaken], moved: list[FlowRow]) -> Returns:
    opened, closed = snapshots[0], snapshots[-1]
    start, end = date.fromisoformat(opened.local_date), date.fromisoformat(closed.local_date)
    flows = [
        Flow(min(max(local_date(row.at_us, closed.time_zone), start), end), row.amount)
        for row in moved
        if opened.at_us < row.at_us <= closed.at_us and row.amount is not None
    ]
    with exactly():
        gain = sum((day.gain for day in told.days if day.gain is not None), ZERO)
    return replace(
        told,
        gain=gain,
        twr=linked(day.fraction for day in told.days),
        xirr=xirr([Flow(start, opened.nav), *flows], Flow(end, closed.nav)),
        modified_dietz=modified_dietz(opened.nav, closed.nav, flows, Span(start, end)),
    )
