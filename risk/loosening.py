"""What of another withdrawal policy is not surely tighter than the one in force.

The one rule: in doubt it is looser. A policy is tighter only where every request that there
could be is ruled at least as strictly by it; what takes thinking to see waits for a code.
"""

from collections.abc import Callable

from domain.money import canonical
from domain.policies import Policy, Rule
from domain.rulings import Action

OFF = "not there"
_MATCH = (
    "assets",
    "networks",
    "destinations",
    "accounts",
    "requesters",
    "amount_over",
    "amount_to",
    "value_over",
    "value_to",
    "window_hours",
    "window_over",
    "window_to",
    "since",
    "until",
)


def looser(old: Policy, new: Policy) -> tuple[str, ...]:
    """Everything in which `new` is not surely as strict as `old`; empty: it is tighter, or equal.

    Tighter are: a lower `auto_approve_under`, two persons, longer quarantine and cool-off,
    shorter expiry, more approvals, and new rules that block. Any other change of the rules
    may be looser.
    """
    settings = (name for name, tighter in _SETTINGS.items() if not tighter(old, new))
    return (*settings, *_looser_rules(old, new))


def _auto(old: Policy, new: Policy) -> bool:
    return new.auto_approve_under == old.auto_approve_under or (
        new.auto_approve_under < old.auto_approve_under and _falls_softly(new)
    )


def _quarantine(old: Policy, new: Policy) -> bool:
    return new.quarantine_s == old.quarantine_s or (
        new.quarantine_s > old.quarantine_s and _falls_softly(new)
    )


def _falls_softly(policy: Policy) -> bool:
    """What no longer approves itself rests no shorter under the rule of a person."""
    rests = [(rule.action, _rest(rule, policy)) for rule in policy.ordered]
    alone = [rest for action, rest in rests if action is Action.AUTO]
    asked = [rest for action, rest in rests if action is Action.REQUIRE]
    return not alone or not asked or max(alone) <= min(asked)


_SETTINGS: dict[str, Callable[[Policy, Policy], bool]] = {
    "auto_approve_under": _auto,
    "two_person": lambda old, new: new.two_person or not old.two_person,
    "quarantine": _quarantine,
    "cool_off": lambda old, new: new.cool_off_s >= old.cool_off_s,
    "expiry": lambda old, new: new.expiry_s <= old.expiry_s,
    "time_zone": lambda old, new: new.time_zone == old.time_zone,
    "base_currency": lambda old, new: new.currency == old.currency,
}


# Rules


def _looser_rules(old: Policy, new: Policy) -> tuple[str, ...]:
    known = {rule.name for rule in old.rules}
    # A rule that only blocks takes something away wherever it is put.
    kept = [rule for rule in new.rules if rule.name in known or rule.action is not Action.BLOCK]
    if _names(kept) != _names(old.rules):
        moved = known ^ {rule.name for rule in kept}
        return tuple(f"rule {name}" for name in sorted(moved)) or ("order of the rules",)
    pairs = zip(old.rules, kept, strict=True)
    return tuple(f"rule {a.name}" for a, b in pairs if not _tighter(a, b, old, new))


def _names(rules: "list[Rule] | tuple[Rule, ...]") -> list[str]:
    return [rule.name for rule in rules]


def _tighter(before: Rule, after: Rule, old: Policy, new: Policy) -> bool:
    """Whether a rule still matches the same, and asks for no less."""
    if any(getattr(before, name) != getattr(after, name) for name in _MATCH):
        return False
    if after.action is Action.BLOCK:
        return True
    if after.action is not before.action or _rest(after, new) < _rest(before, old):
        return False
    two = after.two_person or new.two_person or not (before.two_person or old.two_person)
    return after.action is Action.AUTO or (two and after.approvals >= before.approvals)


def _rest(rule: Rule, policy: Policy) -> int:
    return policy.cool_off_s if rule.cool_off_s is None else rule.cool_off_s


# In words


def differences(old: Policy, new: Policy) -> tuple[str, ...]:
    """Everything in which the two differ, with what the ledger and the settings file say."""
    before, after = _said(old), _said(new)
    names = dict.fromkeys((*before, *after))
    return tuple(
        f"{name} is {before.get(name, OFF)} in the ledger and {after.get(name, OFF)} in the file"
        for name in names
        if before.get(name) != after.get(name)
    )


def _said(policy: Policy) -> dict[str, str]:
    rules = {f"rule {rule.name}": rule.told().partition(": ")[2] for rule in policy.ordered}
    return {
        "auto_approve_under": canonical(policy.auto_approve_under),
        "two_person": "on" if policy.two_person else "off",
        "quarantine": f"{policy.quarantine_s} s",
        "cool_off": f"{policy.cool_off_s} s",
        "expiry": f"{policy.expiry_s} s",
        "time_zone": policy.time_zone,
        "base_currency": policy.currency,
        "order of the rules": ", ".join(rule.name for rule in policy.ordered),
        **rules,
    }
