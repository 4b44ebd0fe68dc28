"""`quarterdeck --kill REASON`: stop everything, with an engine, a hung engine, or none.

`--scope` and `--level` make it less than everything. Marker first; then the engine is asked and
has two seconds to answer; after that this process cancels with clients of its own and writes
what it saw beside the marker, where the engine finds it. It never opens the ledger. The one
rule: 0 means verified, and nothing else does.
"""

import asyncio
import logging
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace

from cli.hardening import harden
from cli.kill_alone import alone
from cli.kill_words import (
    GRAVITY,
    End,
    Outcome,
    Voice,
    answer,
    document,
    sentence,
    telling,
    voice_of,
    waiting_for,
)
from cli.render import complain
from cli.user import data_directory
from domain.asks import Trip
from domain.board import Board, Mode
from domain.codec import Undecodable
from domain.errors import DeskError, Misconfigured, Refused, Unavailable
from domain.halts import GLOBAL, Halt, Level, Marker
from engine.names import token
from engine.remote import RemoteDesk, attached
from storage.marker import FileMarker
from storage.places import BOOKS, Places

ANSWER_S = 2
VERIFY_S = 60
log = logging.getLogger(__name__)


async def kill(args: Namespace) -> int:
    """Kill every book that is asked for: the flag's, or all that exist."""
    harden()  # keys may be in our environment from the start, and a hung engine takes its time
    # Every marker first, and then side by side: no book waits for another one's engine.
    voice = voice_of(json=args.json)
    marked = [_mark(args, book, voice) for book in _books(args)]
    work = (_kill_book(args, places, marker, voice) for places, marker in marked)
    ended = await asyncio.gather(*work, return_exceptions=True)
    for outcome in ended:
        if isinstance(outcome, BaseException):
            raise outcome
    outcomes = [outcome for outcome in ended if isinstance(outcome, Outcome)]
    worst = max((each.end for each in outcomes), key=GRAVITY.index, default=End.NO_VENUE)
    answer(document(outcomes, worst.status) if args.json else "")
    return worst.status


def _books(args: Namespace) -> Sequence[str]:
    """The book of the mode flag; without one every book that exists: stopping is the safe way."""
    data_dir = data_directory(args)
    if args.mode:
        return ("live",) if args.mode in ("LIVE", "OBSERVE") else (args.mode.lower(),)
    there = [book for book in BOOKS if (data_dir / book).is_dir()]
    if not there:
        complain(f"there is no book in {data_dir}; nothing was ever started there")
    return there


def _mark(args: Namespace, book: str, voice: Voice) -> tuple[Places, Marker]:
    places, marker = Places(data_directory(args), book), _marker(args)
    _write(places, marker)
    what = "" if marker.scope == GLOBAL else f" in {marker.scope}"
    if marker.level is Level.REDUCE_ONLY:
        voice(f"{book}: HALT written; only sales of what is held leave{what}")
    else:
        voice(f"{book}: HALT written; no further order leaves{what}")
    return places, marker


async def _kill_book(args: Namespace, places: Places, marker: Marker, voice: Voice) -> Outcome:
    halt = await _through_the_engine(places, marker, voice)
    if halt is not None:
        return _told(places.book, halt, voice)
    end, evidence = await alone(args, places, marker, voice)
    return Outcome(
        book=places.book,
        end=end,
        by="this process",
        level=marker.level,
        scope=marker.scope,
        halt_id=marker.halt_id,
        evidence=evidence,
    )


def _marker(args: Namespace) -> Marker:
    from cli.clock import SystemClock, SystemDice  # noqa: PLC0415 - the first act needs no more

    return Marker(
        halt_id=token(SystemDice()),
        level=Level[args.kill_level],
        reason=args.kill.strip(),
        actor="quarterdeck --kill",
        at_us=SystemClock().now_us(),
        scope=args.kill_scope,
    )


def _write(places: Places, marker: Marker) -> None:
    try:
        places.prepare()
        FileMarker(places.halt).write(marker)
    except (OSError, Misconfigured) as error:
        # A full disk does not stop the rest: the engine is asked, the orders are cancelled.
        complain(f"the marker could not be written: {error}")


# With an engine


async def _through_the_engine(places: Places, marker: Marker, voice: Voice) -> Halt | None:
    """Ask the engine; None when it is not there or does not answer in time."""
    try:
        path = places.socket()
        async with asyncio.timeout(ANSWER_S + VERIFY_S), attached(path, hz=0) as desk:
            ask = Trip(
                reason=marker.reason,
                level=marker.level,
                halt_id=marker.halt_id,
                scope=marker.scope,
            )
            async with asyncio.timeout(ANSWER_S):
                marker = await _asked(desk, ask, marker, voice)
            await desk.watching(10)
            if desk.board.mode is Mode.OBSERVE:
                voice("the engine only observes: cancelling with clients of our own")
                return None
            voice("the engine has stopped; it cancels and verifies now")
            return await _verified(desk, marker, places.book, voice)
    except (Unavailable, TimeoutError, Misconfigured) as error:
        log.info("no answer from an engine: %s", error)
        voice("no engine answers: cancelling with clients of our own")
        return None
    except (DeskError, Undecodable, OSError) as error:
        # Whatever an engine says instead of yes: the orders are cancelled all the same.
        voice(f"the engine does not stop ({error}): cancelling with clients of our own")
        return None


async def _asked(desk: RemoteDesk, ask: Trip, marker: Marker, voice: Voice) -> Marker:
    """Trip; what the desk has not is everything there, and so the marker means everything."""
    try:
        await desk.ask(ask)
    except Refused as error:
        if error.rule != "scope":
            raise
        voice(f"{error.reason}: the engine halts everything, as the marker says")
        return replace(marker, scope=GLOBAL)
    return marker


async def _verified(desk: RemoteDesk, marker: Marker, book: str, voice: Voice) -> Halt | None:
    """The engine's halt once it is proven, or as it stands when the time is up."""

    def still() -> str:
        halt = _of(desk.board, marker)
        if halt is None:
            return "the engine has not written the halt yet; it cancels all the same"
        return waiting_for(halt.evidence)

    try:
        with telling(voice, book, still):
            async with asyncio.timeout(VERIFY_S):
                async for board in desk.watch():
                    halt = _of(board, marker)
                    if halt is not None and not halt.cancels:
                        return halt
    except TimeoutError:
        pass
    return _of(desk.board, marker)


def _of(board: Board, marker: Marker) -> Halt | None:
    """The halt that this kill tripped or raised."""
    return next(
        (h for h in board.halts if h.scope == marker.scope and h.level >= marker.level), None
    )


def _told(book: str, halt: Halt, voice: Voice) -> Outcome:
    for seen in halt.evidence:
        voice(f"{book} {sentence(seen)}")
    if halt.level is Level.HALT:
        end = End.HALTED
        voice(f"{book}: HALTED; working orders stay")
    else:
        end = End.NOT_VERIFIED if halt.cancels else End.VERIFIED
        voice(
            f"{book}: {'NOT VERIFIED: the engine goes on trying' if halt.cancels else 'VERIFIED'}"
        )
    return Outcome(
        book=book,
        end=end,
        by="engine",
        level=halt.level,
        scope=halt.scope,
        halt_id=halt.halt_id,
        evidence=halt.evidence,
    )
