"""One run: settle in, chaos, calm, the reckoning, the table. Its exit status.

The one rule: whatever is found is a violation with its time and the act before it; the run goes
on to its end, because one finding explains another.
"""

import asyncio
import logging
import re
import signal
from argparse import Namespace
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from random import Random

from domain import asks
from domain.board import Board, Phase
from domain.errors import DeskError
from domain.halts import Level
from tests.soak import canary, gauges, reckoning, script, warden
from tests.soak.books import Books, read_books
from tests.soak.diary import Diary
from tests.soak.home import Home, at_home
from tests.soak.reckoning import Finding
from tests.soak.screen import SlowScreen
from tests.soak.seat import Codes, Seat
from tests.soak.stage import Stage
from tests.soak.trader import Trader

SAMPLE_S = 1.0
REST_S = 3
LOOK_S = 0.5
# What only a bug writes into the log: a traceback, or what asyncio says of a task nobody awaits.
BUGS = re.compile(r"Traceback|was never retrieved|was never awaited|an ask failed in the desk")


async def run(options: Namespace) -> int:
    """Run by the options of `python -m tests.soak`. 0 without a violation, else 1."""
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    diary = Diary()
    diary.note(f"seed {options.seed}, {options.minutes} minutes, venues {options.venues}")
    with at_home(
        options.venues, options.seed, options.step_ms, plants=options.plant, keep=options.keep
    ) as home:
        await home.enrol()
        await home.start()
        stage = _stage(home, diary, options)
        async with _company(stage, options) as screen:
            await _chaos(stage, options)
            await stage.calm()
            await warden.cleared(stage)
            await _settled(stage, options.settle)
        await _last_day(stage)
        books = await asyncio.to_thread(read_books, home.places.ledger)
        for finding in await _found(stage, books):
            diary.violation(finding.what, finding.at_us)
        _told(stage, books, screen, await _events(home))
    return 1 if diary.violations else 0


def _stage(home: Home, diary: Diary, options: Namespace) -> Stage:
    dice = Random(options.seed)
    seat = Seat(home)
    accounts = [stall.account for stall in home.stalls]
    trader = Trader(seat, accounts, Random(options.seed + 1), wage=options.wage)
    return Stage(home, seat, trader, Codes(home), diary, dice, patience_s=options.settle)


@asynccontextmanager
async def _company(stage: Stage, options: Namespace) -> AsyncGenerator[SlowScreen]:
    """Everybody who is there all the time: the seat, the trader, the screen, the watchers."""
    screen = SlowScreen(stage.home, Random(options.seed + 2))
    works = (stage.seat.run(), stage.trader.run(), screen.run(), _watched(stage), _kept(stage),
             warden.watch(stage))  # fmt: skip
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work) for work in works]
        yield screen
        for task in tasks:
            task.cancel()


async def _chaos(stage: Stage, options: Namespace) -> None:
    if not await stage.seat.until(lambda b: b.armed, 90):
        stage.diary.violation("the desk was not armed in 90 s")
    await script.perform(stage, options.minutes * 60, options.only)


# Watching


async def _watched(stage: Stage) -> None:
    """A sample a second; and the daemon lives unless somebody ended it."""
    home, number = stage.home, -1
    while True:
        await asyncio.sleep(SAMPLE_S)
        life, process, board = home.lives[-1], home.process, stage.seat.board
        if process is None or not home.in_service:
            continue
        if process.poll() is not None and number != len(home.lives):
            number = len(home.lives)
            stage.diary.violation(
                f"the daemon ended by itself with {process.returncode}:\n{home.last_words()}"
            )
            continue
        with suppress(ProcessLookupError):
            tasks = board.engine.tasks if board is not None and stage.seat.at_desk else -1
            life.samples.append(
                await asyncio.to_thread(gauges.sample, process.pid, stage.diary.now_s, tasks)
            )


async def _kept(stage: Stage) -> None:
    """Arm whenever the desk is disarmed."""
    while True:
        await asyncio.sleep(LOOK_S)
        board = stage.seat.board
        if board is None or not stage.seat.ready or stage.asked_to_halt:
            continue
        if not board.armed and board.phase is Phase.READY and board.level < Level.HALT:
            await _arm(stage)


async def _arm(stage: Stage) -> None:
    code = await stage.codes.fresh()
    try:
        await stage.seat.ask(asks.Arm(code=code, account=str(stage.home.stalls[0].account)))
    except DeskError as error:
        stage.diary.note(f"arming: {error}")


# The end


