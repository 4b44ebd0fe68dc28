"""The children of bench/screen.py, each run in a terminal of its own.

    python -m bench.screen_child bare|console|orders|datatable [updates per second] [seconds]

`bare` and `console` are timed until their first words are on the terminal. `orders` (our
console) and `datatable` (Textual's table) show 500 rows of 12 columns that a producer changes
in an engine loop of its own thread; on leaving they write their figures to the file that
QUARTERDECK_BENCH_OUT names. Keys are timed by the monotonic clock, which all processes share.
"""

import asyncio
import json
import os
import resource
import sys
import threading
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

READY = "ready"
ROWS, COLUMNS = 500, 12
POLLS_PER_SECOND = 10
BEAT_S = 0.005
TICKS_PER_SECOND = 100


class Engine:
    """A loop in its own thread that changes orders on a board and measures its own lag."""

    def __init__(self, rate: int) -> None:
        from domain.board import Board, Mode, Phase  # noqa: PLC0415  not for the bare child
        from domain.table import Table  # noqa: PLC0415

        self.rate = rate
        self.lags_s: list[float] = []
        self.changed: dict[int, Decimal] = {}
        self.states = [_order(number) for number in range(ROWS)]
        orders = Table({state.client_id: state for state in self.states})
        accounts = Table({self.states[0].order.account: _account(self.states[0].order.account)})
        self.board = Board(mode=Mode.DEMO, phase=Phase.READY, orders=orders, accounts=accounts)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._work()), daemon=True)

    def start(self) -> None:
        """Begin to produce and to measure."""
        from engine.threads import give_way  # noqa: PLC0415  not for the bare child

        give_way()
        self._thread.start()

    async def _work(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._beat())
            if self.rate:
                tasks.create_task(self._produce())

    async def _beat(self) -> None:
        while not self._stop.is_set():
            wanted = time.perf_counter() + BEAT_S
            await asyncio.sleep(BEAT_S)
            self.lags_s.append(time.perf_counter() - wanted)

    async def _produce(self) -> None:
        from dataclasses import replace  # noqa: PLC0415

        step, begun = 0, time.perf_counter()
        while not self._stop.is_set():
            await asyncio.sleep(1 / TICKS_PER_SECOND)
            due = int((time.perf_counter() - begun) * self.rate)
            board = self.board
            orders = board.orders
            while step < due:
                step += 1
                number = step * 7919 % ROWS
                price = Decimal(60_000 + step * 31 % 997)
                self.states[number] = state = replace(self.states[number], price=price)
                orders = orders.put(state.client_id, state)
                self.changed[number] = price
            now_us = time.time_ns() // 1_000  # noqa: TID251  the board's own clock
            self.board = board.but(orders=orders, version=board.version + 1, now_us=now_us)

    async def ask(self, _: Any) -> Any:
        """A desk that answers nothing: the benchmark asks nothing."""
        from domain.errors import Unavailable  # noqa: PLC0415

        raise Unavailable("the benchmark", "it has no answers")

    def figures(self, pressed_ns: list[int]) -> dict[str, Any]:
        """What was measured."""
        self._stop.set()
        used = resource.getrusage(resource.RUSAGE_SELF)
        return {
            "lags_s": self.lags_s[100:],
            "cpu_s": used.ru_utime + used.ru_stime,
            "pressed_ns": pressed_ns,
            "memory_kib": used.ru_maxrss,
        }


def _order(number: int) -> Any:
    from domain.instruments import Account  # noqa: PLC0415
    from domain.lifecycle import intended  # noqa: PLC0415
    from domain.orders import Kind, Order, Side  # noqa: PLC0415

    order = Order(
        client_id=f"QDA7{number:014d}", account=Account("kraken", "main"), symbol="BTC/USDT",
        side=Side.BUY if number % 2 else Side.SELL, kind=Kind.LIMIT, quantity=Decimal("0.01"),
        price=Decimal(60_000 + number), reference=Decimal(60_000), base_rate=Decimal(1),
        at_us=number,
    )  # fmt: skip
    return intended(order, at_us=number)


def _account(account: Any) -> Any:
    from domain.board import AccountView  # noqa: PLC0415

    return AccountView(account=account)


