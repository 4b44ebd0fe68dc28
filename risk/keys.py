"""May this key be used for this? What a venue tells of one, judged for its purpose.

The one rule: a key is judged by what its venue tells and by nothing that is guessed: rights
that are not told are neither too wide nor too narrow.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network

from domain.instruments import Account
from domain.keys import Finding, Ill, KeyReport, Purpose, Right

DAY_US = 86_400_000_000
EXPIRES_SOON_US = 14 * DAY_US
ALLOWED: Mapping[Purpose, frozenset[Right]] = {
    Purpose.READ: frozenset({Right.READ}),
    Purpose.TRADE: frozenset({Right.READ, Right.PLACE, Right.CANCEL}),
    Purpose.WITHDRAW: frozenset({Right.READ, Right.WITHDRAW}),
}
# What stands in the way of every order, whatever the setting says.
FATAL = frozenset({Ill.OTHER_ACCOUNT, Ill.CANNOT_CANCEL})
_WIDE = frozenset({Ill.TOO_WIDE, Ill.UNBOUND})


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPolicy:
    """What the operator decided about keys.

    With `refuse_wide` an account whose key may do more than it has to sends no orders.
    `allowlists` are, by venue, the networks that its keys should be bound to; none named: any
    binding will do. A key older than `reminder_days` is said to be old (R-C1).
    """

    refuse_wide: bool = False
    allowlists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    reminder_days: int = 90


def findings(
    report: KeyReport,
    account: Account,
    purpose: Purpose,
    policy: KeyPolicy,
    *,
    now_us: int,
    also: tuple[Purpose, ...] = (),
) -> tuple[Finding, ...]:
    """What is wrong with an account's key for a purpose, the gravest first.

    `also` are the other purposes that the very same key was given for.
    """
    at = f"the {purpose} key of {account}"
    found = [
        *_rights(report, purpose, also, at),
        *_binding(report, policy.allowlists.get(account.venue, ()), at),
        *_life(report, policy, at, now_us),
        *_words(report, at),
    ]
    return tuple(sorted(found, key=_gravity))


def other_account(
    report: KeyReport, account: Account, purpose: Purpose, known: str
) -> Iterator[Finding]:
    """Whether a key belongs to another account than the one that the name was bound to.

    `known` is the venue's id of that one, "" while the name is bound to none.
    """
    if known and report.uid and report.uid != known:
        text = (
            f"the {purpose} key of {account} belongs to account {report.uid}, and {account} "
            f"is {known}"
        )
        remedy = "give back the key of that account, or a new name to this one"
        yield Finding(ill=Ill.OTHER_ACCOUNT, text=text, remedy=remedy)


def gained(before: KeyReport | None, now: KeyReport) -> tuple[Right, ...]:
    """The rights that the same key has now and had not before; () for another key."""
    if before is None or before.fingerprint != now.fingerprint or before.rights is None:
        return ()
    return tuple(right for right in now.rights or () if right not in before.rights)


def refusal(found: Iterable[Finding], policy: KeyPolicy) -> str:
    """Why an account with these findings must not send orders; "" when it may."""
    ills = FATAL | _WIDE if policy.refuse_wide else FATAL
    reasons = [finding for finding in found if finding.ill in ills]
    return min(reasons, key=_gravity).text if reasons else ""


def unfit(found: Iterable[Finding], policy: KeyPolicy) -> str:
    """Why a key with these findings must not take another one's place; "" when it may.

    Stricter than `refusal`: a key that lacks something would stop what works now.
    """
    wide = _WIDE if policy.refuse_wide else frozenset[Ill]()
    reasons = [f for f in found if f.ill.disables or f.ill in wide]
    return min(reasons, key=_gravity).text if reasons else ""


def _gravity(finding: Finding) -> int:
    return list(Ill).index(finding.ill)


def _rights(
    report: KeyReport, purpose: Purpose, also: tuple[Purpose, ...], at: str
) -> Iterator[Finding]:
    if also:
        text = f"{at} is its key to {' and '.join(also)}, too"
        yield Finding(ill=Ill.TOO_WIDE, text=text, remedy="make a key for each purpose")
    has = report.rights
    if has is None:
        return
    if purpose is Purpose.TRADE and Right.PLACE in has and Right.CANCEL not in has:
        text = f"{at} can place orders and not cancel them: the kill switch could not end them"
        yield Finding(ill=Ill.CANNOT_CANCEL, text=text, remedy="let it cancel orders, too")
    if report.lacks:
        text = f"{at} lacks what it needs: {', '.join(report.lacks)}"
        yield Finding(ill=Ill.TOO_NARROW, text=text, remedy="give it these rights at the venue")
    allowed = ALLOWED[purpose].union(*(ALLOWED[other] for other in also))
    excess = [right for right in has if right not in allowed]
    if excess:
        text = f"{at} can also {_and(excess)}"
        yield Finding(ill=Ill.TOO_WIDE, text=text, remedy="take these rights away at the venue")


def _and(rights: Iterable[Right]) -> str:
    *most, last = rights
    return f"{', '.join(most)} and {last}" if most else str(last)


def _binding(report: KeyReport, wanted: tuple[str, ...], at: str) -> Iterator[Finding]:
    if report.bound is False:
        remedy = "bind it to this machine's address at the venue"
        yield Finding(ill=Ill.UNBOUND, text=f"any address may use {at}", remedy=remedy)
    others = [address for address in report.addresses if wanted and not _within(address, wanted)]
    if others:
        text = f"{at} may be used from {', '.join(others)}, outside the configured ip_allowlist"
        remedy = "take these addresses away at the venue, or add them to ip_allowlist"
        yield Finding(ill=Ill.UNBOUND, text=text, remedy=remedy)


def _within(address: str, networks: Iterable[str]) -> bool:
    """Whether the configuration allows all of an address or network that the venue names."""
    try:
        told = ip_network(address, strict=False)
        allowed = [ip_network(network, strict=False) for network in networks]
    except ValueError:
        return False
    return any(told.version == net.version and told.subnet_of(net) for net in allowed)  # type: ignore[arg-type]


def _life(report: KeyReport, policy: KeyPolicy, at: str, now_us: int) -> Iterator[Finding]:
    if report.expires_us and report.expires_us - now_us < EXPIRES_SOON_US:
        days = max(0, report.expires_us - now_us) // DAY_US
        text = f"{at} expires in {days} days" if report.expires_us > now_us else f"{at} has expired"
        yield Finding(ill=Ill.EXPIRES, text=text, remedy="make a new key in time")
    age_days = (now_us - report.created_us) // DAY_US if report.created_us else 0
    if policy.reminder_days and age_days > policy.reminder_days:
        text = f"{at} is {age_days} days old, over {policy.reminder_days}"
        yield Finding(ill=Ill.OLD, text=text, remedy="make a new one, and delete this one")


def _words(report: KeyReport, at: str) -> Iterator[Finding]:
    if report.unknown:
        text = f"{at} has rights that this program does not know: {', '.join(report.unknown)}"
        yield Finding(ill=Ill.UNKNOWN, text=text, remedy="look them up at the venue")
