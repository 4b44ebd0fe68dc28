"""Asks a venue what one of our keys may do, and whose it is (the port `KeyInspector`).

The one rule: it asks, with the client of that key's own purpose, and changes nothing; what
comes back holds the venue's words about the key and never the key.
"""

from dataclasses import replace

from domain.keys import KeyReport, Purpose
from domain.text import clean
from venues.budget import Priority
from venues.ccxt_client import Client
from venues.ccxt_errors import Failed
from venues.ccxt_fields import Malformed
from venues.ccxt_permissions import Permissions, Question, Told, merged, report
from venues.ccxt_sayings import Cause, Verdict
from venues.keys import Keys

# The venue's own no to the question itself: the key works, and its rights stay untold.
_NO_ANSWER = frozenset({Cause.PERMISSION, Cause.REQUEST, Cause.NOT_FOUND})
_NOT_OFFERED = frozenset({404, 405, 410})


class CcxtInspector:
    """What a venue tells of one key."""

    def __init__(
        self, client: Client, keys: Keys | None, purpose: Purpose, row: Permissions
    ) -> None:
        self._client = client
        self._keys = keys
        self._purpose = purpose
        self._row = row

    @property
    def fingerprint(self) -> str:
        """Tells this key from others, without telling it; "" while it is not there."""
        return "" if self._keys is None else self._keys.fingerprint

    async def inspect(self) -> KeyReport:
        """Ask every question of the venue's row.

        Raises:
            Unavailable: when the venue did not answer; what it will not tell is no error.
        """
        answers = [await self._asked(question) for question in self._row.questions]
        told = merged(answer for answer, _ in answers)
        found = report(told, self._row, self._purpose, self.fingerprint)
        if not found.created_us and self._keys is not None:
            found = replace(found, created_us=self._keys.since_us)
        problems = [problem for _, problem in answers if problem]
        if problems and found.rights is None:
            return replace(found, problem=problems[0])
        return found

    async def _asked(self, question: Question) -> tuple[Told, str]:
        """What an answer told, or nothing and why."""
        try:
            answer, _ = await self._client.ask(question.method, priority=Priority.READ)
        except Failed as failed:
            if not _will_not_tell(failed):
                raise self._client.unavailable(failed) from failed
            return Told(), failed.judgement.words
        try:
            return question.read(answer, self._keys.key.reveal() if self._keys else ""), ""
        except Malformed as problem:
            return Told(), clean(f"its answer about the key cannot be read: {problem}")


def _will_not_tell(failed: Failed) -> bool:
    judgement = failed.judgement
    refused = judgement.verdict is Verdict.REJECTED and judgement.cause in _NO_ANSWER
    return refused or (failed.call.answered and failed.call.status in _NOT_OFFERED)
