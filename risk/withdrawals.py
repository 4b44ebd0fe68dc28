"""The withdrawal policy: ordered rules, the first that matches has spoken, else it is BLOCK.

Pure: time, the address book, the price and what was asked for before all come in. The one rule:
what is not known counts as too much. A request without a value is over every bound and never
approves itself, and neither does one among others whose value is not known.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from zoneinfo import ZoneInfo

from domain.addresses import Address, AddressState
from domain.days import moment
from domain.money import ZERO, canonical, exactly
from domain.policies import AUTO_WINDOW_HOURS, Policy, Rule
from domain.rulings import Action, Ruling
from domain.withdrawals import Request, State, Terms

HOUR_US = 3_600_000_000
SECOND_US = 1_000_000
# What never left, and never will: it does not count against a window.
_NOTHING_LEFT = frozenset(
    {State.BLOCKED, State.REJECTED, State.CANCELLED, State.EXPIRED, State.FAILED}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Everything that a ruling rests on. `value` and `available` are None when not known.

    `entry` is the address book's, None: it has none; `others` are all known requests but this
    one; `policy_us` is since when the policy is what it is; `cannot` says why the account can
    withdraw nothing at all, "" when it can.
    """

    terms: Terms
    now_us: int
    value: Decimal | None = None
    entry: Address | None = None
    others: Sequence[Request] = field(default=())
    available: Decimal | None = None
    policy_us: int = 0
    cannot: str = ""


def blocked(version: str, rule: str, reason: str) -> Ruling:
    """The ruling that a guard amounts to, under a policy of this version."""
    return Ruling(action=Action.BLOCK, rule=rule, reason=reason, policy=version)


def judge(policy: Policy, case: Case) -> Ruling:
    """What the policy says: guards that no rule can lift, then the first rule that matches."""
    with exactly():
        rule, reason = guard(case)
        if rule:
            return blocked(policy.version, rule, reason)
        matching = (r for r in policy.ordered if _matches(r, policy, case))
        found = next(matching, None)
    if found is None:
        return blocked(policy.version, "default", "no rule of the policy allows it")
    required = found.action is Action.REQUIRE
    return Ruling(
        action=found.action,
        rule=found.name,
        reason=f"blocked by {found.name}" if found.action is Action.BLOCK else "",
        approvals=max(1, found.approvals) if required else 0,
        two_person=required and (found.two_person or policy.two_person),
        cool_off_s=policy.cool_off_s if found.cool_off_s is None else found.cool_off_s,
        policy=policy.version,
    )


def guard(case: Case) -> tuple[str, str]:
    """What forbids it whatever the rules say: (rule, reason), or two empty texts.

    Looked at again before sending (semantics 4.2, READY).
    """
    terms, entry = case.terms, case.entry
    if case.cannot:
        return "account", case.cannot
    if entry is None or not _is_entry(terms, entry):
        return "allow_list", "the address is not on the allow-list; `quarterdeck address add`"
    resting = _not_active(entry, case.now_us)
    if resting:
        return "allow_list", resting
    doubted = next((r for r in case.others if _shadows(r, terms)), None)
    if doubted is not None:
        return "in_doubt", f"{doubted.request_id} to the same address may have been sent"
    if case.available is not None and case.available < terms.amount:
        free = canonical(max(case.available, ZERO))
        return "balance", f"{canonical(terms.amount)} {terms.asset} of {free} available"
    return "", ""


def _not_active(entry: Address, now_us: int) -> str:
    state = entry.state_at(now_us)
    if state is AddressState.QUARANTINED:
        left_s = (entry.active_us - now_us) // SECOND_US + 1
        return f"{entry.name} is quarantined for another {left_s} s"
    return "" if state is AddressState.ACTIVE else f"{entry.name} is {state.value}"


def _is_entry(terms: Terms, entry: Address) -> bool:
    place = entry.place
    asked = (
        terms.account.venue,
        terms.asset,
        terms.network,
        terms.address,
        terms.tag,
        terms.saved_as,
    )
    told = (place.venue, place.asset, place.network, place.address, place.tag, place.saved_as)
    return asked == told


def _shadows(request: Request, terms: Terms) -> bool:
    return request.terms.destination == terms.destination and request.state is State.SUBMIT_UNKNOWN


# Rules


def _matches(rule: Rule, policy: Policy, case: Case) -> bool:
    if not _names(rule, case.terms) or not _at_this_time(rule, policy, case.now_us):
        return False
    window = _window(case, rule.window_hours, rule)
    bounds = (
        (case.terms.amount, rule.amount_over, rule.amount_to),
        (case.value, rule.value_over, rule.value_to),
        (window, rule.window_over, rule.window_to),
    )
    if not all(_within(value, over, to) for value, over, to in bounds):
        return False
    return rule.action is not Action.AUTO or _may_approve_itself(policy, case)


def _names(rule: Rule, terms: Terms) -> bool:
    named = (
        (rule.assets, (terms.asset,)),
        # One venue writes TRX and another trx: a rule means the network.
        ([known.casefold() for known in rule.networks], (terms.network.casefold(),)),
        (rule.destinations, (terms.destination, terms.destination_name)),
        (rule.accounts, (str(terms.account),)),
        (rule.requesters, (terms.requester,)),
    )
    return all(not wanted or set(wanted) & set(told) for wanted, told in named)


def _within(value: Decimal | None, over: Decimal | None, to: Decimal | None) -> bool:
    """Whether a value lies between its bounds; one that is not known is over all of them."""
    if value is None:
        return to is None
    return (over is None or value > over) and (to is None or value <= to)


def _at_this_time(rule: Rule, policy: Policy, now_us: int) -> bool:
    if not rule.since and not rule.until:
        return True
    local = moment(now_us).astimezone(ZoneInfo(policy.time_zone)).strftime("%H:%M")
    since, until = rule.since or "00:00", rule.until or "24:00"
    if since <= until:
        return since <= local < until
    return local >= since or local < until


def _may_approve_itself(policy: Policy, case: Case) -> bool:
    """Under the sum of a day, to an address and by a policy that are a quarantine old."""
    total = _window(case, AUTO_WINDOW_HOURS, None)
    quarantine_us = policy.quarantine_s * SECOND_US
    entry = case.entry
    aged = entry is not None and case.now_us - entry.confirmed_us >= quarantine_us
    settled = case.now_us - case.policy_us >= quarantine_us
    return total is not None and total < policy.auto_approve_under and aged and settled


def _window(case: Case, hours: int, rule: Rule | None) -> Decimal | None:
    """What was asked for in the window, this request included; None when not all is known."""
    since_us = case.now_us - hours * HOUR_US
    total = case.value
    for request in counted(case.others, since_us):
        if rule is not None and not _names(rule, request.terms):
            continue
        if total is None or request.value is None:
            return None
        total += request.value
    return total


def counted(requests: Iterable[Request], since_us: int) -> Iterable[Request]:
    """What counts against a window: all that is open, and what left, by when it was asked for."""
    for request in requests:
        recent = request.requested_us > since_us and request.state not in _NOTHING_LEFT
        if request.open or recent:
            yield request
