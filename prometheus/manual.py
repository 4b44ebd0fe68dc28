"""The manual of all metrics, made from the registry that is scraped.

The one rule: a metric is described once, where it is made. `python -m prometheus.manual >
docs/metrics.md`.
"""

import sys
from collections.abc import Iterable

from prometheus_client.core import Metric

from domain.board import Board, Mode
from prometheus.gauges import GAUGES
from prometheus.metrics import Metrics

INTRODUCTION = """\
# Metrics

Generated from the registry by `python -m prometheus.manual`; a test compares. Served as
`/metrics` on `monitoring.bind`:`monitoring.prometheus_port` (127.0.0.1:9108) by every engine
that runs for longer than one command; `/healthz` beside it answers 200 while the engine's own
heartbeat is younger than 5 s and the desk is READY, else 503.

Counts of orders are those of the whole ledger, so a restart does not set them back; latencies
are those since the start. Values are in the base currency, whatever the name says. A label is
one of a short list: venues and accounts are those of the configuration, `rule` is a rule of the
gate, `class` a kind of break; whatever else there may be is `other`.

| Metric | Type | Labels | Meaning |
|---|---|---|---|
"""


def metrics_manual() -> str:
    """`docs/metrics.md`: one row a metric, sorted by name."""
    metrics = Metrics(lambda: Board(mode=Mode.DEMO))
    metrics.answered("kraken", "place", 0)  # a metric shows its labels once it has a sample
    families = sorted(metrics.registry.collect(), key=lambda family: family.name)
    return INTRODUCTION + "".join(map(_row, families))


def _row(family: Metric) -> str:
    total = "_total" if family.type == "counter" else ""
    labels = ", ".join(f"`{label}`" for label in _labels(family))
    return f"| `{family.name}{total}` | {family.type} | {labels} | {family.documentation} |\n"


def _labels(family: Metric) -> Iterable[str]:
    read = next((told.labels for told in GAUGES if told.name == family.name), None)
    if read is not None:
        return read
    return (label for label in family.samples[0].labels if label != "le")


if __name__ == "__main__":
    sys.stdout.write(metrics_manual())
