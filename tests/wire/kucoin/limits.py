"""KuCoin's rate limit: a pool of weight per account that is full again every thirty seconds.

Weights and the size of the lowest tier's pool are those of KuCoin's rate-limit page. The one
rule: a call that does not fit into the pool is refused and costs nothing.
"""

from dataclasses import dataclass, field

from tests.wire.clock import SECOND
from tests.wire.kucoin.dialect import Denied

WINDOW_US = 30 * SECOND
SPOT_POOL = 4000
USUAL = 2
WEIGHTS = {
    "POST hf/orders": 1,
    "DELETE hf/orders/{orderId}": 1,
    "DELETE hf/orders/client-order/{clientOid}": 1,
    "DELETE hf/orders/cancelAll": 30,
    "GET accounts": 5,
    "GET deposits": 5,
    "GET withdrawals": 20,
    "POST withdrawals": 5,
    "GET user/api-key": 20,
    "GET trade-fees": 3,
    "GET market/orderbook/level2": 3,
    "POST bullet-private": 10,
}


@dataclass(slots=True)
class _Pool:
    since_us: int
    spent: int = 0


@dataclass(slots=True)
class Limits:
    """The pool of each account; None as its size turns the limit off."""

    pool: int | None = SPOT_POOL
    _pools: dict[str, _Pool] = field(default_factory=dict)

    def set(self, pool: int | None) -> None:
        """A new size; every pool is full again."""
        self.pool = pool
        self._pools.clear()

    def take(self, owner: str, endpoint: str, now_us: int) -> dict[str, str]:
        """Spend a call's weight; the headers that tell what is left. Raises Denied."""
        if self.pool is None:
            return {}
        pool = self._pools.setdefault(owner, _Pool(now_us))
        if now_us - pool.since_us >= WINDOW_US:
            pool.since_us, pool.spent = now_us, 0
        weight = WEIGHTS.get(endpoint, USUAL)
        fits = pool.spent + weight <= self.pool
        pool.spent += weight if fits else 0
        headers = {
            "gw-ratelimit-limit": str(self.pool),
            "gw-ratelimit-remaining": str(self.pool - pool.spent),
            "gw-ratelimit-reset": str((pool.since_us + WINDOW_US - now_us) // 1000),
        }
        if not fits:
            raise Denied("429000", "Too many requests in a short period of time", headers)
        return headers
