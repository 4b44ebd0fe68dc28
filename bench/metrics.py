"""Goal 10: what the metrics cost an order, how many series there are, and what a scrape costs.

The facts of one order (approved, sent, acknowledged, filled) are told to the metrics as the
desk tells them; the floor is telling nobody.
"""

import time
from functools import partial

from prometheus_client import generate_latest

from bench.books import fill, intent
from bench.harness import Row, at_most, in_turns
from domain import events
from domain.board import Board, Mode, Phase
from domain.fold import fold
from prometheus.metrics import Metrics

ROUNDS = 7
MOST_US = 10.0
MOST_SERIES = 1_000
MOST_SCRAPE_MS = 5.0


def facts(times: int) -> list[tuple[events.Fact, Board]]:
    """The life of orders, with the board after each fact."""
    board, told = Board(mode=Mode.DEMO, phase=Phase.READY), []
    for number in range(times):
        approved = intent(number)
        name, at_us = approved.order.client_id, approved.at_us
        life: tuple[events.Fact, ...] = (
            approved,
            events.OrderSent(at_us=at_us + 1, actor="engine", client_id=name),
            events.OrderAcked(
                at_us=at_us + 2, actor="engine", client_id=name, venue_order_id=f"O{number}"
            ),
            fill(number * 3),
        )
        for fact in life:
            board = fold(board, fact)
            told.append((fact, board))
    return told


def spent(metrics: Metrics | None, told: list[tuple[events.Fact, Board]]) -> float:
    """Microseconds for each order's four facts; without metrics, of the loop alone."""
    begin = time.perf_counter()
    for fact, board in told:
        if metrics is not None:
            metrics.fact(fact, board)
    return (time.perf_counter() - begin) / (len(told) / 4) * 1e6


def main(full: bool) -> list[Row]:  # noqa: FBT001 - the one argument of every benchmark
    """Cost per order, series, cost of a scrape."""
    told = facts(2_000 if full else 500)
    board = told[-1][1]
    metrics = Metrics(lambda: board)
    ours, floor = in_turns(partial(spent, metrics, told), partial(spent, None, told), ROUNDS)
    begin = time.perf_counter()
    text = generate_latest(metrics.registry).decode()
    scrape_ms = (time.perf_counter() - begin) * 1_000
    series = sum(not line.startswith("#") for line in text.splitlines())
    cost = ours - floor
    return [
        at_most("10", "µs per order", f"{ours:.1f} µs", f"{floor:.1f} µs", cost, MOST_US),
        at_most("10", "series", str(series), "-", series, MOST_SERIES),
        at_most("10", "ms per scrape", f"{scrape_ms:.2f} ms", "-", scrape_ms, MOST_SCRAPE_MS),
    ]
