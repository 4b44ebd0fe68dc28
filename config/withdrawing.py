"""Settings of withdrawals: the policy's rules, the proposed addresses, the times.

The one rule: an address here is only a proposal; the ledger says which ones money may go to.
The rules are tried in the order in which they stand.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated

from pydantic import Field, model_validator

from config.composed import Block, BlockOf, Flag, ListOf
from config.kinds import amount, choice, off_or, whole, words
from config.names import ADDRESS_TEXT, ASSET, NAME, TAG, VENUE
from config.reporting import TIME
from domain.addresses import Place
from domain.board import Mode
from domain.policies import Policy, Rule
from domain.rulings import Action

MoneyFromZero = Annotated[Decimal, amount("amount in the base currency, 0 or more", zero=True)]
Bound = Annotated[Decimal | None, off_or(amount("amount, 0 or more", zero=True))]
NETWORK_NAME = words("a network's name", r"[A-Za-z0-9._-]{1,30}", "ERC20")
ACCOUNT = words("an account in full", r"[a-z0-9]{2,31}/[a-z0-9_]{1,30}", "kraken/main")
ENTRY = words("a name or an id of the address book", r"[A-Za-z0-9_]{1,30}", "cold_wallet")
HOUR_S = 3_600
# The demo desk is for trying: nobody waits a day there for money that does not exist.
DEMO_QUARANTINE_S, DEMO_COOL_OFF_S = 10, 5


class RecipientSettings(Block):
    """One address that money may be withdrawn to: exactly this asset, network, address, tag."""

    venue: Annotated[str, VENUE]
    asset: Annotated[str, ASSET]
    network: Annotated[str, NETWORK_NAME]
    address: Annotated[str, ADDRESS_TEXT]
    tag: Annotated[str | None, TAG] = None
    saved_as: Annotated[str | None, words("a saved name", r"[ -~]{1,60}", "cold")] = None

    @property
    def place(self) -> Place:
        """The same as the address book holds it."""
        return Place(
            venue=self.venue,
            asset=self.asset,
            network=self.network,
            address=self.address,
            tag=self.tag or "",
            saved_as=self.saved_as or "",
        )


class RuleSettings(Block):
    """One rule of the policy; see `domain.policies.Rule`."""

    action: Annotated[str, choice("auto", "require", "block")]
    assets: Annotated[tuple[Annotated[str, ASSET], ...], ListOf] = ()
    networks: Annotated[tuple[Annotated[str, NETWORK_NAME], ...], ListOf] = ()
    destinations: Annotated[tuple[Annotated[str, ENTRY], ...], ListOf] = ()
    accounts: Annotated[tuple[Annotated[str, ACCOUNT], ...], ListOf] = ()
    requesters: Annotated[tuple[Annotated[str, NAME], ...], ListOf] = ()
    amount_over: Bound = None
    amount_to: Bound = None
    value_over: Bound = None
    value_to: Bound = None
    window_hours: Annotated[int, whole(1, 720, "hours, 1 to 720")] = 24
    window_over: Bound = None
    window_to: Bound = None
    since: Annotated[str | None, off_or(TIME)] = None
    until: Annotated[str | None, off_or(TIME)] = None
    approvals: Annotated[int, whole(1, 9, "people, 1 to 9")] = 1
    two_person: Flag = False
    cool_off_s: Annotated[int | None, off_or(whole(1, 86_400, "seconds, 1 to 86400"))] = None

    def rule(self, name: str) -> Rule:
        """The rule under its name."""
        told = {key: value for key, value in self if key not in ("action", "since", "until")}
        return Rule(
            name=name,
            action=Action(self.action.upper()),
            since=self.since or "",
            until=self.until or "",
            **told,
        )


class WithdrawalSettings(Block):
    """What a withdrawal needs; everything is manual by default."""

    auto_approve_under: MoneyFromZero = Decimal(0)
    approval_method: Annotated[str, choice("console", "email")] = "console"
    two_person: Flag = False
    quarantine_hours: Annotated[int, whole(1, 720, "hours, 1 to 720")] = 24
    cool_off_s: Annotated[int, whole(1, 86_400, "seconds, 1 to 86400")] = 60
    expiry_hours: Annotated[int, whole(1, 168, "hours, 1 to 168")] = 24
    policy: Annotated[Mapping[Annotated[str, NAME], RuleSettings], BlockOf] = Field(
        default_factory=dict
    )
    recipient_allowlist: Annotated[Mapping[Annotated[str, NAME], RecipientSettings], BlockOf] = (
        Field(default_factory=dict)
    )

    @model_validator(mode="after")
    def _auto_has_a_bound(self) -> "WithdrawalSettings":
        alone = [name for name, rule in self.policy.items() if rule.action == "auto"]
        if alone and not self.auto_approve_under:
            raise ValueError(
                f"policy.{alone[0]} approves nothing while auto_approve_under is 0; set it"
            )
        return self

    def rules(self, mode: Mode, time_zone: str, currency: str) -> Policy:
        """The policy of a desk in this mode; the demo desk does not wait for long."""
        demo = mode is Mode.DEMO
        return Policy(
            rules=tuple(rule.rule(name) for name, rule in self.policy.items()),
            auto_approve_under=self.auto_approve_under,
            two_person=self.two_person,
            quarantine_s=DEMO_QUARANTINE_S if demo else self.quarantine_hours * HOUR_S,
            cool_off_s=min(self.cool_off_s, DEMO_COOL_OFF_S) if demo else self.cool_off_s,
            expiry_s=self.expiry_hours * HOUR_S,
            time_zone=time_zone,
            currency=currency,
        )
