"""The manual of the metrics is made from what is scraped."""

from prometheus.gauges import GAUGES
from prometheus.manual import metrics_manual
from tests.prometheus.test_metrics import PROMISED


def test_every_metric_has_one_row_with_its_labels() -> None:
    manual = metrics_manual()
    for name in (*PROMISED, *(told.name for told in GAUGES)):
        assert manual.count(f"| `{name}` |") == 1, name
    assert "| `trading_api_latency_ms` | histogram | `venue`, `operation` |" in manual
    assert "| `trading_orders_denied` | gauge | `rule` |" in manual
