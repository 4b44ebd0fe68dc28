"""Faults of replies: what goes wrong between the venue and its client, planned in advance.

A fault is planned for the next N requests of an endpoint. `execute` says whether the request
was carried out before the reply was spoiled: that is the difference between an order lost and
an order doubled. The one rule: a fault changes the reply, never the venue's own truth.
"""

from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field

ANY = "*"
PAGE = "<html><head><title>{status}</title></head><body><h1>{title}</h1>cloudflare</body></html>"
TITLES = {200: "We'll be back soon", 429: "Too Many Requests", 502: "Bad Gateway"}
# kind -> what the client sees
KINDS = {
    "lost": "the connection is cut instead of the reply",
    "drop": "the connection is cut and nothing was executed",
    "hang": "no reply ever comes; the connection stays open",
    "slow": "the reply comes after `wait_ms`",
    "page": "an HTML page with HTTP `status` (200, 429, 502, 503, 520 ...), and a Retry-After",
    "empty": "HTTP 200 with nothing in it",
    "truncated": "the first half of the reply, as if it were the whole",
    "short": "the whole reply is announced, but the connection ends after half of it",
    "garbled": "the reply with bytes overwritten, so that it is no JSON",
    "odd": "`text` as it stands, with HTTP 200 and type JSON",
    "error": "the venue's own error `text`",
    "fewer": "a well-formed reply whose list has only its first `rows` rows",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One planned fault; the fields that its kind does not read are ignored."""

    kind: str
    execute: bool = True
    status: int = 502
    text: str = ""
    rows: int = 0
    wait_ms: int = 0
    retry_after: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"{self.kind!r} is no fault; there are {', '.join(KINDS)}")


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply as it goes out."""

    body: bytes
    status: int = 200
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Plan:
    fault: Fault
    left: int
    every: int
    seen: int = 0


@dataclass(slots=True)
class Faults:
    """The plans by endpoint, and the latency of every request.

    `latency_ms` is waited before a request is looked at, per endpoint or for `*`.
    """

    latency_ms: dict[str, int] = field(default_factory=dict)
    _plans: defaultdict[str, deque[_Plan]] = field(default_factory=lambda: defaultdict(deque))

    def plan(self, endpoint: str, fault: Fault, *, times: int = 1, every: int = 1) -> None:
        """Spoil the next `times` requests of an endpoint (`*`: of any), each `every`-th one."""
        self._plans[endpoint].append(_Plan(fault, times, every))

    def take(self, endpoint: str) -> Fault | None:
        """The fault for this request, if one is planned."""
        for name in (endpoint, ANY):
            plans = self._plans[name]
            while plans and plans[0].left <= 0:
                plans.popleft()
            if plans:
                return _used(plans[0])
        return None

    def wait_ms(self, endpoint: str) -> int:
        """How long to wait before this request is looked at."""
        return self.latency_ms.get(endpoint, self.latency_ms.get(ANY, 0))

    def clear(self) -> None:
        """Forget every plan and latency."""
        self._plans.clear()
        self.latency_ms.clear()


def _used(plan: _Plan) -> Fault | None:
    plan.seen += 1
    if plan.seen % plan.every:
        return None
    plan.left -= 1
    return plan.fault


def spoiled(fault: Fault, text: str) -> Answer:
    """The reply that goes out in place of `text`."""
    if fault.kind == "page":
        title = TITLES.get(fault.status, "Service Unavailable")
        page = PAGE.format(status=fault.status, title=title)
        asked = {"Retry-After": fault.retry_after} if fault.retry_after else {}
        return Answer(page.encode(), fault.status, "text/html", asked)
    if fault.kind == "empty":
        return Answer(b"")
    if fault.kind in ("truncated", "short"):
        return Answer(text[: max(1, len(text) // 2)].encode())
    if fault.kind == "garbled":
        return Answer(_overwritten(text.encode()))
    if fault.kind == "odd":
        return Answer(fault.text.encode())
    return Answer(text.encode())


def _overwritten(body: bytes) -> bytes:
    """Every fourth byte is another one; the first stays, so that it looks like JSON."""
    return bytes(b if n == 0 or n % 4 else (b ^ 0x5A) | 0x80 for n, b in enumerate(body))
