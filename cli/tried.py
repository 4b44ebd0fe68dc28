"""One thing that was tried at a venue, as `test-connection` tells it; keys among them.

The one rule: a key is told by what the venue says of it and by nothing that is in it.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from domain.board import Board
from domain.keys import Finding, KeyReport, KeyView, Purpose


class Tried(NamedTuple):
    """One thing that was tried: at a venue or account, what came of it, and what to do.

    `warn` marks what works and should still be looked at.
    """

    who: str
    what: str
    ok: bool
    found: str = ""
    remedy: str = ""
    warn: bool = False

    @property
    def sign(self) -> str:
        """✓ well, ! well and not as it should be, ✗ not well."""
        if not self.ok:
            return "✗"
        return "!" if self.warn else "✓"


def key_rows(
    account: str, purpose: Purpose, report: KeyReport, findings: Iterable[Finding]
) -> Iterator[Tried]:
    """What the venue says of one key, then what is wrong with it."""
    what = f"{purpose} key"
    told = [report.rights_told, report.binding_told, report.uid and f"account {report.uid}"]
    if report.rights is None and report.problem:
        told[0] = f"{report.rights_told} ({report.problem})"
    yield Tried(account, what, ok=True, found="; ".join(filter(None, told)))
    for finding in findings:
        ok = not finding.ill.disables
        yield Tried(account, what, ok=ok, found=finding.text, remedy=finding.remedy, warn=True)


def keys_seen_by(board: Board) -> Iterator[Tried]:
    """Every key of a board, and the accounts that are refused."""
    for view in board.keys.values():
        if _is_configured(view, board):
            yield from key_rows(view.account, view.purpose, view.report, view.findings)
    for account, known in board.accounts.items():
        if known.refused:
            found = f"refused, none leaves: {known.refused}"
            yield Tried(account, "orders", ok=False, found=found)


def _is_configured(view: KeyView, board: Board) -> bool:
    venue = board.venues.get(view.account.venue)
    return venue is not None and view.account in venue.accounts
