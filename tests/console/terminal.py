"""A real terminal for tests: a child under a pty, its bytes kept, its screen emulated by pyte."""

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import pyte

ROOT = Path(__file__).parents[2]
PLAY = ("-m", "tests.console.play")


class Terminal:
    """A child process on a pty of its own; it is a session leader with a controlling terminal."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        size: tuple[int, int] = (100, 30),
        environ: dict[str, str] | None = None,
        ignore_hangup: bool = False,
    ) -> None:
        self.bytes = b""
        self._screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self._screen)
        told = {**os.environ, "TERM": "xterm-256color", "PYTHONPATH": str(ROOT), **(environ or {})}
        told.pop("NO_COLOR", None)
        if not environ or "COLUMNS" not in environ:
            told.pop("COLUMNS", None)  # pytest-xdist sets both in its workers
            told.pop("LINES", None)
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.chdir(ROOT)
            if ignore_hangup:
                signal.signal(signal.SIGHUP, signal.SIG_IGN)
            os.execve(sys.executable, [sys.executable, *arguments], told)
        self.resize(*size)

    def resize(self, width: int, height: int) -> None:
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        self._screen.resize(height, width)

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self._screen.display)

    def read(self, for_s: float = 0.1) -> None:
        """Take in what the child writes for a while."""
        until = time.monotonic() + for_s
        while (left := until - time.monotonic()) > 0:
            ready, _, _ = select.select([self._fd], [], [], left)
            if not ready:
                return
            try:
                data = os.read(self._fd, 65_536)
            except OSError:
                return
            if not data:
                return
            self.bytes += data
            # A lone colon form of SGR and private modes that pyte does not know are not text.
            with suppress(Exception):
                self._stream.feed(data)

    def wait_for(self, condition: str | Callable[[], bool], timeout_s: float = 10) -> None:
        """Wait until the screen shows a text, or a condition holds."""
        until = time.monotonic() + timeout_s
        while time.monotonic() < until:
            self.read(0.05)
            if condition in self.text if isinstance(condition, str) else condition():
                return
        raise AssertionError(f"waited in vain for {condition!r}:\n{self.text}")

    def press(self, *keys: str, pause_s: float = 0.06) -> None:
        for key in keys:
            os.write(self._fd, KEYS.get(key, key).encode())
            self.read(pause_s)

    def kill(self, number: int) -> None:
        os.kill(self.pid, number)

    def hang_up(self) -> None:
        """Close the terminal, as closing its window does."""
        os.close(self._fd)
        self._fd = -1

    def exit_code(self, timeout_s: float = 8) -> int:
        """Wait for the end; the code, negative for a signal."""
        until = time.monotonic() + timeout_s
        while time.monotonic() < until:
            if self._fd >= 0:
                self.read(0.05)
            else:
                time.sleep(0.02)
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                if self._fd >= 0:
                    self.read(0.05)
                self.pid = 0
                return os.waitstatus_to_exitcode(status)
        raise AssertionError(f"the child did not end:\n{self.text}")

    def close(self) -> None:
        """End what is left."""
        if self.pid:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.pid = 0
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


KEYS = {
    "ctrl+x": "\x18",
    "f12": "\x1b[24~",
    "escape": "\x1b",
    "enter": "\r",
    "tab": "\t",
    "up": "\x1b[A",
    "down": "\x1b[B",
}
