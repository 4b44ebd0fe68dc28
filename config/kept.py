"""What a store of secrets gives and takes, and what it means that one beyond this machine is down.

The one rule: a call that leaves the process has a limit of its own; whoever waits for it is
never held longer, whatever the other end does.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol, TypeVar

from domain.errors import Unavailable

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Kept:
    """An entry as a store has it: a JSON object's text, shown by no `repr`.

    `version` is the store's own name of it, "" where it has none; `at_us` when that version was
    written, UTC microseconds, 0 where the store does not tell.
    """

    text: str
    version: str = ""
    at_us: int = 0


class Store(Protocol):
    """A store beyond this machine: entries under a place (Vault's mount, AWS's first word)."""

    def read(self, place: str, entry: str) -> Kept | None:
        """The newest version; None when there is none.

        Raises:
            StoreDown: it does not answer, or is sealed.
            Misconfigured: it refuses us, or is not to be found as it is configured.
        """
        ...

    def write(self, place: str, entry: str, text: str, after: Kept | None) -> None:
        """Keep a new version of what was `after` when it was read; None: of nothing.

        Raises as `read`, and Unavailable when somebody wrote another version meanwhile.
        """
        ...

    def upkeep(self) -> tuple[float, str]:
        """Keep the access alive: seconds to the next call of this, and what is wrong, or ""."""
        ...


class StoreDown(Unavailable):
    """A store beyond this machine does not answer: what it has is there, and cannot be had now."""


def within(question: Callable[[], T], seconds: float, name: str, late: Unavailable) -> T:
    """The answer, asked for in a thread called `name`; raises `late` when it takes too long.

    Libraries of stores block, some without any limit. A daemon thread is left behind if need
    be; an executor's would be waited for at exit.
    """
    answer: Future[T] = Future()

    def ask() -> None:
        try:
            answer.set_result(question())
        except Exception as error:  # noqa: BLE001 -- raised again in the asking thread
            answer.set_exception(error)

    threading.Thread(target=ask, name=name, daemon=True).start()
    try:
        return answer.result(seconds)
    except TimeoutError:
        if answer.done():  # just now, or with a TimeoutError of its own
            return answer.result()
        raise late from None
