"""Bugs planted in the triggers, one at a time: each must be found by a test that stands beside.

A planted bug is the module's own source with one phrase replaced; its code runs under the very
functions that everybody holds. Each phrase must stand there exactly once.
"""

import inspect
import sys
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from types import FunctionType, ModuleType
from typing import Any

import pytest

import accounting.highwater
import accounting.sampling
import engine.equity
import engine.incidents
import engine.lookout
import engine.triggers
import risk.scene
import risk.tally
import risk.triggers
from domain.board import Mode
from domain.halts import Level
from domain.keys import Right
from tests.accounting import test_highwater as marks
from tests.engine import test_equity as equity
from tests.engine import test_triggers as work
from tests.risk import test_triggers as rules

Check = Callable[[], Awaitable[None] | None]


def functions(module: ModuleType) -> Iterator[tuple[str, FunctionType]]:
    """Every function and method that the module itself defines, by its qualified name."""
    for made in vars(module).values():
        if getattr(made, "__module__", "") != module.__name__:
            continue
        parts = vars(made).values() if isinstance(made, type) else (made,)
        for part in parts:
            function: Any = part.fget if isinstance(part, property) else part
            function = getattr(function, "__func__", function)
            if isinstance(function, FunctionType):
                yield function.__qualname__, function


def planted(monkeypatch: pytest.MonkeyPatch, module: ModuleType, old: str, new: str) -> None:
    """Let the module's functions run the changed code for the rest of the test."""
    source = inspect.getsource(module)
    assert source.count(old) == 1, f"{old!r} stands {source.count(old)} times in {module.__name__}"
    changed = ModuleType(module.__name__)
    monkeypatch.setitem(sys.modules, module.__name__, changed)  # dataclasses look themselves up
    exec(compile(source.replace(old, new), str(module.__file__), "exec"), vars(changed))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    bugs = dict(functions(changed))
    swapped = 0
    for name, function in functions(module):
        bug = bugs[name]
        if bug.__code__.co_code != function.__code__.co_code or _other(bug, function):
            monkeypatch.setattr(function, "__code__", bug.__code__)
            swapped += 1
    assert swapped, "the replaced phrase changes nothing"


def _other(one: FunctionType, two: FunctionType) -> bool:
    left, right = one.__code__, two.__code__
    plain = [[c for c in code.co_consts if not hasattr(c, "co_code")] for code in (left, right)]
    inner = [[c.co_code for c in code.co_consts if hasattr(c, "co_code")] for code in (left, right)]
    return left.co_names != right.co_names or plain[0] != plain[1] or inner[0] != inner[1]


falls = rules.test_a_drawdown_trips_after_a_run_of_samples_or_one_twice_as_deep
later = equity.test_a_withdrawal_is_no_drawdown_whenever_it_is_booked

