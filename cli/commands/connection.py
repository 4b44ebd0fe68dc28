"""test-connection: does each venue answer, does each key work, and if not, what to do.

The one rule: where an engine runs it is asked what it sees; a second client on the same keys
would disturb it. Without one, each venue is asked here, by reading alone, its keys too.
"""

import asyncio
import json
from argparse import Namespace
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from cli.desks import is_running
from cli.ground import Ground
from cli.render import as_json, say
from cli.tried import Tried, key_rows, keys_seen_by
from cli.usage import WrongUsage
from cli.venue_access import access
from domain.board import Board, Health
from domain.controls import AccountBound
from domain.errors import DeskError, Unavailable
from domain.instruments import Account
from domain.keys import Finding, KeyReport, Purpose
from domain.queries import ReadLedger
from domain.registry import kind_of
from engine.connections import Connection
from engine.remote import attached
from risk.keys import findings, other_account
from storage.history import History

PATIENCE_S = 20
MOST_ACCOUNTS = 1_000
NOT_WELL = 69


async def test_connection(ground: Ground, args: Namespace) -> int:
    """Try every venue, or one; 69 when something does not answer as it should.

    With `--withdraw-keys` the keys that withdraw are loaded, asked what they may do, and
    forgotten; nothing else ever does that but a withdrawal.
    """
    tried = await _from_the_engine(ground) if is_running(ground) else None
    if tried is None:
        tried = await _by_ourselves(ground, _venue)
    if args.withdraw_keys:
        tried += await _by_ourselves(ground, _withdraw_keys)
    venues = sorted({row.who.partition("/")[0] for row in tried})
    if args.venue:
        if args.venue.lower() not in venues:
            raise WrongUsage(f"--venue: configured are {', '.join(venues) or 'none'}")
        tried = [row for row in tried if row.who.partition("/")[0] == args.venue.lower()]
    _tell(tried, json=args.json)
    return 0 if all(row.ok for row in tried) else NOT_WELL


def _tell(tried: list[Tried], *, json: bool) -> None:
    if json:
        say(as_json([row._asdict() for row in tried]))
        return
    width = max((len(f"{row.who} {row.what}") for row in tried), default=0)
    for row in tried:
        say(f"{row.sign} {f'{row.who} {row.what}':<{width}}  {row.found}".rstrip())
        if row.remedy:
            say(f"    {row.remedy}")


# Where an engine runs


async def _from_the_engine(ground: Ground) -> list[Tried] | None:
    """What the engine knows of its feeds; None when nobody is behind the socket."""
    try:
        async with attached(ground.places.socket()) as desk:
            return seen_by(desk.board)
    except Unavailable:
        return None


def seen_by(board: Board) -> list[Tried]:
    """Every feed of a board as something tried."""
    rows = []
    for feed in board.feeds.values():
        age_s = (board.now_us - max(feed.message_us, feed.heartbeat_us, feed.poll_us)) / 1_000_000
        heard = f"{feed.health.value}, heard {age_s:.1f} s ago"
        rows.append(
            Tried(
                feed.account or feed.venue,
                feed.kind,
                feed.health is Health.OK,
                feed.problem or heard,
                feed.remedy,
            )
        )
    return sorted([*rows, *keys_seen_by(board)], key=lambda row: (row.who, row.what))


# Without one


async def _by_ourselves(
    ground: Ground, ask: Callable[["Asking"], Awaitable[list[Tried]]]
) -> list[Tried]:
    ground.places.prepare()
    secrets = ground.secrets(ground.places.book)
    uids = await _bound(ground)
    async with access(ground, None, secrets, lambda *_: None) as opened:
        askings = (Asking(ground, known, uids) for known in opened.connections)
        found = await asyncio.gather(*(ask(asking) for asking in askings))
    return [row for rows in found for row in rows]


async def _bound(ground: Ground) -> Mapping[str, str]:
    """The venues' own ids of the accounts, as the ledger has them; {} without a ledger."""
    if not ground.places.ledger.exists():
        return {}
    async with History(ground.places.ledger) as history:
        page = await history.rows(ReadLedger(kind=kind_of(AccountBound), limit=MOST_ACCOUNTS))
    facts = (json.loads(row.payload)["fact"] for row in page.rows)
    return {fact["account"]: fact["uid"] for fact in facts}


class Asking(NamedTuple):
    """One opened venue that is asked, and whose its accounts were until now."""

    ground: Ground
    known: Connection
    uids: Mapping[str, str]


async def _venue(asking: Asking) -> list[Tried]:
    ground, known = asking.ground, asking.known

    async def clock() -> str:
        before = ground.clock.now_us()
        theirs = await known.market.clock_us()
        trip_ms = (ground.clock.now_us() - before) / 1_000
        off_s = (theirs - before) / 1_000_000
        return f"answers in {trip_ms:.0f} ms, its clock is {off_s:+.1f} s from ours"

    async def instruments() -> str:
        return f"{len(await known.market.instruments())} instruments"

    rows = [
        await _tried(known.venue, "clock", clock),
        await _tried(known.venue, "instruments", instruments),
    ]
    for account, reader in known.readers.items():

        async def balances(read: Callable[[], Awaitable[Any]] = reader.balances) -> str:
            return f"{len((await read()).assets)} assets"

        async def orders(read: Callable[[], Awaitable[Any]] = reader.open_orders) -> str:
            return f"{len(await read())} open"

        rows.append(await _tried(account, "balances", balances))
        rows.append(await _tried(account, "orders", orders))
        trades = account in known.traders
        rows.append(Tried(account, "trading", ok=True, found=_trading(trades=trades)))
        for purpose in (Purpose.READ, Purpose.TRADE):
            rows += await _key(asking, account, purpose)
    return rows


async def _withdraw_keys(asking: Asking) -> list[Tried]:
    rows = []
    for account in asking.known.readers:
        rows += await _key(asking, account, Purpose.WITHDRAW)
    return rows


async def _key(asking: Asking, account: Account, purpose: Purpose) -> list[Tried]:
    """One key, as its venue tells it; [] where the account has none for this purpose."""
    inspector = asking.known.inspectors.get(account, {}).get(purpose)
    if inspector is None:
        return []
    reports: list[KeyReport] = []

    async def ask() -> str:
        reports.append(await inspector.inspect())
        return ""

    row = await _tried(account, f"{purpose} key", ask)
    if not reports:
        return [row]
    (report,) = reports
    found = [
        *other_account(report, account, purpose, asking.uids.get(account, "")),
        *_findings(asking, account, purpose, report),
    ]
    return [*key_rows(account, purpose, report, found)]


def _findings(
    asking: Asking, account: Account, purpose: Purpose, report: KeyReport
) -> tuple[Finding, ...]:
    others = asking.known.inspectors[account].items()
    also = tuple(
        other
        for other, told in others
        if other != purpose and told.fingerprint == report.fingerprint
    )
    policy, now_us = asking.ground.loaded.settings.keys, asking.ground.clock.now_us()
    return findings(report, account, purpose, policy, now_us=now_us, also=also)


def _trading(*, trades: bool) -> str:
    return "a key that trades is there" if trades else "no key that trades: it is only watched"


async def _tried(who: str, what: str, work: Callable[[], Awaitable[str]]) -> Tried:
    try:
        async with asyncio.timeout(PATIENCE_S):
            return Tried(who, what, ok=True, found=await work())
    except TimeoutError:
        return Tried(who, what, ok=False, found=f"no answer in {PATIENCE_S} s")
    except DeskError as error:
        why = getattr(error, "why", str(error))
        return Tried(who, what, ok=False, found=why, remedy=getattr(error, "remedy", ""))
