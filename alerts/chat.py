"""One chat message out of any number of tidings, in text that no chat reads as more than text.

The one rule: whatever a venue says, no mention, link, markup or control character leaves. A
burst becomes one message, which says how many there were.
"""

import json
from collections.abc import Iterable, Sequence
from itertools import groupby

from alerts.tidings import LONGEST, Tiding, safe
from domain.days import iso
from domain.text import clean

LONGEST_MESSAGE = 1_900  # Discord takes 2,000 characters, the others more
# & first: otherwise it would be escaped again in what the others become (Slack's own rule).
_ESCAPED = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"))
# Mattermost and Discord read Markdown whatever they are told, and mentions without <>.
DISARMED = (("@", "\uff20"), ("](", "] ("), ("]:", "] :"), ("`", "'"), ("://", ": //"))
_LEDGER = "quarterdeck ledger tail"


def harmless(text: str) -> str:
    """One line of text that Slack, Mattermost, Rocket.Chat and Discord show as it stands."""
    shown = clean(text, longest=LONGEST * 2)
    for told, instead in (*DISARMED, *_ESCAPED):
        shown = shown.replace(told, instead)
    return shown


def payload(text: str) -> bytes:
    """The body of a Slack-compatible incoming webhook, with its markup switched off."""
    return json.dumps({"text": text, "mrkdwn": False}).encode("ascii")


def trial(desk: str, mode: str) -> str:
    """The message that only tries the way."""
    what = "this is a test: what needs somebody will be told here"
    return f"{_head(desk, mode)}\n{harmless(what)}"


def message(desk: str, mode: str, tidings: Sequence[Tiding], older: int = 0) -> str:
    """Everything in one message; `older` counts what is not told singly.

    Where not all have room, the first and the last ones are told, and how many are between.
    """
    lines = list(_lines(tidings))
    last = f"and {older} more before: {_LEDGER}" if older else ""
    head = _head(desk, mode, len(tidings) + older)
    room = LONGEST_MESSAGE - len(head) - len(last) - len(_gap(len(tidings))) - 3
    front: list[str] = []
    back: list[str] = []
    told = 0
    while lines:
        side = front if len(front) <= len(back) else back
        line, count = lines.pop(0 if side is front else -1)
        room -= len(line) + 1
        if room < 0:
            break
        side.append(line)
        told += count
    gap = [_gap(len(tidings) - told)] if told < len(tidings) else []
    return "\n".join([head, *([last] if last else []), *front, *gap, *reversed(back)])


def _gap(count: int) -> str:
    return f"... {count} more here: {_LEDGER} ..."


def _head(desk: str, mode: str, count: int = 1) -> str:
    events = f": {count} events" if count > 1 else ""
    return f"[{harmless(mode)}] {harmless(safe(desk))}{events}"


def _lines(tidings: Iterable[Tiding]) -> Iterable[tuple[str, int]]:
    """(line, how many tidings it tells): the same thing said again is one line."""
    for text, same in groupby(tidings, key=lambda told: told.text):
        alike = list(same)
        again = f" ({len(alike)} times, the last {_at(alike[-1].at_us)[11:]})" if alike[1:] else ""
        yield f"{_at(alike[0].at_us)} {harmless(text)}{again}", len(alike)


def _at(at_us: int) -> str:
    return f"{iso(at_us)[:19].replace('T', ' ')} UTC"