BUGS: dict[str, tuple[ModuleType, str, str, Check]] = {
    "a denied order counts as failed": (
        engine.lookout,
        "self._tally.denied(fact.order.strategy, fact.rule, fact.at_us)",
        "self._tally.failed(fact.order.client_id, fact.order.account, fact.at_us)",
        work.test_denied_orders_are_no_failed_orders,
    ),
    "an order in doubt does not count": (
        engine.lookout,
        "events.OrderRejected | events.OrderInDoubt",
        "events.OrderRejected",
        work.test_ten_failed_orders_halt_their_account_and_nine_do_not,
    ),
    "a restart forgets": (
        engine.triggers,
        "if self.lookout.heard(",
        "if self._live and self.lookout.heard(",
        work.test_a_restart_forgets_no_failed_order,
    ),
    "an order fails twice": (
        risk.tally,
        "self._failed.setdefault(client_id,",
        "self._failed.setdefault(client_id + str(len(self._failed)),",
        work.test_an_order_that_was_in_doubt_and_then_rejected_failed_once,
    ),
    "the window never forgets": (
        risk.tally,
        "seen[0] > oldest",
        "seen[0] > 0",
        work.test_failures_slide_out_of_their_window_by_time_alone,
    ),
    "a release spends nothing": (
        risk.tally,
        "if scope.takes_foreign:",
        "if not scope:",
        work.test_a_release_spends_the_failures_of_its_scope_and_a_restart_knows_that,
    ),
    "what a halt denies is conduct": (
        risk.tally,
        "if rule in NOT_CONDUCT:",
        "if not rule:",
        partial(work.test_what_a_halt_denies_is_nobodys_conduct, "halt"),
    ),
    "ten failures are not enough": (
        risk.triggers,
        "if n >= limit}",
        "if n > limit}",
        work.test_ten_failed_orders_halt_their_account_and_nine_do_not,
    ),
    "two accounts are not everything": (
        risk.triggers,
        "if len(over) > 1",
        "if len(over) > 2",
        work.test_two_accounts_that_fail_are_everything,
    ),
    "the limit itself is no breach": (
        risk.scene,
        "if pct < limit_pct:",
        "if pct <= limit_pct:",
        partial(falls, [(0, "15"), (5, "15"), (10, "15")], True),
    ),
    "twice the limit is over it": (
        risk.triggers,
        "fall.pct > AT_ONCE * limit",
        "fall.pct >= AT_ONCE * limit",
        partial(falls, [(0, "30")], False),
    ),
    "two samples are a run": (
        risk.triggers,
        "fall.samples >= told.drawdown_samples",
        "fall.samples >= told.drawdown_samples - 1",
        partial(falls, [(0, "16"), (10, "16")], False),
    ),
    "a run has no length": (
        risk.triggers,
        "fall.at_us - fall.since_us >= told.drawdown_span_s * SECOND_US",
        "fall.at_us >= fall.since_us",
        partial(falls, [(0, "16"), (1, "16"), (2, "16"), (9, "16")], False),
    ),
    "a good sample does not end the run": (
        risk.scene,
        "return Fall(pct, at_us=at_us)",
        "return Fall(pct, self.samples, self.since_us, at_us)",
        partial(falls, [(0, "16"), (5, "3"), (10, "16"), (15, "16")], False),
    ),
    "a minute is too long": (
        risk.triggers,
        "scene.blind_us <= limit_s * SECOND_US",
        "scene.blind_us < limit_s * SECOND_US",
        partial(
            rules.test_equity_that_is_not_known_for_more_than_a_minute_leaves_reducing_orders_only,
            60,
            False,
        ),
    ),
    "a stale price is judged": (
        accounting.sampling,
        "marks[a].at_us <= oldest_us",
        "marks[a].at_us < 0",
        equity.test_a_stale_price_however_low_trips_nothing_and_a_minute_of_it_is_said,
    ),
    "a stale balance is judged": (
        accounting.sampling,
        "elif not _balances_stand(board, view, now_us, ages):",
        "elif not view.account:",
        partial(marks.test_balances_are_young_by_their_stream_or_by_two_polls, 30, 999, False),
    ),
    "a flow is a loss": (
        engine.equity,
        "self._mark = self._mark.shifted(value)",
        "self._mark = self._mark.shifted(ZERO)",
        partial(later, 0),
    ),
    "a withdrawal that is not booked is a loss": (
        accounting.sampling,
        "return max(self.venues, self.books)",
        "return self.venues",
        partial(later, 30),
    ),
    "a deposit that is not booked is profit": (
        accounting.sampling,
        "return min(self.venues, self.books)",
        "return self.venues",
        equity.test_a_deposit_raises_the_mark_once_whichever_tells_it_first,
    ),
    "a flow without a rate is forgotten": (
        engine.equity,
        "self._late[moved.asset] = self._late.get(moved.asset, ZERO) + change",
        "pass",
        equity.test_a_movement_without_a_rate_shifts_the_mark_when_it_can_be_valued,
    ),
    "a restart forgets the mark": (
        engine.equity,
        "                value=fact.high_water,",
        "                value=ZERO,",
        equity.test_a_restart_keeps_the_mark_with_every_flow_of_it,
    ),
    "a worthless token blinds the desk": (
        accounting.highwater,
        "if asset in counted or asset in traded:",
        "if asset:",
        equity.test_a_worthless_token_does_not_keep_the_drawdown_from_being_judged,
    ),
    "what was paid for is left out": (
        accounting.highwater,
        "asset in counted or asset in traded",
        "asset in counted",
        marks.test_what_was_paid_for_is_never_left_out,
    ),
    "what lost its price is left out": (
        accounting.highwater,
        "asset in counted or asset in traded",
        "asset in traded",
        equity.test_after_a_restart_nothing_is_judged_before_the_prices_are_there,
    ),
    "an account that goes is a loss": (
        accounting.highwater,
        "- sum(gone, ZERO)",
        "- sum((), ZERO)",
        equity.test_an_account_that_joins_is_no_profit_and_one_that_goes_no_loss,
    ),
    "an exception is swallowed": (
        risk.triggers,
        'return Reading("failed", "", (Wanted(Level.HALT_CANCEL, EVERYTHING, told),))',
        'return Reading("failed", told)',
        partial(
            rules.test_an_exception_inside_any_trigger_stops_everything_in_its_name,
            risk.triggers.clock_skew,
        ),
    ),
    "a sample that failed is skipped": (
        risk.triggers,
        "if scene.equity_error:",
        "if scene.equity_error and scene.blind_us:",
        rules.test_a_sample_that_could_not_be_computed_stops_everything,
    ),
    "the sign of the skew counts": (
        risk.triggers,
        "abs(view.skew_us or 0)",
        "(view.skew_us or 0)",
        partial(
            rules.test_a_clock_off_by_more_than_half_the_window_halts_the_venue_either_way,
            -2_500_001,
            1,
        ),
    ),
    "one dead sign of life is death": (
        risk.triggers,
        "life_us = max(",
        "life_us = min(",
        partial(
            rules.test_a_venue_whose_streams_and_polls_are_both_dead_leaves_reducing_orders_only,
            [rules.feed(rules.KRAKEN, message=900, heartbeat=5, poll=900)],
            [],
        ),
    ),
    "a new doubt makes an order young": (
        risk.triggers,
        "state.order.at_us",
        "state.doubt_us",
        partial(
            rules.test_an_order_unknown_for_more_than_five_minutes_leaves_its_account_reducing,
            rules.order(rules.KRAKEN, 301),
            [(Level.REDUCE_ONLY, "ACCOUNT:kraken/main")],
        ),
    ),
    "what is missing is no break": (
        risk.triggers,
        "abs(b.value) > limit",
        "b.value > limit",
        partial(
            rules.test_a_large_break_or_one_of_unknown_size_leaves_its_account_reducing,
            rules.D("-100.01"),
            True,
        ),
    ),
    "a break of unknown size is small": (
        risk.triggers,
        "b.value is None or abs",
        "b.value is not None and abs",
        partial(
            rules.test_a_large_break_or_one_of_unknown_size_leaves_its_account_reducing, None, True
        ),
    ),
    "what was acknowledged trips again": (
        engine.triggers,
        "self._latched |= {key for key in wanted if _within(key[1], halt.reach)}",
        "self._latched = set()",
        work.test_after_a_release_the_trigger_fires_again_only_if_its_condition_comes_anew,
    ),
    "a trigger fires once for ever": (
        engine.triggers,
        "key in wanted or self._stands(key)",
        "key",
        work.test_after_a_release_the_trigger_fires_again_only_if_its_condition_comes_anew,
    ),
    "a halt is tripped again and again": (
        engine.triggers,
        "            if self._stands(key):\n                self._raise",
        "            if not key:\n                self._raise",
        work.test_a_restart_does_not_trip_a_standing_halt_again_and_does_after_a_release,
    ),
    "a narrower release is told nothing": (
        engine.triggers,
        "if outer in (EVERYTHING, inner):",
        "if outer == EVERYTHING:",
        work.test_a_condition_that_still_holds_stands_against_the_release_of_its_scope,
    ),
    "a desk that only watches is halted": (
        engine.triggers,
        "return self.enabled and self._floor.desk.board.mode is not Mode.OBSERVE",
        "return self.enabled",
        partial(
            work.test_triggers_can_be_off_and_trip_nothing_where_no_order_leaves,
            Mode.OBSERVE,
            True,
            0,
        ),
    ),
    "a demo's own flows are theft": (
        engine.incidents,
        "or board.mode is Mode.DEMO ",
        "",
        partial(work.test_what_is_no_incident_stops_nothing, Mode.DEMO, work.left()),
    ),
    "a wider key is nobody's business": (
        engine.incidents,
        "isinstance(fact, controls.KeyAudited) and fact.gained",
        "isinstance(fact, controls.KeyAudited) and not fact.gained",
        partial(work.test_a_security_incident_stops_everything, work.audited(Right.WITHDRAW)),
    ),
}


async def holds(check: Check) -> None:
    answer = check()
    if answer is not None:
        await answer


@pytest.mark.parametrize("name", BUGS)
async def test_each_planted_bug_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module, old, new, check = BUGS[name]
    await holds(check)  # without the bug
    planted(monkeypatch, module, old, new)
    found: Any = (AssertionError, pytest.fail.Exception)
    with pytest.raises(found):
        await holds(check)
