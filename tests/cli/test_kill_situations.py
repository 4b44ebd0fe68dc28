"""Killing while the machine gives way, with real processes over real sockets.

The situations of issue 4: a full disk, a hung screen, a hung engine, Vault down. (A locked
database, and venues that fail at once, are in tests/engine/test_kill_situations.py.) In each the
gate is closed, what can be cancelled is, and nothing is called VERIFIED that is not.
"""

import asyncio
import os
import re
import resource
import signal
import subprocess
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import pytest

from domain import asks
from domain.board import Board
from domain.errors import DeskError, Refused, Unavailable
from domain.halts import Level
from domain.instruments import Account
from domain.orders import Draft, Kind, Side, Status
from domain.queries import ReadLedger
from engine.remote import RemoteDesk, attached
from storage.places import Places
from tests.cli.test_secrets_process import KEYS_IN_VAULT, READ, TRADE, typed
from tests.cli.wire_home import Home, at_home, running_daemon
from tests.console.terminal import Terminal
from tests.servers.bao import ROOT, free_port, needs_bao, running
from tests.wire.demo import surroundings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
PATIENCE_S = 90
MAIN = Account("kraken", "main")
R = TypeVar("R")


@dataclass
class Desk:
    """A daemon that trades for `place`; its desk is asked over its own socket."""

    place: Home
    process: "subprocess.Popen[bytes]"

    def do(self, act: Callable[[RemoteDesk], Awaitable[R]]) -> R:
        """Attach, as every command does, and act."""

        async def done() -> R:
            async with asyncio.timeout(PATIENCE_S), attached(self._socket(), hz=10) as desk:
                return await act(desk)

        return asyncio.run(done())

    def _socket(self) -> Path:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("XDG_RUNTIME_DIR", str(self.place.folder / "run"))
            return Places(self.place.folder / "data", "live").socket()

    def until(self, true: Callable[[Board], object], what: str) -> None:
        """Wait until the desk's board makes it true."""

        async def so(desk: RemoteDesk) -> None:
            async for board in desk.watch():
                if true(board):
                    return

        try:
            self.do(so)
        except TimeoutError:
            raise AssertionError(f"{what}\n{self.place.log()}") from None

    def trades(self, count: int = 2) -> None:
        """Without a halt, and with so many orders at the venue."""
        self.until(lambda b: not b.halts and b.price("kraken", "BTC/USD"), "it trades")

        async def order(desk: RemoteDesk) -> None:
            for number in range(count):
                answer = await desk.ask(asks.SubmitOrder(draft=_draft(desk.board, number)))
                assert answer.status is Status.OPEN

        self.do(order)
        assert len(self.place.open_orders()) == count

    def arm(self) -> None:
        self.do(lambda desk: desk.ask(asks.Arm(code=self.place.code(), account=MAIN)))

    def no_order_leaves(self) -> None:
        """Refused by the halt, or not even written down; and the venue has seen none."""
        seen = self.place.admin.ask("client_ids")
        with pytest.raises((Refused, Unavailable, DeskError)) as refused:
            self.do(lambda desk: desk.ask(asks.SubmitOrder(draft=_draft(desk.board, 9))))
        if isinstance(refused.value, Refused):
            assert refused.value.rule in ("halt", "mode"), refused.value
        assert self.place.admin.ask("client_ids") == seen

    def ends(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=60)
        (self.place.folder / "daemon.log").unlink()  # its `ready` is that of an engine that is gone


def _draft(board: Board, number: int) -> Draft:
    known = board.price("kraken", "BTC/USD")
    assert known is not None
    assert known.mid is not None
    price = Decimal(int(known.mid * 97 / 100) - number)
    return Draft(
        account=MAIN,
        symbol="BTC/USD",
        side=Side.BUY,
        kind=Kind.LIMIT,
        quantity=Decimal("0.01"),
        price=price,
    )


def _proven(board: Board) -> bool:
    return bool(board.halts) and board.halts[0].verified


@pytest.fixture
def desk() -> Generator[Desk]:
    """A daemon in LIVE, armed."""
    with at_home() as place:
        place.enrol()
        with running_daemon(place) as process:
            made = Desk(place, process)
            made.arm()
            yield made


@pytest.fixture
def hung_screen(desk: Desk) -> Generator[Terminal]:
    """A console that is attached to the daemon and was stopped where it stood."""
    environ = surroundings(desk.place.folder, desk.place.found)
    screen = Terminal(desk.place.command()[1:], size=(120, 40), environ=environ)
    try:
        screen.wait_for("Positions", 60)
        screen.kill(signal.SIGSTOP)
        yield screen
    finally:
        screen.close()


# A hung screen, a hung engine


def test_a_signal_and_a_kill_from_elsewhere_hold_while_the_screen_hangs(
    desk: Desk, hung_screen: Terminal
) -> None:
    desk.trades()
    desk.process.send_signal(signal.SIGUSR1)
    desk.until(_proven, "the halt is proven")
    assert desk.place.open_orders() == []
    desk.no_order_leaves()
    # By hand, on the website: a kill ends what is there, whoever placed it.
    desk.place.admin.ask("place", side="buy", symbol="BTC/USD", quantity="0.01", price="40000")
    status, told = desk.place.run("--kill", "the screen hangs")
    assert (status, "live: VERIFIED" in told) == (0, True), told
    assert desk.place.open_orders() == []
    desk.no_order_leaves()
    hung_screen.kill(signal.SIGCONT)
    hung_screen.wait_for("KILLED", 60)


