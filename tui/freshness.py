"""What is too old to act on: venues, prices, balances, the engine itself.

The one rule: a value is shown with the health of the feed it came through; an old value is
marked and never blanked, and never shown as if it were new.
"""

from domain.board import Board, Feed, Health
from domain.days import SECOND_US
from domain.instruments import Account
from tui.format import age

DOT = {Health.OK: "●", Health.STALE: "◐", Health.DOWN: "○"}
STALE_MARK = "✗"
_WORST_FIRST = (Health.DOWN, Health.STALE, Health.OK)
_LEAST_STALE_US = 3 * SECOND_US
_OLDEST_BALANCES_US = 90 * SECOND_US  # semantics 7: they are read each minute


def venues(board: Board) -> list[str]:
    """Every venue that the board knows of, by name."""
    known = {*board.venues, *(feed.venue for feed in board.feeds.values())}
    return sorted(known | {account.venue for account in accounts(board)})


def accounts(board: Board) -> list[Account]:
    """Every configured account, by name."""
    return sorted(view.account for view in board.accounts.values())


def feeds_of(board: Board, venue: str) -> list[Feed]:
    """The venue's feeds, the sickest first."""
    feeds = [feed for feed in board.feeds.values() if feed.venue == venue]
    return sorted(feeds, key=lambda feed: (_WORST_FIRST.index(feed.health), feed.kind))


def health_of(board: Board, venue: str) -> Health:
    """The health of the venue's sickest feed; a venue without feeds is down."""
    feeds = feeds_of(board, venue)
    return feeds[0].health if feeds else Health.DOWN


def last_sign_us(feed: Feed) -> int:
    """When the feed last told something: a message, or a poll that answered."""
    return max(feed.message_us, feed.poll_us)


def prices_are_old(board: Board, venue: str) -> bool:
    """Whether the venue's prices come through a feed that is not well."""
    return _old(board, venue, "prices")


def balances_are_old(board: Board, account: Account, now_us: int) -> bool:
    """Whether an account's balances come through a feed that is not well, or are missing."""
    view = board.accounts.get(account)
    if view is None or view.balances is None:
        return True
    if now_us - view.balances.at_us > _OLDEST_BALANCES_US:
        return True  # a healthy stream beside them does not make them younger
    feeds = [f for f in feeds_of(board, account.venue) if f.kind in ("account", "poll")]
    own = [feed for feed in feeds if feed.account in ("", account.name)]
    told_us = max([view.balances.at_us, *(last_sign_us(feed) for feed in own)])
    expected = max([_LEAST_STALE_US, *(2 * feed.expected_us for feed in own)])
    sick = any(feed.health is not Health.OK for feed in own)
    return sick and now_us - told_us > expected


def _old(board: Board, venue: str, kind: str) -> bool:
    feeds = [feed for feed in feeds_of(board, venue) if feed.kind == kind]
    return not feeds or feeds[0].health is not Health.OK


def trouble(board: Board, now_us: int) -> list[str]:
    """A sentence for each venue that is not well: what is old, and when it is tried again."""
    told = []
    for venue in venues(board):
        feeds = feeds_of(board, venue)
        if feeds and feeds[0].health is not Health.OK:
            told.append(_sentence(feeds[0], now_us))
    return told


def bans(board: Board, now_us: int) -> list[str]:
    """A sentence for each venue that wants to be left alone: for how long, and why."""
    return [
        f"{view.venue} is asked again in {-(-(view.banned_us - now_us) // SECOND_US)} s: "
        f"{view.ban} · cancels still go out"
        for view in sorted(board.venues.values(), key=lambda view: view.venue)
        if view.banned_us > now_us
    ]


def _sentence(feed: Feed, now_us: int) -> str:
    word = "down" if feed.health is Health.DOWN else "stale"
    sign_us = last_sign_us(feed)
    since = f" {age(now_us - sign_us)}" if sign_us else ""
    text = f"{feed.venue} {feed.kind} {word}{since}"
    if feed.problem:
        text += f": {feed.problem}"
    if feed.attempt:
        wait_us = feed.next_try_us - now_us
        text += f" · attempt {feed.attempt}"
        text += f", next in {max(1, -(-wait_us // SECOND_US))} s" if wait_us > 0 else ", trying now"
    return text + (f" · {feed.remedy}" if feed.remedy else "")
