"""What Prometheus sees of the desk: counts kept as facts arrive, gauges read off the board.

The one rule: nothing here can slow or fail the desk: an order costs a few cached increments,
and a scrape reads one immutable board.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from domain import bookings, controls, events
from domain.board import Board
from domain.orders import Status
from domain.sightings import Sighting
from prometheus.gauges import GAUGES, NOT_KNOWN, OTHER, SECOND_US, as_float, known
from risk.gate import RULE_NAMES

RULES = frozenset({*RULE_NAMES, "ledger", "expired", "cancelled", "halt"})
LATENCY_MS = (5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000)
RESOLUTION_S = (1, 2, 5, 10, 30, 60, 300, 1_800)
REMEMBERED = 10_000


class Metrics:
    """An observer of the desk with a registry of its own."""

    def __init__(self, board: Callable[[], Board]) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry(auto_describe=False)
        # prometheus-client renames a Counter to …_total: these three keep their names as gauges
        # that only go up.
        self._orders = Counter("trading_orders", "Orders handed to a venue", registry=self.registry)
        self._filled = Gauge(
            "trading_orders_filled", "Orders filled to their end", registry=self.registry
        )
        self._rejected = Gauge(
            "trading_orders_rejected", "Orders a venue rejected", registry=self.registry
        )
        self._denied = Gauge(
            "trading_orders_denied", "Orders our gate denied", ["rule"], registry=self.registry
        )
        self._latency = Histogram(
            "trading_api_latency_ms",
            "Time of one call to a venue",
            ["venue", "operation"],
            buckets=LATENCY_MS,
            registry=self.registry,
        )
        self._resolution = Histogram(
            "trading_order_resolution_seconds",
            "How long an order stayed UNKNOWN",
            buckets=RESOLUTION_S,
            registry=self.registry,
        )
        self._verify_ms = Gauge(
            "trading_kill_verify_ms",
            "Trip to proof of the last halt; NaN: no halt yet",
            registry=self.registry,
        )
        self._denials = {rule: self._denied.labels(rule) for rule in (*RULES, OTHER)}
        self._latencies: dict[tuple[str, str], Histogram] = {}
        self._unknown_us: dict[str, int] = {}
        self._done: OrderedDict[str, None] = OrderedDict()
        self._verify_ms.set(NOT_KNOWN)
        self.registry.register(_Scrape(board))

    def fact(self, fact: events.Fact, board: Board) -> None:
        """Count what happened."""
        step = _STEPS.get(type(fact))
        if step is not None:
            step(self, fact)
        if isinstance(fact, events.OrderFact):
            self._followed(fact.client_id, fact.at_us, board)
        elif isinstance(fact, bookings.FillBooked):
            self._followed(fact.fill.client_id, fact.at_us, board)

    def sighting(self, sighting: Sighting, board: Board) -> None:
        """Sightings are read off the board."""

    def answered(self, venue: str, operation: str, took_us: int) -> None:
        """A call to a venue took this long; both names come from our own code."""
        key = (venue, operation)
        child = self._latencies.get(key)
        if child is None:
            child = self._latencies[key] = self._latency.labels(venue, operation)
        child.observe(took_us / 1000)

    def sent(self, _: events.OrderSent) -> None:
        """One more order left."""
        self._orders.inc()

    def rejected(self, _: events.OrderRejected) -> None:
        """A venue said no."""
        self._rejected.inc()

    def denied(self, fact: events.OrderDenied) -> None:
        """Our gate said no."""
        self._denials[known(fact.rule, RULES)].inc()

    def verified(self, fact: controls.HaltVerified) -> None:
        """A halt is proven."""
        self._verify_ms.set(fact.verified_ms)

    def _followed(self, client_id: str, at_us: int, board: Board) -> None:
        state = board.orders.get(client_id)
        if state is None or state.foreign:
            return
        status = state.status
        if status is Status.UNKNOWN:
            self._unknown_us.setdefault(client_id, at_us)
        elif client_id in self._unknown_us:
            waited_us = at_us - self._unknown_us.pop(client_id)
            self._resolution.observe(waited_us / SECOND_US)
        if status is Status.FILLED and client_id not in self._done:
            self._done[client_id] = None
            if len(self._done) > REMEMBERED:
                self._done.popitem(last=False)
            self._filled.inc()


_STEPS: dict[type[events.Fact], Callable[[Metrics, Any], None]] = {
    events.OrderSent: Metrics.sent,
    events.OrderRejected: Metrics.rejected,
    events.OrderDenied: Metrics.denied,
    controls.HaltVerified: Metrics.verified,
}


class _Scrape(Collector):
    """Reads the board when somebody scrapes: nothing is paid for between scrapes."""

    def __init__(self, board: Callable[[], Board]) -> None:
        self._board = board

    def collect(self) -> Iterable[Metric]:
        """Every gauge of the table, from one board."""
        board = self._board()
        for told in GAUGES:
            family = GaugeMetricFamily(told.name, told.text, labels=told.labels)
            for labels, value in told.read(board):
                family.add_metric(labels, as_float(value))
            yield family
