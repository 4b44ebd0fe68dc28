"""Returns and the benchmark, computed again from snapshots, flows and marked prices."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from domain.board import Board, Mode
from domain.bookings import IMPORTED_EARLIER, MovementBooked
from domain.days import to_us
from domain.instruments import Account
from domain.market import Movement
from domain.money import ZERO
from domain.snapshots import PricesMarked, SnapshotTaken
from engine.benchmarks import Follower, Point, Rebalance, grown
from engine.results import over
from engine.track import FlowRow, Track

D = Decimal
KRAKEN = Account("kraken", "main")
HALVES = {"BTC": D("0.5"), "ETH": D("0.5")}
BOARD = Board(mode=Mode.DEMO)
TWELVE = D("1e-12")


def us(text: str) -> int:
    return to_us(datetime.fromisoformat(text).replace(tzinfo=UTC))


def taken(day: str, nav: str, *prices: str, doubts: tuple[str, ...] = ()) -> SnapshotTaken:
    """Of all accounts, at five past midnight UTC."""
    at_us = us(f"{day}T00:05")
    return SnapshotTaken(
        at_us=at_us,
        actor="engine",
        account="",
        local_date=day,
        time_zone="UTC",
        planned_us=at_us,
        nav=D(nav),
        assets={},
        values={},
        prices=dict(zip(HALVES, map(D, prices), strict=False)),
        doubts=doubts,
    )


def flow(moment: str, amount: str | None, key: str = "") -> FlowRow:
    at_us = us(moment)
    value = None if amount is None else D(amount)
    return FlowRow(key or f"F{moment}", str(KRAKEN), at_us, at_us, value)


def marked(occasion: str, moment: str, bitcoin: str, ether: str) -> PricesMarked:
    prices = {"BTC": D(bitcoin), "ETH": D(ether)}
    return PricesMarked(at_us=us(moment), actor="engine", occasion=occasion, prices=prices)


def rounded(figure: Decimal | None) -> Decimal | None:
    return None if figure is None else figure.quantize(TWELVE)


def followed(
    snapshots: Iterable[SnapshotTaken],
    flows: Iterable[FlowRow] = (),
    rebalances: Iterable[Rebalance] = (),
    marks: Iterable[PricesMarked] = (),
) -> tuple[list[Point], Follower]:
    follower = Follower(HALVES)
    known = {mark.occasion: mark for mark in marks}
    return follower.follow(snapshots, flows, rebalances, known), follower


# Returns


def test_golden_case_g19_gives_each_return_under_its_name() -> None:
    snapshots = [taken("2025-01-01", "10000"), taken("2025-07-02", "11000")]
    snapshots.append(taken("2025-12-31", "18000"))
    told = over("", "USD", snapshots, [flow("2025-07-02T12:00", "9000")], 30)
    assert told.gain == D(-1000)
    assert told.twr == D("-0.01")
    assert rounded(told.xirr) == D("-0.068769247267")
    assert rounded(told.modified_dietz) == D("-0.068965517241")
    assert (told.first_date, told.last_date) == ("2025-01-01", "2025-12-31")
    assert [day.fraction for day in told.days] == [D("-0.1"), D("0.1")]
    assert [day.inflow for day in told.days] == [D(9000), ZERO]


def test_a_limit_shortens_the_days_and_every_return_with_them() -> None:
    snapshots = [taken("2025-01-01", "100"), taken("2025-01-02", "110"), taken("2025-01-03", "99")]
    told = over("", "USD", snapshots, [], 1)
    assert (told.total, len(told.days), told.first_date) == (2, 1, "2025-01-02")
    assert (told.twr, told.gain, told.modified_dietz) == (D("-0.1"), D(-11), D("-0.1"))


def test_a_flow_without_a_value_makes_its_day_unknown_and_never_a_profit() -> None:
    snapshots = [taken("2025-01-01", "100"), taken("2025-01-02", "600"), taken("2025-01-03", "660")]
    told = over("", "USD", snapshots, [flow("2025-01-01T12:00", None, "F1")], 30)
    assert [day.gain for day in told.days] == [D(60), None]
    assert told.days[1].unvalued == ("F1",)
    assert (told.twr, told.xirr, told.modified_dietz, told.gain) == (None, None, None, None)


def test_one_snapshot_has_no_return() -> None:
    told = over("", "USD", [taken("2025-01-01", "100")], [], 30)
    assert (told.days, told.total, told.twr, told.last_date) == ((), 0, None, "")


def test_a_partial_snapshot_is_said_with_the_days_and_the_sum() -> None:
    snapshots = [taken("2025-01-01", "100"), taken("2025-01-02", "110", doubts=("X: no price",))]
    told = over("", "USD", snapshots, [], 30)
    assert told.partial
    assert told.days[0].partial


def test_a_day_without_a_snapshot_is_counted_with_the_one_before() -> None:
    told = over("", "USD", [taken("2025-01-01", "100"), taken("2025-01-03", "121")], [], 30)
    assert [(day.local_date, day.days) for day in told.days] == [("2025-01-01", 2)]


# The benchmark


def test_golden_case_g21_follows_flows_and_the_weekly_rebalance() -> None:
    snapshots = [taken("2025-01-01", "10000", "50000", "2500")]
    snapshots.append(taken("2025-01-08", "9000", "70000", "2100"))
    flows = [flow("2025-01-03T12:00", "1000", "in"), flow("2025-01-07T12:00", "-2000", "out")]
    marks = [
        marked("flow:in", "2025-01-03T12:00", "60000", "2000"),
        marked("flow:out", "2025-01-07T12:00", "70000", "2100"),
    ]
    monday = Rebalance(us("2025-01-06T00:00"), date(2025, 1, 6), {"BTC": D(66000), "ETH": D(1800)})
    points, follower = followed(snapshots, [*flows, flows[0]], [monday, monday], marks)
    growth = points[1].growth
    assert growth is not None
    assert rounded(growth - 1) == D("0.133884297521")
    assert follower.state is not None
    assert {asset: rounded(held) for asset, held in follower.state.units.items()} == {
        "BTC": D("0.071243042672"),
        "ETH": D("2.612244897959"),
    }
    assert set(follower.state.flows) == {"in", "out"}
    assert rounded(grown(*points)) == rounded(growth - 1)


def test_a_flow_without_marked_prices_takes_those_of_the_next_whole_snapshot() -> None:
    snapshots = [
        taken("2025-01-01", "100", "10", "10"),
        taken("2025-01-02", "200", "10"),
        taken("2025-01-03", "200", "20", "20"),
    ]
    points, follower = followed(snapshots, [flow("2025-01-01T12:00", "100")])
    assert [point.value for point in points] == [D(100), None, D(300)]
    assert follower.state is not None
    assert follower.state.units == {"BTC": D("7.5"), "ETH": D("7.5")}
    assert points[2].growth == D(2)
    assert grown(points[0], points[1]) is None


def test_what_came_before_the_benchmark_is_inside_it_already() -> None:
    points, follower = followed(
        [taken("2025-01-02", "100", "10", "10")], [flow("2025-01-01T12:00", "70")]
    )
    assert points[0].value == D(100)
    assert follower.state is not None
    assert not follower.state.flows


@pytest.mark.parametrize(
    "first",
    [
        taken("2025-01-01", "100", "10", "10", doubts=("kraken/main: not known",)),
        taken("2025-01-01", "0", "10", "10"),
        taken("2025-01-01", "100", "10"),
    ],
    ids=["partial", "nothing", "no price"],
)
def test_it_begins_with_the_first_whole_snapshot(first: SnapshotTaken) -> None:
    points, _ = followed([first, taken("2025-01-02", "300", "10", "10")])
    assert [point.value for point in points] == [None, D(300)]


# The track record


def booked(reference: str, source: str = "poll", rate: str | None = "2") -> MovementBooked:
    movement = Movement(
        account=KRAKEN,
        reference=reference,
        asset="DOGE",
        amount=D(10),
        fee=D(1),
        at_us=us("2025-01-01T12:00"),
        base_rate=None if rate is None else D(rate),
    )
    return MovementBooked(
        at_us=us("2025-01-01T13:00"), actor="kraken", movement=movement, source=source
    )


def test_the_track_record_values_flows_and_leaves_out_what_the_opening_contains() -> None:
    track = Track()
    for fact in (booked("a"), booked("b", rate=None), booked("c", IMPORTED_EARLIER)):
        track.fact(fact, BOARD)
    assert [row.amount for row in track.flows("")] == [D(18), None]
    assert track.flows("kraken/main") == track.flows("")
    assert track.flows("mexc/main") == []


def test_what_was_marked_waits_no_longer() -> None:
    track = Track()
    track.fact(booked("a"), BOARD)
    (row,) = track.unmarked(0)
    track.fact(marked(f"flow:{row.key}", "2025-01-01T13:00", "1", "1"), BOARD)
    track.fact(marked("rebalance:2025-01-06", "2025-01-06T00:00", "1", "1"), BOARD)
    assert track.unmarked(0) == []
    assert track.rebalanced == "2025-01-06"
