"""What `--kill` tells a person while it works, and a program once it is done.

The one rule: with `--json` the answer is one document on stdout, and all else goes to stderr.
"""

import asyncio
import sys
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum

from cli.render import answering, as_json, complain, say
from domain.errors import Unavailable
from domain.halts import Evidence, Level

TELL_S = 5
Voice = Callable[[str], None]


class End(Enum):
    """How it ended for one book, in words; its status is the process's."""

    VERIFIED = "verified"
    HALTED = "halted, working orders stay"
    NO_VENUE = "no venue was reached"
    NOT_VERIFIED = "not verified"

    @property
    def status(self) -> int:
        """0 means proven, or that nothing was to be cancelled, and nothing else does."""
        return {End.NOT_VERIFIED: 75, End.NO_VENUE: 69}.get(self, 0)


GRAVITY = tuple(End)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One book's end. `by` is who cancelled: "engine", or "this process"."""

    book: str
    end: End
    by: str
    level: Level
    scope: str
    halt_id: str
    evidence: tuple[Evidence, ...] = ()


def voice_of(*, json: bool) -> Voice:
    """Where what happens is told while it happens; it fails nobody, a kill goes on unheard."""
    return complain if json else _unheard


def _unheard(text: str) -> None:
    with suppress(Unavailable):
        say(text)


def answer(text: str) -> None:
    """The document, if there is one, and whatever is not written yet; the status is the answer."""
    with suppress(Unavailable), answering():
        sys.stdout.write(text)
        sys.stdout.flush()


def document(outcomes: Iterable[Outcome], status: int) -> str:
    """The answer to a program."""
    books = [
        {
            "book": each.book,
            "end": each.end.value,
            "by": each.by,
            "level": each.level.name,
            "scope": each.scope,
            "halt_id": each.halt_id,
            "accounts": list(each.evidence),
        }
        for each in outcomes
    ]
    return as_json({"status": status, "books": books}) + "\n"


def sentence(seen: Evidence) -> str:
    """One account's evidence."""
    if seen.verified:
        return f"{seen.account}: {seen.cancelled} cancelled, verified in {seen.verified_ms} ms"
    still = "?" if seen.still_open < 0 else seen.still_open
    why = seen.error or "not proven yet"
    return f"{seen.account}: {still} still open after {seen.attempts} tries: {why}"


def waiting_for(evidence: Iterable[Evidence]) -> str:
    """What is not proven yet."""
    open_at = [sentence(seen) for seen in evidence if not seen.verified]
    return "; ".join(open_at) or "no account has answered yet"


@contextmanager
def telling(voice: Voice, book: str, what: Callable[[], str]) -> Generator[None]:
    """Within the block, say every five seconds what is still waited for."""
    loop = asyncio.get_running_loop()
    began, over = loop.time(), False

    def tell() -> None:
        if not over:
            loop.call_later(TELL_S, tell)
            voice(f"{book}: after {loop.time() - began:.0f} s: {what()}")

    loop.call_later(TELL_S, tell)
    try:
        yield
    finally:
        over = True
