"""The sums of each scope: whatever comes, they are what is inside the scope added up."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from domain.instruments import Account
from domain.market import AssetBalance, Balances
from domain.money import ZERO
from domain.orders import Amendment, Draft, Fill, Side
from domain.scopes import Reach, Scope
from risk import scoping
from risk.exposure import BALANCE_LAG_US, Claim, Exposure, claim_of
from risk.pace import MINUTE_US, SECOND_US
from risk.scoping import Scopes
from risk.turnover import Turnover
from tests.risk.desks import MAIN, NOW_US, D
from tests.risk.scopes import (
    DCA,
    GRID,
    OTHER,
    SCOPES,
    everywhere,
    figures,
    filled,
    two_venues,
    wish,
    working,
)

SYMBOLS = ("BTC/USD", "ETH/USD")
names = st.sampled_from("abcdef")
drafts = st.builds(
    lambda side, lots, symbol, account, strategy: wish(
        side, str(D(lots) / 100), "100", symbol=symbol, account=account, strategy=strategy
    ),
    st.sampled_from(Side),
    st.integers(1, 90),
    st.sampled_from(SYMBOLS),
    st.sampled_from((MAIN, OTHER)),
    st.sampled_from((GRID, DCA)),
)


class Scoped(RuleBasedStateMachine):
    """Orders, changes of them, fills, balances and denials; limits come and go in between."""

    def __init__(self) -> None:
        super().__init__()
        self.view, self.sums = two_venues(*everywhere())
        self.claims: dict[str, tuple[Draft, Claim]] = {}
        self.trades: list[tuple[int, Draft, Fill]] = []
        self.orders: list[tuple[int, Draft]] = []
        self.executions: list[tuple[int, Draft]] = []
        self.denials: list[tuple[int, Draft]] = []
        self.drift: list[tuple[int, Account, str, Decimal]] = []
        self.totals = {MAIN: D(1), OTHER: D(2)}
        self.now_us = NOW_US
        self.number = 0

    @rule(name=names, wanted=drafts)
    def order(self, name: str, wanted: Draft) -> None:
        claim = claim_of(working(wanted, name))
        assert claim is not None
        self.sums.claim(name, None)
        self.sums.claim(name, claim)
        order = working(wanted, name).order
        terms = (order.account, order.symbol, order.side, order.quantity, order.price)
        self.sums.submitted(terms, order.strategy, self.now_us)
        self.claims[name] = (wanted, claim)
        self.orders.append((self.now_us, wanted))

    @rule(name=names, lots=st.integers(1, 90), price=st.integers(50, 200))
    def amend(self, name: str, lots: int, price: int) -> None:
        if name not in self.claims:
            return
        wanted = self.claims[name][0]
        change = Amendment(client_id="x", quantity=D(lots) / 100, price=D(price), at_us=self.now_us)
        claim = claim_of(replace(working(wanted, name), amendment=change))
        assert claim is not None
        self.sums.claim(name, claim)
        self.claims[name] = (wanted, claim)

    @rule(name=names)
    def release(self, name: str) -> None:
        self.sums.claim(name, None)
        self.claims.pop(name, None)

    @rule(wanted=drafts, yesterday=st.booleans())
    def fill(self, wanted: Draft, *, yesterday: bool) -> None:
        self.number += 1
        at_us = self.now_us - (86_400 * SECOND_US if yesterday else 0)
        done = filled(wanted, f"T{self.number}", at_us=at_us)
        self.sums.filled(done, self.now_us)
        self.sums.traded(done, wanted.strategy, done.cost, self.now_us)
        self.sums.executed((wanted.account, wanted.symbol, wanted.strategy), self.now_us)
        self.trades.append((at_us, wanted, done))
        self.executions.append((self.now_us, wanted))
        if not yesterday:  # a fill of yesterday is inside every balance of today
            sign = 1 if wanted.side is Side.BUY else -1
            base = wanted.symbol.partition("/")[0]
            self.drift.append((self.now_us, wanted.account, base, sign * wanted.quantity))

    @rule(wanted=drafts)
    def deny(self, wanted: Draft) -> None:
        self.sums.denied((wanted.account, wanted.symbol, wanted.strategy), self.now_us)
        self.denials.append((self.now_us, wanted))

    @rule(account=st.sampled_from((MAIN, OTHER)), total=st.integers(0, 9))
    def balance(self, account: Account, total: int) -> None:
        held = {"BTC": AssetBalance(total=D(total), used=ZERO)}
        told = Balances(account=account, assets=held, asked_us=self.now_us, at_us=self.now_us)
        self.sums.balances_seen(told)
        self.totals[account] = D(total)
        kept = [d for d in self.drift if d[1] != account or d[0] > self.now_us - BALANCE_LAG_US]
        self.drift = kept

    @rule(which=st.sets(st.sampled_from(range(len(SCOPES)))))
    def other_limits(self, which: set[int]) -> None:
        every = everywhere()
        self.view.limits = replace(self.view.limits, by_scope=tuple(every[i] for i in which))

    @rule(later_us=st.integers(0, 2 * MINUTE_US))
    def time_passes(self, later_us: int) -> None:
        self.now_us += later_us
        self.view.now_us = self.now_us

    @invariant()
    def every_scope_counts_what_is_inside_it(self) -> None:
        for lens in self.sums.lenses:
            seen, scope = lens.view, lens.scope
            inside = [claim for wanted, claim in self.claims.values() if covers(scope, wanted)]
            assert seen.exposure.count == len(inside)
            assert seen.exposure.value == sum((c.value for c in inside), ZERO)
            for asset in ("BTC", "ETH", "USD"):
                coming = sum((c.incoming for c in inside if c.incoming_asset == asset), ZERO)
                assert seen.exposure.incoming.get(asset, ZERO) == coming
            assert seen.turnover.today(self.now_us) == self._today(scope)
            assert seen.exposure.most("BTC") == self._position(scope)
            second = self.now_us - SECOND_US
            recent = [d for at, d in self.orders if at > second and covers(scope, d)]
            assert seen.pace.orders.count(self.now_us) == len(recent)
            for strategy in (GRID, DCA):
                assert seen.pace.executions(strategy, self.now_us) == self._happened(
                    self.executions, scope, strategy, MINUTE_US
                )
                assert seen.pace.denials(strategy, self.now_us) == self._happened(
                    self.denials, scope, strategy, 5 * MINUTE_US
                )

    def _today(self, scope: Scope) -> object:
        return sum((f.cost for at, d, f in self.trades if at >= NOW_US and covers(scope, d)), ZERO)

    def _position(self, scope: Scope) -> object:
        if scope.reach is Reach.STRATEGY:
            own = [f for _, d, f in self.trades if d.strategy == scope.name]
            own = [f for f in own if f.symbol == "BTC/USD"]
            net = sum((f.quantity if f.side is Side.BUY else -f.quantity for f in own), ZERO)
            return max(net, ZERO)
        held = [account for account in (MAIN, OTHER) if scope.touches(account)]
        told = sum((self.totals[account] for account in held), ZERO)
        late = [d[3] for d in self.drift if d[1] in held and d[2] == "BTC"]
        return told + sum((change for change in late if change > ZERO), ZERO)

    def _happened(
        self, told: list[tuple[int, Draft]], scope: Scope, strategy: str, length_us: int
    ) -> int:
        since = self.now_us - length_us
        return sum(at > since and d.strategy == strategy and covers(scope, d) for at, d in told)

    @invariant()
    def counted_anew_they_are_the_same(self) -> None:
        before = figures(self.sums, self.now_us)
        self.view.limits = replace(self.view.limits)  # others: the sums are made from scratch
        assert figures(self.sums, self.now_us) == before


def covers(scope: Scope, wanted: Draft) -> bool:
    return scope.covers(wanted.account, wanted.symbol, wanted.strategy)


def search(examples: int, *phases: Phase) -> None:
    run_state_machine_as_test(
        Scoped,
        settings=settings(
            max_examples=examples,
            derandomize=True,  # what is found once is found each time
            stateful_step_count=16,
            deadline=None,
            database=None,
            phases=phases,
            report_multiple_bugs=False,
        ),
    )


def test_the_sums_of_every_scope_are_those_of_what_is_inside_it() -> None:
    search(60, Phase.explicit, Phase.generate, Phase.shrink)


# Planted bugs


def _amendment_without_scopes(self: Scopes, client_id: str, claim: Claim | None) -> None:
    if claim is not None and client_id in self._view.exposure.claims:
        self._view.exposure.claim(client_id, claim)
    else:
        CLAIM(self, client_id, claim)


def _release_without_scopes(self: Scopes, client_id: str, claim: Claim | None) -> None:
    if claim is None:
        self._view.exposure.claim(client_id, None)
    else:
        CLAIM(self, client_id, claim)


def _new_scope_begins_empty(self: Turnover, other: Turnover) -> None:
    del self, other


def _balances_not_taken_over(self: Exposure, other: Exposure, wanted: object) -> None:
    del self, other, wanted


def _everybody_holds_everything(scope: Scope, account: Account) -> bool:
    del account
    return scope.reach is not Reach.STRATEGY


CLAIM = Scopes.claim
PLANTED = {
    "an amendment is not told to the scopes": (Scopes, "claim", _amendment_without_scopes),
    "a release is not told to the scopes": (Scopes, "claim", _release_without_scopes),
    "a new scope has traded nothing": (Turnover, "take_over", _new_scope_begins_empty),
    "a new scope holds nothing": (Exposure, "take_over", _balances_not_taken_over),
    "every venue holds all balances": (scoping, "_holds", _everybody_holds_everything),
    "a strategy's sales count as bought": (Scopes, "_credit", lambda *_: None),
    "a balance reaches no scope": (
        Scopes,
        "balances_seen",
        lambda self, told: self._view.exposure.balances_seen(told),
    ),
}


@pytest.mark.parametrize("bug", sorted(PLANTED))
def test_the_property_finds_a_planted_bug(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    where, name, planted = PLANTED[bug]
    monkeypatch.setattr(where, name, planted)
    with pytest.raises(AssertionError):
        search(400, Phase.generate)  # found is found: no example has to be made small
