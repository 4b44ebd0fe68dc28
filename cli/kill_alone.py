"""A kill without an engine: this process cancels with clients of its own.

It never opens the ledger; what it saw lies beside the marker, where the engine finds it.
"""

import asyncio
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import replace

from cli.ground import Ground, stand
from cli.kill_words import End, Voice, sentence, telling, waiting_for
from cli.render import complain
from cli.venue_access import access
from domain.board import Mode
from domain.codec import encode
from domain.errors import DeskError
from domain.halts import Evidence, Level, Marker, scope_of
from domain.orders import Side, VenueOrder
from domain.scopes import Reach
from engine.sweep import Sweep
from storage.marker import EvidenceLog, FileMarker
from storage.places import Places

OWN_DEADLINE_S = 45
RETRY_S = 1


async def alone(
    args: Namespace, places: Places, marker: Marker, voice: Voice
) -> tuple[End, tuple[Evidence, ...]]:
    """Cancel with our own clients; what is seen goes beside the marker."""
    if marker.level is Level.HALT:
        voice(f"{places.book}: working orders stay; nothing is sent while the marker lies there")
        return (End.HALTED if FileMarker(places.halt).present() else End.NOT_VERIFIED), ()
    reach = scope_of(marker.scope)
    if reach.reach is Reach.STRATEGY:
        complain(
            f"{places.book}: only the ledger knows which orders are {reach}'s: the engine cancels "
            'them when it starts; to cancel everything now: quarterdeck --kill "REASON"'
        )
        return End.NOT_VERIFIED, ()
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
            return await _swept(places, marker, sweeps, ground, voice)
    except DeskError as error:
        complain(f"{places.book}: no venue could be opened: {error}")
        return End.NO_VENUE, ()


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


async def _swept(
    places: Places, marker: Marker, sweeps: Sequence[Sweep], ground: Ground, voice: Voice
) -> tuple[End, tuple[Evidence, ...]]:
    if not sweeps:
        complain(f"{places.book}: no account is configured in {marker.scope}")
        return End.NO_VENUE, ()
    with telling(voice, places.book, lambda: waiting_for(s.evidence for s in sweeps)):
        await _until_verified(sweeps, EvidenceLog(places.directory, marker.halt_id), ground)
    evidence = tuple(sweep.evidence for sweep in sweeps)
    for seen in evidence:
        voice(f"{places.book} {sentence(seen)}")
    if all(seen.verified for seen in evidence):
        voice(f"{places.book}: VERIFIED")
        return End.VERIFIED, evidence
    reached = any(seen.still_open >= 0 for seen in evidence)
    voice(f"{places.book}: NOT VERIFIED: run it again, and look at the venue yourself")
    return (End.NOT_VERIFIED if reached else End.NO_VENUE), evidence


async def _until_verified(
    sweeps: Sequence[Sweep], evidence_log: EvidenceLog, ground: Ground
) -> None:
    until = ground.clock.monotonic_us() + OWN_DEADLINE_S * 1_000_000
    while True:
        waiting = [sweep for sweep in sweeps if not sweep.evidence.verified]
        for seen in await asyncio.gather(*(sweep.attempt() for sweep in waiting)):
            _note(evidence_log, seen, ground.clock.now_us())
        if all(sweep.evidence.verified for sweep in sweeps):
            return
        if ground.clock.monotonic_us() > until:
            return
        await asyncio.sleep(RETRY_S)


def _note(evidence_log: EvidenceLog, seen: Evidence, at_us: int) -> None:
    try:
        evidence_log.write({"at_us": at_us, "evidence": encode(seen)})
    except OSError as error:
        complain(f"the evidence could not be written: {error}")
