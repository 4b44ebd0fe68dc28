"""`quarterdeck --kill REASON`: stop everything, with an engine, a hung engine, or none.

`--scope` and `--level` make it less than everything. Marker first; then the engine is asked and
has two seconds to answer; after that this process cancels with clients of its own and writes
what it saw beside the marker, where the engine finds it. It never opens the ledger. The one
rule: 0 means verified, and nothing else does.
"""

import asyncio
import logging
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import replace

from cli.ground import Ground, stand
from cli.hardening import harden
from cli.render import as_json, complain, say
from cli.user import data_directory
from cli.venue_access import access
from domain.asks import Trip
from domain.board import Board, Mode
from domain.codec import Undecodable, encode
from domain.errors import DeskError, Misconfigured, Refused, Unavailable
from domain.halts import GLOBAL, Evidence, Halt, Level, Marker, scope_of
from domain.orders import Side, VenueOrder
from domain.scopes import Reach
from engine.names import token
from engine.remote import RemoteDesk, attached
from engine.sweep import Sweep
from storage.marker import EvidenceLog, FileMarker
from storage.places import BOOKS, Places

ANSWER_S = 2
VERIFY_S = 60
OWN_DEADLINE_S = 45
RETRY_S = 1
VERIFIED, NOT_VERIFIED, NO_VENUE = 0, 75, 69
log = logging.getLogger(__name__)


