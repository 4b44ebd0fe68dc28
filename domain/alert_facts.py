"""Facts about what people were told of, outside the desk.

The one rule: what a webhook has been told is in the ledger, so that a restart neither repeats
the past nor leaves out what happened meanwhile; its URL is in no fact.
"""

from dataclasses import dataclass

from domain.events import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookTold(Fact):
    """A webhook has been told of everything that it is for, up to a row of the ledger.

    `events` is how many it was told of this time (0: it is new, and begins after `row`), `lost`
    how many were given up after too many tries.
    """

    webhook: str
    row: int
    events: int = 0
    lost: int = 0
