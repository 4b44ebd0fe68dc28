"""What a scrape says, read back with Prometheus' own reference parser."""

from collections.abc import Iterable
from decimal import Decimal

from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from domain.board import Board, Mode
from domain.events import OrderApproved, OrderDenied
from domain.instruments import Account
from domain.orders import Kind, Order, Side
from domain.verdicts import Verdict
from prometheus.metrics import Metrics

NOW_US = 1_790_000_000_000_000
KRAKEN = Account("kraken", "main")
Series = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def exposed(metrics: Metrics) -> str:
    """The exposition as Prometheus gets it."""
    return generate_latest(metrics.registry).decode("utf-8")


def scraped(metrics: Metrics) -> Series:
    """Every sample: (name, sorted labels) → value. A series that is told twice fails."""
    series: Series = {}
    for family in text_string_to_metric_families(exposed(metrics)):
        for sample in family.samples:
            key = (sample.name, tuple(sorted(sample.labels.items())))
            assert key not in series, key
            series[key] = sample.value
    return series


def one(metrics: Metrics, name: str, **labels: str) -> float:
    """One sample's value."""
    return scraped(metrics)[name, tuple(sorted(labels.items()))]


def values_of(series: Iterable[tuple[str, tuple[tuple[str, str], ...]]], label: str) -> set[str]:
    """Every value that a label has anywhere."""
    return {value for _, labels in series for name, value in labels if name == label}


def over(board: Board | None = None) -> Metrics:
    """Metrics that read this board."""
    shown = board or Board(mode=Mode.DEMO, now_us=NOW_US)
    return Metrics(lambda: shown)


def order(client_id: str = "QDT1AAAAAAAAAAAAAA", symbol: str = "BTC/USD") -> Order:
    return Order(
        client_id=client_id,
        account=KRAKEN,
        symbol=symbol,
        side=Side.BUY,
        kind=Kind.LIMIT,
        quantity=Decimal("0.5"),
        price=Decimal(60_000),
    )


def approved(made: Order) -> OrderApproved:
    return OrderApproved(at_us=NOW_US, actor="me", order=made, verdict=Verdict(approved=True))


def denied(rule: str, made: Order | None = None) -> OrderDenied:
    return OrderDenied(at_us=NOW_US, actor="me", order=made or order(), rule=rule, reason="no")