async def kill(args: Namespace) -> int:
    """Kill every book that is asked for: the flag's, or all that exist."""
    harden()  # keys may be in our environment from the start, and a hung engine takes its time
    # Every marker first, and then side by side: no book waits for another one's engine.
    marked = [_mark(args, book) for book in _books(args)]
    work = (_kill_book(args, places, marker) for places, marker in marked)
    outcomes = await asyncio.gather(*work, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
    told = [outcome for outcome in outcomes if isinstance(outcome, int)]
    return max(told, key=_gravity, default=NO_VENUE)


def _gravity(outcome: int) -> int:
    return (VERIFIED, NO_VENUE, NOT_VERIFIED).index(outcome)


def _books(args: Namespace) -> Sequence[str]:
    """The book of the mode flag; without one every book that exists: stopping is the safe way."""
    data_dir = data_directory(args)
    if args.mode:
        return ("live",) if args.mode in ("LIVE", "OBSERVE") else (args.mode.lower(),)
    there = [book for book in BOOKS if (data_dir / book).is_dir()]
    if not there:
        complain(f"there is no book in {data_dir}; nothing was ever started there")
    return there


def _mark(args: Namespace, book: str) -> tuple[Places, Marker]:
    places, marker = Places(data_directory(args), book), _marker(args)
    _write(places, marker)
    what = "" if marker.scope == GLOBAL else f" in {marker.scope}"
    if marker.level is Level.REDUCE_ONLY:
        say(f"{book}: HALT written; only sales of what is held leave{what}")
    else:
        say(f"{book}: HALT written; no further order leaves{what}")
    return places, marker


async def _kill_book(args: Namespace, places: Places, marker: Marker) -> int:
    halt = await _through_the_engine(places, marker)
    if halt is not None:
        return _told(places.book, halt, json=args.json)
    return await _alone(args, places, marker)


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


async def _through_the_engine(places: Places, marker: Marker) -> Halt | None:
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
                marker = await _asked(desk, ask, marker)
            await desk.watching(10)
            if desk.board.mode is Mode.OBSERVE:
                say("the engine only observes: cancelling with clients of our own")
                return None
            say("the engine has stopped; it cancels and verifies now")
            return await _verified(desk, marker)
    except (Unavailable, TimeoutError, Misconfigured) as error:
        log.info("no answer from an engine: %s", error)
        say("no engine answers: cancelling with clients of our own")
        return None
    except (DeskError, Undecodable, OSError) as error:
        # Whatever an engine says instead of yes: the orders are cancelled all the same.
        say(f"the engine does not stop ({error}): cancelling with clients of our own")
        return None


async def _asked(desk: RemoteDesk, ask: Trip, marker: Marker) -> Marker:
    """Trip; what the desk has not is everything there, and so the marker means everything."""
    try:
        await desk.ask(ask)
    except Refused as error:
        if error.rule != "scope":
            raise
        say(f"{error.reason}: the engine halts everything, as the marker says")
        return replace(marker, scope=GLOBAL)
    return marker


async def _verified(desk: RemoteDesk, marker: Marker) -> Halt | None:
    """The engine's halt once it is proven, or as it stands when the time is up."""
    try:
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


def _told(book: str, halt: Halt, *, json: bool) -> int:
    if json:
        say(as_json(halt))
    for seen in halt.evidence:
        say(f"{book} {_sentence(seen)}")
    verified = not halt.cancels
    if halt.level is Level.HALT:
        say(f"{book}: HALTED; working orders stay")
        return VERIFIED
    say(f"{book}: {'VERIFIED' if verified else 'NOT VERIFIED: the engine goes on trying'}")
    return VERIFIED if verified else NOT_VERIFIED


def _sentence(seen: Evidence) -> str:
    if seen.verified:
        return f"{seen.account}: {seen.cancelled} cancelled, verified in {seen.verified_ms} ms"
    still = "?" if seen.still_open < 0 else seen.still_open
    return f"{seen.account}: {still} still open after {seen.attempts} tries: {seen.error}"


# Without one


async def _alone(args: Namespace, places: Places, marker: Marker) -> int:
    """Cancel with our own clients; what is seen goes beside the marker."""
    if marker.level is Level.HALT:
        say(f"{places.book}: working orders stay; nothing is sent while the marker lies there")
        return VERIFIED if FileMarker(places.halt).present() else NOT_VERIFIED
    reach = scope_of(marker.scope)
    if reach.reach is Reach.STRATEGY:
        complain(
            f"{places.book}: only the ledger knows which orders are {reach}'s: the engine cancels "
            'them when it starts; to cancel everything now: quarterdeck --kill "REASON"'
        )
        return NOT_VERIFIED
    try:
        ground = replace(_ground(args, places), places=places)
        async with access(
            ground, None, ground.secrets(places.book), lambda *_: None, hurry=True
        ) as opened:
            inside = _inside(marker)
            sweeps = [
                Sweep(
                    account,
                    c.readers[account],
                    c.traders.get(account),
                    c.traits,
                    ground.clock,
                    inside=inside,
                )
                for c in opened.connections
                for account in c.readers
                if reach.touches(account)
            ]
            return await _swept(places, marker, sweeps, ground)
    except DeskError as error:
        complain(f"{places.book}: no venue could be opened: {error}")
        return NO_VENUE


def _inside(marker: Marker) -> Callable[[VenueOrder], bool] | None:
    """Which rows of a venue's list must go; None: all of them.

    Without the ledger nobody can tell our orders of a symbol from others', nor what is held:
    every order of the symbol goes, and at REDUCE_ONLY every order that is not a sale.
    """
    reach = scope_of(marker.scope)
    sales_stay = marker.level is Level.REDUCE_ONLY
    if reach.takes_foreign and not sales_stay:
        return None

    def inside(row: VenueOrder) -> bool:
        return reach.covers(row.account, row.symbol, "") and not (
            sales_stay and row.side is Side.SELL
        )

    return inside


def _ground(args: Namespace, places: Places) -> Ground:
    """The configuration of the book; killing is allowed where starting would be refused."""
    # What LIVE asks of the settings at a start is nothing that a kill needs; its trade keys are.
    mode = {"live": "OBSERVE", "demo": "DEMO", "paper": "PAPER"}[places.book]
    ground = stand(Namespace(**{**vars(args), "mode": mode}))
    return replace(ground, mode=Mode.LIVE) if places.book == "live" else ground


async def _swept(places: Places, marker: Marker, sweeps: Sequence[Sweep], ground: Ground) -> int:
    if not sweeps:
        complain(f"{places.book}: no account is configured in {marker.scope}")
        return NO_VENUE
    evidence_log = EvidenceLog(places.directory, marker.halt_id)
    until = ground.clock.monotonic_us() + OWN_DEADLINE_S * 1_000_000
    while True:
        waiting = [sweep for sweep in sweeps if not sweep.evidence.verified]
        for seen in await asyncio.gather(*(sweep.attempt() for sweep in waiting)):
            _note(evidence_log, seen, ground.clock.now_us())
        if all(sweep.evidence.verified for sweep in sweeps):
            break
        if ground.clock.monotonic_us() > until:
            break
        await asyncio.sleep(RETRY_S)
    for sweep in sweeps:
        say(f"{places.book} {_sentence(sweep.evidence)}")
    if all(sweep.evidence.verified for sweep in sweeps):
        say(f"{places.book}: VERIFIED")
        return VERIFIED
    reached = any(sweep.evidence.still_open >= 0 for sweep in sweeps)
    say(f"{places.book}: NOT VERIFIED: run it again, and look at the venue yourself")
    return NOT_VERIFIED if reached else NO_VENUE


def _note(evidence_log: EvidenceLog, seen: Evidence, at_us: int) -> None:
    try:
        evidence_log.write({"at_us": at_us, "evidence": encode(seen)})
    except OSError as error:
        complain(f"the evidence could not be written: {error}")
