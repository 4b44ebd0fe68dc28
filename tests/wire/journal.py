"""The venue's log of requests: what truth tests count. The one rule: a line per request."""

from collections import Counter, deque
from dataclasses import asdict, dataclass, field

LONGEST = 20_000


@dataclass(slots=True)
class Call:
    """One request. `executed` is false when nothing was done; `error` is the venue's refusal."""

    at_us: int
    endpoint: str
    key: str = ""
    nonce: str = ""
    client_id: str = ""
    fault: str = ""
    executed: bool = False
    error: str = ""


@dataclass(slots=True)
class Journal:
    """The newest requests, and counts of all of them."""

    calls: deque[Call] = field(default_factory=lambda: deque(maxlen=LONGEST))
    counts: Counter[str] = field(default_factory=Counter)

    def open(self, endpoint: str, at_us: int) -> Call:
        """Note that a request arrived; the caller fills in what becomes of it."""
        call = Call(at_us, endpoint)
        self.calls.append(call)
        self.counts[endpoint] += 1
        return call

    def by_client_id(self, endpoint: str) -> dict[str, int]:
        """How often each client id arrived at an endpoint."""
        return dict(Counter(c.client_id for c in self.calls if c.endpoint == endpoint))

    def rows(self, endpoint: str = "") -> list[dict[str, object]]:
        """The newest requests, oldest first."""
        return [asdict(call) for call in self.calls if endpoint in ("", call.endpoint)]