async def _settled(stage: Stage, within_s: float) -> None:
    """No faults, no new orders, nothing open: every order ends, every account is reconciled."""
    stage.diary.note("calm: waiting until everything is settled")
    await stage.calm()
    await stage.trader.rest()
    began_us = stage.seat.board.now_us if stage.seat.board is not None else 0
    latest_s = stage.diary.now_s + within_s
    while stage.diary.now_s < latest_s:
        with suppress(DeskError):
            await stage.seat.ask(asks.CancelAll())
        if await stage.seat.until(lambda b: not _unsettled(b, began_us), 10):
            break
    else:
        board = stage.seat.board
        left = ["there is no board"] if board is None else _unsettled(board, began_us)
        stage.diary.violation(f"not settled in {within_s:.0f} s: {'; '.join(left[:10])}")
    for stall in stage.home.stalls:
        await stall.ask("pace", step_ms=0)
    await asyncio.sleep(REST_S)


def _unsettled(board: Board, since_us: int) -> list[str]:
    """What still moves: orders, reservations, breaks, polls older than the calm."""
    found = [f"{s.client_id} {s.status.value}" for s in board.orders.values() if not s.terminal]
    found += [
        f"{row.reserved} {row.unit} reserved of {row.rule} {row.subject}"
        for row in board.usage
        if row.reserved
    ]
    found += [f"break {each.break_id}: {each.detail}" for each in board.breaks]
    for feed in board.feeds.values():
        if feed.account and feed.poll_us < since_us:
            found.append(f"{feed.account} was not polled since")
    return found


async def _last_day(stage: Stage) -> None:
    """The desk and the venues agree while both live; then the daemon drains."""
    board = stage.seat.board
    for stall in stage.home.stalls:
        truth = await stall.ask("truth")
        view = None if board is None else board.accounts.get(stall.account)
        shown = {} if view is None or view.balances is None else view.balances.assets
        for asset, total in truth["balances"].items():
            told = shown.get(asset)
            if told is None or told.total != Decimal(total):
                what = "nothing" if told is None else told.total
                stage.diary.violation(f"{stall.account}: {asset} is shown as {what}, is {total}")
    status = await stage.home.stop(signal.SIGTERM)
    if status:
        stage.diary.violation(
            f"the daemon drained with status {status}:\n{stage.home.last_words()}"
        )


async def _found(stage: Stage, books: Books) -> list[Finding]:
    truths, found = {}, list[Finding]()
    for stall in stage.home.stalls:
        truths[stall.account] = await stall.ask("truth")
        found += reckoning.sent_once(stall.account, await stall.ask("client_ids"))
    found += reckoning.everything(books, truths)
    found += reckoning.acknowledged(books, stage.trader.acknowledged)
    found += reckoning.verified(stage.home.places.ledger, stage.home.places.head)
    found += map(Finding, canary.leaks(stage.home))
    found += map(Finding, _bugs(stage.home))
    found += [Finding(told) for life in stage.home.lives for told in gauges.complaints(life)]
    return found


def _bugs(home: Home) -> Iterator[str]:
    """What only a bug says, in the logs of every life."""
    for path in sorted(home.folder.glob("daemon-*.log")):
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        for line in lines:
            if BUGS.search(line):
                yield f"{path.name}: {line[:300]}"


async def _events(home: Home) -> int:
    """How many frames the venues have sent."""
    told = [await stall.ask("frames_sent") for stall in home.stalls]
    return sum(sum(sides.values()) for sides in told)


def _told(stage: Stage, books: Books, screen: SlowScreen, frames: int) -> None:
    diary, trader = stage.diary, stage.trader
    say = diary.out.write
    say(f"\n{gauges.table(stage.home.lives)}\n\n")
    cpu_s = sum(life.samples[-1].cpu_s for life in stage.home.lives if life.samples)
    say(f"orders {len(books.orders)}, fills {len(books.fills)}, ledger rows {books.rows}, ")
    say(f"frames from the venues {frames:,}, daemon CPU {cpu_s:.0f} s\n")
    say(f"the slow screen was sent away {screen.dropped} times\n")
    say(f"answers: {dict(trader.answers.most_common())}\n")
    say(f"acts: {dict(diary.acts.most_common())}\n")
    say(f"tripped by themselves: {dict(stage.trips.most_common())}\n")
    if not diary.violations:
        say("no violation\n")
        return
    say(f"\n{len(diary.violations)} violations\n")
    for each in diary.violations:
        say(f"  at {each.at_s:.1f} s, after {each.after}: {each.what}\n")
