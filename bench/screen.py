"""Goals 7 (start) and 8 (screen): the console in a real terminal against Textual's own parts.

The children are in bench/screen_child.py. Each runs under a pty that is read all the time, as a
terminal would; keys are written to it, and timed until the child's action runs.
"""

import json
import os
import statistics
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.harness import Row, at_most, in_turns, milliseconds, percentile
from tests.console.terminal import Terminal

SIZE = (160, 45)
ROUNDS, FULL_ROUNDS = 5, 11
FOR_S, FULL_FOR_S = 8.0, 20.0
KEYS_A_SECOND = 8
CTRL_X = b"\x18"
START_RATIO = 1.3
LAG_S, KEY_S, CPU_SHARE, PAGE_S = 0.005, 0.010, 0.25, 0.100
_COMPILED = TemporaryDirectory(prefix="qd-bench-compiled-")


def main(full: bool) -> list[Row]:  # noqa: FBT001 - the signature every benchmark has
    """Measure start-up, then a busy table at 1,000 and 10,000 updates a second."""
    rounds, for_s = (FULL_ROUNDS, FULL_FOR_S) if full else (ROUNDS, FOR_S)
    rows = [*start_up(rounds), first_page()]
    for rate in (1_000, 10_000):
        ours, peer = busy("orders", rate, for_s), busy("datatable", rate, for_s)
        rows += compared(rate, ours, peer)
    return rows


def start_up(rounds: int) -> list[Row]:
    """From the start of the process until its first words, and until its whole first page."""
    return [
        _started("first screen / bare Textual", b"KILL", rounds),
        _started("first page, complete / bare Textual", b"Positions", rounds),
    ]


def _started(what: str, words: bytes, rounds: int) -> Row:
    def ours() -> float:
        return first_words("console", words)

    def bare() -> float:
        return first_words("bare", b"ready")

    ours(), bare()  # compiled and in the file cache from now on
    own, peer = in_turns(ours, bare, rounds)
    return at_most("7", what, milliseconds(own), milliseconds(peer), own / peer, START_RATIO)


def first_words(kind: str, words: bytes) -> float:
    """Seconds until the child's words are on the terminal."""
    begin = time.perf_counter()
    terminal = _terminal(kind)
    try:
        while words not in terminal.bytes:
            terminal.read(0.002)
            if time.perf_counter() - begin > 20:
                raise TimeoutError(f"{kind} showed nothing")
        return time.perf_counter() - begin
    finally:
        terminal.close()


def first_page() -> Row:
    """From the key of the blotter until its table is on the terminal, its module not loaded yet."""
    terminal = _terminal("console")
    try:
        terminal.wait_for(lambda: b"Positions" in terminal.bytes)
        terminal.read(0.5)
        terminal.bytes = b""
        begin = time.perf_counter()
        os.write(terminal._fd, b"3")  # noqa: SLF001  the pty itself
        while b"NOTIONAL" not in terminal.bytes:
            terminal.read(0.001)
        taken = time.perf_counter() - begin
    finally:
        terminal.close()
    return at_most("8", "first visit to the blotter / 100 ms", milliseconds(taken), "100 ms",
                   taken / PAGE_S, 1)  # fmt: skip


def busy(kind: str, rate: int, for_s: float) -> dict[str, Any]:
    """Run a busy table for a while, pressing keys; its figures."""
    with TemporaryDirectory(prefix="qd-bench-") as folder:
        out = Path(folder) / "figures.json"
        terminal = _terminal(kind, str(rate), out=out)
        try:
            terminal.read(2.0)
            if kind == "orders":
                os.write(terminal._fd, b"2")  # noqa: SLF001  the pty itself
            terminal.read(1.0)
            written_ns = _press_keys(terminal, for_s)
            os.write(terminal._fd, b"q")  # noqa: SLF001
            terminal.exit_code(20)
        finally:
            terminal.close()
        figures: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    pairs = zip(written_ns, figures["pressed_ns"], strict=False)
    figures["keys_s"] = [(pressed - written) / 1e9 for written, pressed in pairs]
    figures["wall_s"] = for_s + 3.0
    return figures


def _press_keys(terminal: Terminal, for_s: float) -> list[int]:
    written_ns = []
    until = time.perf_counter() + for_s
    while time.perf_counter() < until:
        terminal.read(1 / KEYS_A_SECOND)
        written_ns.append(time.monotonic_ns())
        os.write(terminal._fd, CTRL_X)  # noqa: SLF001  the pty itself
    terminal.read(0.5)
    return written_ns


def compared(rate: int, ours: dict[str, Any], peer: dict[str, Any]) -> list[Row]:
    """Lag, keys and CPU: against DataTable, and at 1,000/s against the goals themselves."""
    lag, peer_lag = percentile(ours["lags_s"], 99), percentile(peer["lags_s"], 99)
    key, peer_key = percentile(ours["keys_s"], 95), percentile(peer["keys_s"], 95)
    cpu, peer_cpu = (f["cpu_s"] / f["wall_s"] for f in (ours, peer))
    what = f"{rate:,}/s, 500 rows of 12 columns"
    shown = milliseconds(lag), milliseconds(peer_lag)
    rows = [
        at_most("8", f"engine lag p99, {what} / DataTable", *shown, lag / peer_lag, 1),
        at_most("8", f"key → action p95, {what} / DataTable", milliseconds(key),
                milliseconds(peer_key), key / peer_key, 1),
        at_most("8", f"CPU of a core, {what} / DataTable", f"{cpu:.0%}", f"{peer_cpu:.0%}",
                cpu / peer_cpu, 1),
    ]  # fmt: skip
    if rate == 1_000:
        median = milliseconds(statistics.median(ours["lags_s"]))
        rows += [
            at_most(
                "8",
                "engine lag p99 / 5 ms",
                f"{shown[0]} (median {median})",
                "5 ms",
                lag / LAG_S,
                1,
            ),
            at_most("8", "key → action p95 / 10 ms", milliseconds(key), "10 ms", key / KEY_S, 1),
            at_most("8", "CPU / 25 % of a core", f"{cpu:.0%}", "25%", cpu / CPU_SHARE, 1),
        ]
    return rows


def _terminal(*child: str, out: Path | None = None) -> Terminal:
    environ = {
        "QUARTERDECK_BENCH_OUT": str(out or os.devnull),
        "PYTHONPATH": os.pathsep.join(sys.path),
        # An installed program is compiled already; a start without that measures the compiler.
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPYCACHEPREFIX": _COMPILED.name,
    }
    return Terminal(["-m", "bench.screen_child", *child], size=SIZE, environ=environ)
