"""What a stream's reader tells the stream: sightings for the desk, and news of the stream itself.

The one rule: a row that cannot be read is told as Rejected; it never vanishes in silence.
"""

from dataclasses import dataclass

from domain.sightings import Sighting


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The venue confirmed a subscription."""

    channel: str


@dataclass(frozen=True, slots=True)
class Denied:
    """The venue refused a subscription; `symbol` when it was for one symbol only."""

    words: str
    symbol: str = ""


@dataclass(frozen=True, slots=True)
class Lost:
    """Frames are missing: the venue numbers them, and numbers were skipped."""

    words: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that cannot be read; it is counted and left out."""

    words: str


News = Sighting | Confirmed | Denied | Lost | Rejected
