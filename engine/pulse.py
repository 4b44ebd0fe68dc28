"""Signs of life: how old the last message, heartbeat and successful poll of each feed are.

The one rule: an age is measured from what really arrived, never from our own timers.
"""

from dataclasses import dataclass

from domain.board import Feed, Health

SECOND_US = 1_000_000
DEAD_POLL_US = 60 * SECOND_US


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

    def came_alive(self) -> None:
        """The stream is connected and confirmed."""
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

    def feed(self, now_us: int) -> Feed:
        """The feed as the board shows it."""
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
            problem=self.problem,
            remedy=self.remedy,
        )
