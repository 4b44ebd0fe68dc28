"""What happened lately, counted from facts: failures by account, conduct by strategy.

The ledger's facts feed it, those of earlier runs too, so a restart clears nothing. The one rule:
an order fails once, whatever it is told later, and what a halt denied is nobody's conduct.
"""

from collections.abc import Mapping

from domain.instruments import Account
from domain.scopes import Reach, Scope
from risk.pace import MINUTE_US, Window
from risk.scene import Conduct

FIVE_MINUTES_US = 5 * MINUTE_US
REPEATED = "max_identical_orders"
# Of our own making, or the person's own wish: they say nothing of how a strategy behaves.
NOT_CONDUCT = frozenset({"halt", "mode", "cancelled", "expired", "ledger"})


class Tally:
    """Sliding windows; `failed_us` is the length of the failed orders' one."""

    def __init__(self, failed_us: int = FIVE_MINUTES_US) -> None:
        self._failed_us = failed_us
        self._failed: dict[str, tuple[int, Account]] = {}
        self._denials: dict[str, Window] = {}
        self._repeats: dict[str, Window] = {}
        self._executions: dict[str, Window] = {}

    def failed(self, client_id: str, account: Account, at_us: int) -> None:
        """A venue rejected the order, or left it in doubt; the first word counts."""
        self._failed.setdefault(client_id, (at_us, account))

    def denied(self, strategy: str, rule: str, at_us: int) -> None:
        """Our gate refused an order of the strategy."""
        if rule in NOT_CONDUCT:
            return
        self._denials.setdefault(strategy, Window(FIVE_MINUTES_US)).add(at_us)
        if rule == REPEATED:
            self._repeats.setdefault(strategy, Window(FIVE_MINUTES_US)).add(at_us)

    def executed(self, strategy: str, at_us: int) -> None:
        """One of the strategy's orders traded."""
        self._executions.setdefault(strategy, Window(MINUTE_US)).add(at_us)

    def failures(self, now_us: int) -> Mapping[Account, int]:
        """Failed orders of the window that ends now, by account."""
        oldest = now_us - self._failed_us
        self._failed = {name: seen for name, seen in self._failed.items() if seen[0] > oldest}
        counts: dict[Account, int] = {}
        for _, account in self._failed.values():
            counts[account] = counts.get(account, 0) + 1
        return counts

    def conduct(self, now_us: int) -> Mapping[str, Conduct]:
        """What each strategy did in the windows that end now."""
        windows = (self._denials, self._repeats, self._executions)
        strategies = {strategy for kept in windows for strategy in kept}
        return {
            strategy: Conduct(*(_count(kept.get(strategy), now_us) for kept in windows))
            for strategy in strategies
        }

    def forgiven(self, scope: Scope) -> None:
        """A person released a halt over `scope`: what led to it is spent (semantics 3.2)."""
        if scope.reach in (Reach.GLOBAL, Reach.STRATEGY):
            for kept in (self._denials, self._repeats, self._executions):
                for strategy in [*kept] if scope.reach is Reach.GLOBAL else [scope.name]:
                    kept.pop(strategy, None)
        if scope.takes_foreign:  # everything, a venue, an account: not a strategy or a symbol
            self._failed = {
                name: seen for name, seen in self._failed.items() if not scope.touches(seen[1])
            }


def _count(window: Window | None, now_us: int) -> int:
    return 0 if window is None else window.count(now_us)
