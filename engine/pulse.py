"""Signs of life: how old the last message, heartbeat and successful poll of each feed are.

The one rule: an age is measured from what really arrived, never from our own timers.
"""

from collections import deque
from dataclasses import dataclass, field

from domain.board import Feed, Health

SECOND_US = 1_000_000
DEAD_POLL_US = 60 * SECOND_US
STEADY_US = 60 * SECOND_US
FORGIVEN = 5  # risings within a minute; a stream that dies more often is dialled less often


@dataclass(slots=True, kw_only=True)
class Pulse:
    """One feed's live counters; `feed` makes the board's immutable picture of them.

    `silent_us` is how long a stream may say nothing; `polled` says that the feed has no stream
    of its own and lives by polls alone, expected every `expected_us`.
    """

    venue: str
    kind: str
    account: str = ""
    silent_us: int
    expected_us: int
    polled: bool = False
    message_us: int = 0
    heartbeat_us: int = 0
    poll_us: int = 0
    connected: bool = False
    attempt: int = 0
    next_try_us: int = 0
    problem: str = ""
    remedy: str = ""
    _unanswered: dict[str, tuple[str, str]] = field(default_factory=dict)
    _risen: "deque[int]" = field(default_factory=lambda: deque(maxlen=32))

    def life_us(self) -> int:
        """When the stream last gave a sign of life."""
        return max(self.message_us, self.heartbeat_us)

    def silent(self, now_us: int) -> bool:
        """Whether a connected stream has said nothing for too long."""
        return self.connected and now_us - self.life_us() > self.silent_us

    def health(self, now_us: int) -> Health:
        """OK while messages come; STALE on polls alone; DOWN when neither comes."""
        streaming = self.connected and now_us - self.life_us() <= self.silent_us
        polling = bool(self.poll_us) and now_us - self.poll_us <= self._poll_patience()
        if streaming or (self.polled and polling):
            return Health.OK
        return Health.STALE if polling else Health.DOWN

    def _poll_patience(self) -> int:
        return max(3 * self.expected_us, DEAD_POLL_US) if self.account else self.silent_us

    def came_alive(self, now_us: int) -> None:
        """The stream is connected and confirmed."""
        self._risen.append(now_us)
        self.connected = True
        self.attempt = 0
        self.next_try_us = 0
        self.problem = ""
        self.remedy = ""

    def broke(self, problem: str, remedy: str = "") -> None:
        """The stream ended; it will be dialled again."""
        self.connected = False
        self.attempt += 1
        self.problem = problem
        self.remedy = remedy

    def unanswered(self, what: str, why: str, remedy: str = "") -> None:
        """A poll failed; told beside a healthy stream as well, until one of its kind succeeds."""
        self._unanswered[what] = (f"{what}: {why}", remedy)

    def answered(self, what: str) -> None:
        """A poll of this kind succeeded."""
        self._unanswered.pop(what, None)

    def told(self) -> tuple[str, str]:
        """What is wrong and what to do: the stream's trouble, else that of the newest poll."""
        if self.problem or not self._unanswered:
            return self.problem, self.remedy
        return list(self._unanswered.values())[-1]

    def dials(self, now_us: int) -> int:
        """Dials in a row that count for the next pause: a stream that lives shortly failed too.

        Venues ban who subscribes again and again, however well each time begins.
        """
        risen = sum(now_us - at_us < STEADY_US for at_us in self._risen)
        return max(1, self.attempt) + max(0, risen - FORGIVEN)

    def feed(self, now_us: int) -> Feed:
        """The feed as the board shows it."""
        problem, remedy = self.told()
        return Feed(
            venue=self.venue,
            kind=self.kind,
            health=self.health(now_us),
            account=self.account,
            message_us=self.message_us,
            heartbeat_us=self.heartbeat_us,
            poll_us=self.poll_us,
            expected_us=self.expected_us,
            attempt=self.attempt,
            next_try_us=self.next_try_us,
            problem=problem,
            remedy=remedy,
        )
