"""The withdrawal policies that hold at one moment: the ledger's, and the settings file's.

The one rule: the ledger's approved policy is the truth, so what the settings file says can only
make a ruling stricter. Where the two differ each rules by itself, and the stricter one counts.
"""

from dataclasses import dataclass, replace

from domain.policies import Policy
from domain.rulings import Action, Ruling
from risk.loosening import differences, looser
from risk.withdrawals import Case, blocked, judge

UNKNOWN = (
    "the ledger does not hold the withdrawal policy that was approved, only its version: nothing "
    "is withdrawn until an admin has run `quarterdeck withdraw policy approve`"
)
_STRICTNESS = (Action.AUTO, Action.REQUIRE, Action.BLOCK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The policy that the ledger approved (None: it does not hold it) and the settings file's.

    Times are seconds.
    """

    approved: Policy | None
    told: Policy

    @property
    def same(self) -> bool:
        """Whether the settings file has the policy in force."""
        return self.approved is not None and self.approved.version == self.told.version

    @property
    def unknown(self) -> str:
        """Why nothing at all is allowed; "" when the policy in force is known."""
        return "" if self.approved is not None else UNKNOWN

    @property
    def version(self) -> str:
        """What a ruling rests on: another one whenever either of the two is another."""
        if self.approved is None:
            return f"?+{self.told.version}"
        known = self.approved.version
        return known if self.same else f"{known}+{self.told.version}"

    @property
    def both(self) -> tuple[Policy, ...]:
        """The policies that rule, each by itself."""
        known = () if self.approved is None else (self.approved,)
        return known if self.same else (*known, self.told)

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules in force in their order, in words."""
        return () if self.approved is None else self.approved.told()

    @property
    def quarantine_s(self) -> int:
        """How long an address rests once confirmed."""
        return max(policy.quarantine_s for policy in self.both)

    @property
    def expiry_s(self) -> int:
        """How long a request may wait."""
        return min(policy.expiry_s for policy in self.both)

    @property
    def two_person(self) -> bool:
        """Whether nobody confirms what they added."""
        return any(policy.two_person for policy in self.both)

    def judge(self, case: Case) -> Ruling:
        """The stricter of what the policies say."""
        if self.approved is None:
            return blocked(self.version, "policy", self.unknown)
        if self.approved.currency != self.told.currency:
            # The value comes in the file's currency, and the approved bounds are in another.
            case = replace(case, value=None)
        ruling = judge(self.approved, case)
        if not self.same:
            ruling = stricter(ruling, judge(self.told, case))
        return replace(ruling, policy=self.version)

    @property
    def looser(self) -> tuple[str, ...]:
        """What of the settings file is not surely as strict as what is in force."""
        if self.approved is None:
            return ("the approved policy is not known",)
        return looser(self.approved, self.told)

    @property
    def differences(self) -> tuple[str, ...]:
        """What the two say otherwise, in words."""
        return () if self.approved is None else differences(self.approved, self.told)


def stricter(one: Ruling, other: Ruling) -> Ruling:
    """At least as strict as both: the stricter action, and the most that either asks for."""
    named = max(one, other, key=_demands)
    required = named.action is Action.REQUIRE
    return replace(
        named,
        approvals=max(one.approvals, other.approvals) if required else named.approvals,
        two_person=required and (one.two_person or other.two_person),
        cool_off_s=max(one.cool_off_s, other.cool_off_s),
    )


def _demands(ruling: Ruling) -> tuple[int, int, bool, int]:
    strictness = _STRICTNESS.index(ruling.action)
    return strictness, ruling.approvals, ruling.two_person, ruling.cool_off_s