def _write(figures: dict[str, Any]) -> None:
    Path(os.environ["QUARTERDECK_BENCH_OUT"]).write_text(json.dumps(figures), encoding="utf-8")


def bare() -> None:
    """The least that Textual can show."""
    from textual.app import App, ComposeResult  # noqa: PLC0415
    from textual.widgets import Static  # noqa: PLC0415

    class Bare(App[None]):
        def compose(self) -> ComposeResult:
            yield Static(READY)

    Bare().run()


class Waiting:
    """The desk that the wiring shows until an engine answers."""

    def __init__(self) -> None:
        from domain.board import Board, Mode  # noqa: PLC0415  not for the bare child

        self.board = Board(mode=Mode.DEMO)

    async def ask(self, _: Any) -> Any:
        """Nobody answers yet."""
        from domain.errors import Unavailable  # noqa: PLC0415

        raise Unavailable("engine", "it is starting")


def waiting() -> None:
    """Our console as the program starts it: painted before its engine answers."""
    from tui.options import Options  # noqa: PLC0415
    from tui.run import run_console  # noqa: PLC0415

    options = Options(
        now_us=lambda: time.time_ns() // 1_000,  # noqa: TID251  the wiring's clock
        monotonic_us=lambda: time.monotonic_ns() // 1_000,
        attached=True,
    )
    run_console(Waiting(), operator="bench", options=options)  # type: ignore[arg-type]


def orders(rate: int) -> None:
    """Our console over the engine above."""
    from tui.app import Console  # noqa: PLC0415
    from tui.options import Options  # noqa: PLC0415

    engine, pressed_ns = Engine(rate), []

    class Timed(Console, inherit_bindings=True):
        CSS_PATH = str(Path(__file__).parent.parent / "tui" / "console.tcss")

        def action_kill(self) -> None:
            pressed_ns.append(time.monotonic_ns())

    options = Options(
        now_us=lambda: time.time_ns() // 1_000,  # noqa: TID251  the wiring's clock
        monotonic_us=lambda: time.monotonic_ns() // 1_000,
        attached=True,
        polls_per_second=POLLS_PER_SECOND,
    )
    app = Timed(engine, operator="bench", options=options)  # type: ignore[arg-type]
    engine.start()
    app.run()
    _write(engine.figures(pressed_ns))


def datatable(rate: int) -> None:
    """Textual's DataTable over the same engine: the cells that changed, ten times a second."""
    from textual.app import App, ComposeResult  # noqa: PLC0415
    from textual.binding import Binding  # noqa: PLC0415
    from textual.widgets import DataTable  # noqa: PLC0415

    engine, pressed_ns = Engine(rate), []

    class Peer(App[None]):
        BINDINGS = [Binding("ctrl+x", "kill", priority=True), Binding("q", "quit")]  # noqa: RUF012

        def compose(self) -> ComposeResult:
            yield DataTable(cursor_type="row")

        def on_mount(self) -> None:
            table = self.query_one(DataTable)
            for column in range(COLUMNS):
                table.add_column(f"column {column}", key=str(column), width=10)
            for number, state in enumerate(engine.states):
                cells = [state.client_id[-10:], *[str(state.price)] * (COLUMNS - 1)]
                table.add_row(*cells, key=str(number))
            self.set_interval(1 / POLLS_PER_SECOND, self.poll)

        def poll(self) -> None:
            changed, engine.changed = engine.changed, {}
            table = self.query_one(DataTable)
            top = int(table.scroll_y)
            for number in range(top, top + self.size.height):
                if number in changed:
                    table.update_cell(str(number), "8", str(changed[number]))

        def action_kill(self) -> None:
            pressed_ns.append(time.monotonic_ns())

    engine.start()
    Peer().run()
    _write(engine.figures(pressed_ns))


def run_child(arguments: list[str]) -> None:
    """Be the child that is named."""
    kind, rate = arguments[0], int(arguments[1]) if len(arguments) > 1 else 0
    if kind == "bare":
        bare()
    elif kind == "datatable":
        datatable(rate)
    elif kind == "orders":
        orders(rate)
    else:
        waiting()


if __name__ == "__main__":
    run_child(sys.argv[1:])
