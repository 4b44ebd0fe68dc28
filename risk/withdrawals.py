"""The withdrawal policy: ordered rules, the first that matches has spoken, else it is BLOCK.

Pure: time, the address book, the price and what was asked for before all come in. The one rule:
what is not known counts as too much. A request without a value is over every bound and never
approves itself, and neither does one among others whose value is not known.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from zoneinfo import ZoneInfo

from domain.addresses import Address, AddressState
from domain.days import moment
from domain.money import ZERO, canonical, exactly
from domain.rulings import Action, Ruling
from domain.withdrawals import Request, State, Terms

HOUR_US = 3_600_000_000
SECOND_US = 1_000_000
AUTO_WINDOW_HOURS = 24
# What never left, and never will: it does not count against a window.
_NOTHING_LEFT = frozenset(
    {State.BLOCKED, State.REJECTED, State.CANCELLED, State.EXPIRED, State.FAILED}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule. What it does not name, it does not ask about; all that it names must hold.

    Bounds are inclusive: `…_over` means more than, `…_to` up to and with. `amount_…` is in the
    asset; `value_…` and `window_…` are in the base currency, the window's with this request in
    it, over the last `window_hours` of what matches the rule's names. `since` and `until` are
    local times HH:MM; `since` after `until` spans midnight. `destinations` are names or ids.
    """

    name: str
    action: Action
    assets: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    destinations: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    requesters: tuple[str, ...] = ()
    amount_over: Decimal | None = None
    amount_to: Decimal | None = None
    value_over: Decimal | None = None
    value_to: Decimal | None = None
    window_hours: int = 24
    window_over: Decimal | None = None
    window_to: Decimal | None = None
    since: str = ""
    until: str = ""
    approvals: int = 1
    two_person: bool = False
    cool_off_s: int | None = None

    def told(self) -> str:
        """The rule in words, for screens and the ledger."""
        named = (
            ("asset", self.assets),
            ("network", self.networks),
            ("to", self.destinations),
            ("from", self.accounts),
            ("by", self.requesters),
        )
        bounds = (
            ("amount", self.amount_over, self.amount_to),
            ("value", self.value_over, self.value_to),
            (f"{self.window_hours} h", self.window_over, self.window_to),
        )
        parts = [f"{word} {'|'.join(names)}" for word, names in named if names]
        parts += [f"{word} > {canonical(over)}" for word, over, _ in bounds if over is not None]
        parts += [f"{word} ≤ {canonical(to)}" for word, _, to in bounds if to is not None]
        if self.since or self.until:
            parts.append(f"{self.since or '00:00'} to {self.until or '24:00'}")
        does = self.action.value
        if self.action is Action.REQUIRE:
            does += f" {self.approvals}" + (", not the requester" if self.two_person else "")
        rest = "" if self.cool_off_s is None else f", cool-off {self.cool_off_s} s"
        return f"{self.name}: {' and '.join(parts) or 'anything'} → {does}{rest}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The whole policy. No rules: small sums as `auto_approve_under` allows, else one person.

    `auto_approve_under` bounds every AUTO: all withdrawals of 24 hours, pending ones and this
    one included, must stay under it (0: nothing approves itself). `two_person` holds for every
    rule and for confirming addresses. Seconds; local times are in `time_zone`.
    """

    rules: tuple[Rule, ...] = ()
    auto_approve_under: Decimal = ZERO
    two_person: bool = False
    quarantine_s: int = 86_400
    cool_off_s: int = 60
    expiry_s: int = 86_400
    time_zone: str = "UTC"

    @property
    def ordered(self) -> tuple[Rule, ...]:
        """The rules in their order, or those that stand for none."""
        if self.rules:
            return self.rules
        small = Rule(name="auto_approve_under", action=Action.AUTO)
        person = Rule(name="one_person", action=Action.REQUIRE)
        return (small, person) if self.auto_approve_under else (person,)

    def told(self) -> tuple[str, ...]:
        """Every rule in words, the implicit last one too."""
        bound = f" while all of {AUTO_WINDOW_HOURS} h is under {canonical(self.auto_approve_under)}"
        rules = (
            rule.told() + (bound if rule.action is Action.AUTO else "") for rule in self.ordered
        )
        return (*rules, "otherwise → BLOCK")

    @property
    def version(self) -> str:
        """12 hexadecimal digits that change with anything that could change a ruling."""
        said = (
            *self.told(),
            canonical(self.auto_approve_under),
            str(self.two_person),
            str(self.quarantine_s),
            str(self.cool_off_s),
            self.time_zone,
        )
        return hashlib.sha256("\n".join(said).encode()).hexdigest()[:12]


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


def blocked(policy: Policy, rule: str, reason: str) -> Ruling:
    """The ruling that a guard amounts to."""
    return Ruling(action=Action.BLOCK, rule=rule, reason=reason, policy=policy.version)


def judge(policy: Policy, case: Case) -> Ruling:
    """What the policy says: guards that no rule can lift, then the first rule that matches."""
    with exactly():
        rule, reason = guard(case)
        if rule:
            return blocked(policy, rule, reason)
        matching = (r for r in policy.ordered if _matches(r, policy, case))
        found = next(matching, None)
    if found is None:
        return blocked(policy, "default", "no rule of the policy allows it")
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
