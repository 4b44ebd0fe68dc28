"""The script of chaos: which acts, in which order, drawn from the seed.

A deck of every act at every venue is shuffled and dealt until the time is up, then shuffled
again; lives of the daemon end in the first part of the run only, so that the last life is long
enough to judge its memory. The one rule: two acts of one venue never overlap.
"""

import asyncio
from collections.abc import Collection, Iterator

from domain.errors import Unavailable
from tests.soak import desk_acts, scoped_acts, venue_acts, warden
from tests.soak.home import Stall
from tests.soak.stage import WORDS, DeskAct, Stage, VenueAct

PAUSE_S = (1.0, 4.0)
LIVES_UNTIL = 0.35  # of the run: after that the daemon is left to live
LEAST_FOR_LIVES_S = 120
LEAST_FOR_KILLS_S = 60
TOGETHER = 0.25  # of the acts come with one at the other venue
Card = tuple[VenueAct, Stall] | tuple[DeskAct, None]


async def perform(stage: Stage, for_s: float, only: Collection[str] = ()) -> None:
    """Chaos for so many seconds; of `only` these acts, where any are named."""
    until_s, cards = stage.diary.now_s + for_s, deal(stage, for_s, only)
    endings = iter(_endings(stage, for_s))
    due_s, ending = next(endings, (0.0, None))
    while (left_s := until_s - stage.diary.now_s) > 0:
        if ending is not None and for_s - left_s >= due_s:
            await _act(stage, (ending, None), left_s)
            due_s, ending = next(endings, (0.0, None))
        else:
            card = next(cards)
            await asyncio.gather(*(_act(stage, each, left_s) for each in _hand(stage, card, only)))
            await stage.calm()
            await warden.cleared(stage)
        await stage.hold(*PAUSE_S)


def names() -> list[str]:
    """Every act that can be dealt."""
    every = (*venue_acts.ACTS, *desk_acts.ACTS, *scoped_acts.ACTS)
    return sorted(act.__name__ for act in every)


def deal(stage: Stage, for_s: float, only: Collection[str] = ()) -> Iterator[Card]:
    """Acts for ever; each of them once before any comes again."""
    while True:
        deck: list[Card] = [(act, stall) for stall in stage.home.stalls for act in venue_acts.ACTS]
        if for_s >= LEAST_FOR_KILLS_S:
            deck += [(act, None) for act in (*desk_acts.ACTS, *scoped_acts.ACTS)]
        else:
            deck.append((desk_acts.frozen, None))
        deck = [card for card in deck if not only or card[0].__name__ in only]
        if not deck:
            raise ValueError("so short a run has none of these acts")
        stage.dice.shuffle(deck)
        yield from deck


def _endings(stage: Stage, for_s: float) -> list[tuple[float, DeskAct]]:
    """When lives end, and how: (seconds into the run, act)."""
    if for_s < LEAST_FOR_LIVES_S:
        return []
    times = sorted(stage.dice.uniform(0.05, LIVES_UNTIL) * for_s for _ in range(3))
    return list(zip(times, (desk_acts.killed, desk_acts.drained, desk_acts.killed), strict=True))


def _hand(stage: Stage, card: Card, only: Collection[str]) -> list[Card]:
    """The card, now and then with one for another venue beside it."""
    others = [stall for stall in stage.home.stalls if stall is not card[1]]
    if card[1] is None or not others or stage.dice.random() >= TOGETHER:
        return [card]
    beside = [act for act in venue_acts.ACTS if not only or act.__name__ in only]
    return [card, (stage.dice.choice(beside), stage.dice.choice(others))]


async def _act(stage: Stage, card: Card, left_s: float) -> None:
    act, stall = card
    name = act.__name__.replace("_", " ")
    stage.diary.act(name, "" if stall is None else stall.family)
    try:
        async with asyncio.timeout(max(left_s, 30) + 240):
            if stall is None:
                told = await act(stage)  # type: ignore[call-arg]
            else:
                told = await act(stage, stall, WORDS[stall.family])  # type: ignore[call-arg]
    except Unavailable as error:
        told = f"not done: {error}"
    stage.diary.note(f"     {name}: {told}")
