"""The withdrawal policy as a value: its rules in their order, its times and bounds.

The ledger keeps the whole policy that was approved, so it is part of the vocabulary; what it
says to a request is worked out in `risk.withdrawals`. The one rule: `version` is another one
whenever anything that could change a ruling is.
"""

import hashlib
from dataclasses import dataclass
from decimal import Decimal

from domain.money import ZERO, canonical
from domain.rulings import Action

AUTO_WINDOW_HOURS = 24


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
    rule and for confirming addresses. Seconds; local times are in `time_zone`, values in
    `currency`, the base currency.
    """

    rules: tuple[Rule, ...] = ()
    auto_approve_under: Decimal = ZERO
    two_person: bool = False
    quarantine_s: int = 86_400
    cool_off_s: int = 60
    expiry_s: int = 86_400
    time_zone: str = "UTC"
    currency: str = "USD"

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

    def terms(self) -> str:
        """What holds beside the rules, in words: persons, times, bounds."""
        persons = "two persons everywhere" if self.two_person else "two persons by rule"
        bound = canonical(self.auto_approve_under)
        return (
            f"{persons}; an address rests {self.quarantine_s} s, what is "
            f"approved {self.cool_off_s} s; a request expires after {self.expiry_s} s; "
            f"what approves itself stays under {bound} {self.currency} a day; times in "
            f"{self.time_zone}"
        )

    @property
    def version(self) -> str:
        """12 hexadecimal digits that change with anything that a request could feel."""
        said = (
            *self.told(),
            canonical(self.auto_approve_under),
            str(self.two_person),
            str(self.quarantine_s),
            str(self.cool_off_s),
            str(self.expiry_s),
            self.time_zone,
            self.currency,
        )
        return hashlib.sha256("\n".join(said).encode()).hexdigest()[:12]
