"""What single settings cannot know: whether they fit together, the venue and the mode.

The one rule: a check looks at valid settings and says what to write; it changes nothing.
"""

import ipaddress
from collections import Counter
from collections.abc import Callable, Iterator

from config.checks_approvals import APPROVAL_CHECKS
from config.checks_webhooks import WEBHOOK_CHECKS
from config.composed import BY_SCOPE
from config.mistakes import KeyPath
from config.settings import Settings
from domain.board import Mode
from domain.errors import Misconfigured
from domain.scopes import Reach

Found = Iterator[tuple[KeyPath, str]]


def sandbox(settings: Settings, _: Mode) -> Found:
    """A test venue that does not exist must never become the real one."""
    asked = [venue for venue, told in settings.exchanges.items() if told.sandbox]
    if asked:
        from venues.ccxt_quirks import quirks_of  # noqa: PLC0415 -- 0.1 s that few configurations need

        for venue in asked:
            try:
                quirks_of(venue, sandbox=True)
            except Misconfigured as refused:
                yield ("exchanges", venue, "sandbox"), refused.hint


def operators(settings: Settings, _: Mode) -> Found:
    """One Unix user is one operator, and somebody can release the kill switch."""
    people = settings.operators
    uids = Counter(told.os_uid for told in people.values())
    for name, told in people.items():
        if uids[told.os_uid] > 1:
            yield ("operators", name, "os_uid"), f"user id {told.os_uid} is another operator's too"
    if people and not any("admin" in told.roles for told in people.values()):
        yield ("operators",), "nobody has the role admin, so nobody could release the kill switch"


def immutable_ledger(settings: Settings, _: Mode) -> Found:
    """The ledger has no other way."""
    if not settings.logging.immutable:
        yield ("logging", "immutable"), "the ledger is always append-only; write true"


def ports(settings: Settings, _: Mode) -> Found:
    """Two servers cannot share a port."""
    told = settings.monitoring
    if told.prometheus_port == told.grafana_port != 0:
        yield ("monitoring", "grafana_port"), "prometheus_port is the same; write another"


def practice_kill_switch(settings: Settings, mode: Mode) -> Found:
    """LIVE keeps its automatic triggers."""
    if mode is Mode.LIVE and not settings.risk.kill_switch_enabled:
        hint = "live mode keeps its automatic triggers; write true"
        yield ("risk", "kill_switch_enabled"), hint


def limits_given(settings: Settings, mode: Mode) -> Found:
    """A live book runs within limits that somebody chose."""
    if mode.book == "live":
        for name in settings.risk.missing:
            yield ("risk", name), f"is missing; {mode.value} mode needs this limit to be chosen"


def scopes_known(settings: Settings, mode: Mode) -> Found:
    """A limit of a venue or an account that is nowhere would never be felt."""
    scoped = settings.risk.given.get(BY_SCOPE, ())
    there = {venue: set(told.accounts) for venue, told in settings.exchanges.items()}
    if scoped and mode is Mode.DEMO:
        from venues.demo_catalogue import PROFILES  # noqa: PLC0415 -- few configurations need it

        for venue, profile in PROFILES.items():
            there.setdefault(venue, set()).update(profile.opening)
    for limits in scoped:
        scope = limits.scope
        place = ("risk", BY_SCOPE, str(scope))
        venue, _, account = scope.name.partition("/")
        if scope.reach in (Reach.VENUE, Reach.ACCOUNT) and venue not in there:
            yield (
                place,
                f"there is no venue {venue}; there are {', '.join(sorted(there)) or 'none'}",
            )
        elif scope.reach is Reach.ACCOUNT and account not in there[venue]:
            known = ", ".join(f"{venue}/{name}" for name in sorted(there[venue]))
            yield place, f"there is no account {scope.name}; there are {known or 'none'}"


def venue_given(settings: Settings, mode: Mode) -> Found:
    """A live desk has a venue to look at."""
    if mode.book == "live" and not settings.enabled:
        yield (
            ("exchanges",),
            f"{mode.value} mode needs a venue, for example exchanges.kraken.enabled: true",
        )


def gateway(settings: Settings, mode: Mode) -> Found:
    """Live keys go through a gateway only when somebody said so."""
    if mode.book == "live" and settings.gateway and not settings.allow_gateway:
        yield (
            ("gateway",),
            "live keys would pass through it; write allow_gateway: true, or remove it",
        )


def paper(settings: Settings, _: Mode) -> Found:
    """The least is not more than the most."""
    told = settings.paper
    if told.latency_least_ms > told.latency_most_ms:
        yield (
            ("paper", "latency_least_ms"),
            f"it is over paper.latency_most_ms, {told.latency_most_ms}",
        )


def policy_times(settings: Settings, _: Mode) -> Found:
    """A rule's hours are some hours: from noon to noon would never match."""
    for name, rule in settings.withdrawals.policy.items():
        if rule.since is not None and rule.since == rule.until:
            place = ("withdrawals", "policy", name, "until")
            yield place, f"is `since` itself, {rule.since}; leave both out for the whole day"


CHECKS: tuple[Callable[[Settings, Mode], Found], ...] = (
    sandbox,
    operators,
    immutable_ledger,
    ports,
    practice_kill_switch,
    limits_given,
    scopes_known,
    venue_given,
    gateway,
    paper,
    policy_times,
    *APPROVAL_CHECKS,
    *WEBHOOK_CHECKS,
)


def warnings(settings: Settings) -> Iterator[str]:
    """What is allowed and still worth a line on the screen."""
    if not ipaddress.ip_address(settings.monitoring.bind).is_loopback:
        yield (
            f"monitoring.bind: metrics and health are served on {settings.monitoring.bind}, "
            "to everybody who can reach this machine"
        )
    if settings.gateway:
        yield f"gateway: every call to a venue goes through {settings.gateway}"