def test_a_kill_holds_while_the_engine_hangs_which_takes_the_evidence_up_when_it_wakes(
    desk: Desk,
) -> None:
    desk.trades()
    os.kill(desk.process.pid, signal.SIGSTOP)
    try:
        status, told = desk.place.run("--kill", "the engine hangs")
    finally:
        os.kill(desk.process.pid, signal.SIGCONT)
    assert (status, "clients of our own" in told) == (0, True), told
    assert "live: VERIFIED" in told
    assert desk.place.open_orders() == []
    book = desk.place.folder / "data" / "live"
    assert (book / "HALT").exists()
    desk.until(lambda b: b.halts and b.halts[0].level == Level.HALT_CANCEL, "it wakes up")
    desk.no_order_leaves()

    desk.until(_proven, "the engine proves it by itself too")
    ask = ReadLedger(kind="halt_evidenced", limit=50)
    page = desk.do(lambda remote: remote.ask(ask))
    assert any("quarterdeck --kill" in row.payload for row in page.rows), "it took the evidence up"


# A full disk


@contextmanager
def small_disk(place: Home) -> Generator[None]:
    """The data directory on 24 MB of its own, where this may be mounted."""
    data = str(place.folder / "data")
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m,mode=0700", "tmpfs", data]
    mounted = os.geteuid() == 0 and not subprocess.run(mount, check=False).returncode
    try:
        yield
    finally:
        if mounted:
            subprocess.run(["umount", data], check=True)


@contextmanager
def full_disk(desk: Desk) -> Generator[None]:
    """Not one byte more can be written below the data directory, until the block ends.

    On a small disk a file fills it; elsewhere no file of the engine may grow any more.
    """
    data, daemon = desk.place.folder / "data", desk.process.pid
    if not data.is_mount():
        before = resource.prlimit(daemon, resource.RLIMIT_FSIZE)
        resource.prlimit(daemon, resource.RLIMIT_FSIZE, (0, before[1]))
        yield
        resource.prlimit(daemon, resource.RLIMIT_FSIZE, before)
        return
    ballast = data / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 16, 1):
            _filled(file, size)
    yield
    ballast.unlink()


def _filled(file: Any, size: int) -> None:
    try:
        while file.write(b"\0" * size):
            pass
    except OSError:
        return


def test_a_kill_holds_on_a_full_disk_and_when_there_is_room_again() -> None:
    with at_home() as place, small_disk(place):
        place.enrol()
        with running_daemon(place) as process:
            desk = Desk(place, process)
            desk.arm()
            desk.trades()
            with full_disk(desk):
                # A ledger that takes nothing may keep it from being proven, and from nothing else.
                status, told = place.run("--kill", "the disk is full", within_s=150)
                assert status in (0, 75), told
                assert ("live: NOT VERIFIED" in told) is (status == 75), told
                assert place.open_orders() == []
                desk.no_order_leaves()
            desk.no_order_leaves()
            desk.ends()
        assert place.run("ledger", "verify")[0] == 0


# Vault down


@needs_bao
def test_a_kill_holds_while_vault_is_down_and_proves_nothing_without_a_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    monkeypatch.setenv("VAULT_ADDR", address)
    monkeypatch.setenv("VAULT_TOKEN", ROOT)
    words = ("-dev", f"-dev-root-token-id={ROOT}", f"-dev-listen-address=127.0.0.1:{port}")
    with (
        running(*words, "-dev-no-store-token", address=address) as server,
        at_home() as place,
    ):
        _keys_into_vault(place)
        place.enrol()
        with running_daemon(place) as process:
            desk = Desk(place, process)
            desk.arm()
            desk.trades()
            server.kill()
            server.wait()
            status, told = place.run("--kill", "Vault is down")
            assert (status, "live: VERIFIED" in told) == (0, True), told
            assert place.open_orders() == []
            desk.no_order_leaves()
            desk.ends()
        place.admin.ask("place", side="buy", symbol="BTC/USD", quantity="0.01", price="40000")
        status, told = place.run("--kill", "nobody has a key")
        assert (status, "no venue could be opened" in told) == (69, True), told
        assert not re.search(r"\bVERIFIED", told)
        assert len(place.open_orders()) == 1
        assert (place.folder / "data" / "live" / "HALT").exists()


def _keys_into_vault(place: Home) -> None:
    config = place.folder / "trading_config.yaml"
    text = config.read_text(encoding="utf-8").replace("\nrisk:", f"\n{KEYS_IN_VAULT}risk:", 1)
    config.write_text(text, encoding="utf-8")
    for words, purpose in ((READ, "read"), (TRADE, "trade")):
        status, told = place.run("secrets", "set", *words, text=typed(place, purpose))
        assert status == 0, told
