"""The gate: may this order be sent? See semantics 2.

`judge` runs every rule under exact arithmetic and answers with all figures. The one rule: an
exception inside a rule denies, and nothing here reserves or sends anything.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal

from domain.money import ZERO, exactly
from domain.orders import Draft
from domain.verdicts import RuleResult, Verdict, fails
from risk.proposal import Lens, Proposal, View, propose
from risk.rules import RULES, Rule
from risk.scoped import POSITION

RULE_NAMES = tuple(rule.__name__ for rule in RULES)
_FINEST = 12


def judge(
    draft: Draft, view: View, *, filled: Decimal | None = None, flattens: bool = False
) -> Verdict:
    """The gate's verdict on one order, or on the amendment of one that has `filled` already.

    `flattens` is for the engine alone: the order is a sale of a halt at FLATTEN.
    """
    with exactly():
        return decide(propose(draft, view, filled=filled, flattens=flattens), view)


def decide(order: Proposal, view: View, rules: tuple[Rule, ...] = RULES) -> Verdict:
    """As `judge`, for a proposal that is worked out; runs under the caller's exact context."""
    results = [_ruled(rule, order, view) for rule in rules]
    if view.limits.by_scope:
        results = list(_scoped(results, order, view, rules))
    for result in results:
        if not result.passed:
            break
    else:
        result = None
    return Verdict(
        approved=result is None,
        rule="" if result is None else result.rule,
        reason="" if result is None else result.reason,
        results=tuple(results),
        value=order.value,
        reference=order.reference or ZERO,
        base_rate=order.base_rate or ZERO,
        limits_version=view.limits.version,
    )


def _ruled(rule: Rule, order: Proposal, view: View) -> RuleResult:
    try:
        return rule(order, view)
    except Exception as error:  # noqa: BLE001 - boundary: a rule that fails denies
        return fails(rule.__name__, f"RULE_ERROR: {type(error).__name__}: {error}")


def _scoped(
    results: list[RuleResult], order: Proposal, view: View, rules: tuple[Rule, ...]
) -> Iterator[RuleResult]:
    """Each rule for the whole desk, then for every scope that covers the order and limits it."""
    lenses = () if view.covering is None else view.covering(order.cell)
    for lens in lenses:
        lens.view.board, lens.view.now_us = view.board, view.now_us
    for rule, result in zip(rules, results, strict=True):
        yield result
        for lens in lenses:
            if result.rule in lens.rules and _concerns(lens, rule, order):
                yield _within(lens.name, _ruled(rule, order, lens.view))
    if view.covering is None:
        yield fails("by_scope", "RULE_ERROR: there are limits by scope, and nothing counts them")


def _concerns(lens: Lens, rule: Rule, order: Proposal) -> bool:
    """A scope limits the positions that it names; the whole desk limits every one."""
    of_a_position = rule.__name__ == POSITION
    return not of_a_position or lens.scoped.limits_position(order.incoming_asset)


def _within(scope: str, result: RuleResult) -> RuleResult:
    reason = f"{result.reason} ({scope})" if result.reason else ""
    return result._replace(reason=reason, scope=scope)


def largest(draft: Draft, view: View, *, flattens: bool = False) -> Decimal | None:
    """The largest quantity (base units, whole lots) that would pass, all else equal.

    None when no quantity would pass, or nothing bounds it. Found by halving, so that it is
    true for every rule there will ever be; each step is a judgement.
    """
    with exactly():
        proposal = propose(draft, view, flattens=flattens)
        known = proposal.instrument
        if known is None:
            return None
        step = known.lot or Decimal(1).scaleb(-8)
        smallest = max(known.min_quantity or step, step)
        top = _bound(proposal, view)
        if top is None:
            return None

        def passes(lots: int) -> bool:
            sized = replace(draft, quantity=step * lots)
            return decide(propose(sized, view, flattens=flattens), view).approved

        return _search(passes, step, smallest, top)


def _bound(order: Proposal, view: View) -> Decimal | None:
    """A quantity that is surely not too small: what the balance could ever pay for."""
    available = view.exposure.available(order.account, order.outgoing_asset)
    each = order.outgoing(Decimal(1))
    if available is None or not each or available <= ZERO:
        return None
    return available / each


def _search(
    passes: Callable[[int], bool], step: Decimal, smallest: Decimal, top: Decimal
) -> Decimal | None:
    low, high = -(-smallest // step), top // step
    first, last = int(low), int(high)
    if last < first:
        return None
    if passes(last):
        return step * last
    # A minimum value can make small quantities fail too; what passes is one stretch.
    best: int | None = first if passes(first) else _first_passing(passes, first, last)
    if best is None:
        return None
    bad = last
    while bad - best > 1:
        middle = (best + bad) // 2
        if passes(middle):
            best = middle
        else:
            bad = middle
    return step * best


def _first_passing(passes: Callable[[int], bool], first: int, last: int) -> int | None:
    """Some quantity inside the stretch that passes, looked for at ever finer steps."""
    span = last - first
    for halving in range(1, _FINEST):
        pieces = 1 << halving
        for piece in range(1, pieces, 2):
            middle = first + span * piece // pieces
            if passes(middle):
                return middle
    return None
