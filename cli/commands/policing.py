"""withdraw policy: the one in force, the settings' one where it is another, and what to do.

The one rule: whoever approves is shown first what differs, and approves that version alone.
"""

from argparse import Namespace
from collections.abc import Iterator

from cli.commands.control import code_for, done
from cli.render import as_json, moment, say
from domain import asks_withdrawals as asks
from domain.ports import Desk


async def policy(desk: Desk, args: Namespace) -> int:
    """Show it, approve the settings' one, or let that wait no more."""
    if args.policy_action == "approve":
        return await _approve(desk, args)
    if args.policy_action == "cancel":
        return done(await desk.ask(asks.CancelWithdrawalPolicy(reason=args.reason)), args)
    page = await desk.ask(asks.ReadWithdrawalPolicy())
    if args.json:
        say(as_json({"policy": page.version, **_plain(page)}))
    else:
        say("\n".join(_lines(page)))
    return 0


async def _approve(desk: Desk, args: Namespace) -> int:
    page = await desk.ask(asks.ReadWithdrawalPolicy())
    version = args.policy_version or page.told
    if not page.waits or page.wait_s or version != page.told:  # refused: that spends no code
        return done(await _approved(desk, version, ""), args)
    if not args.policy_version and not args.json:
        say("\n".join(_differing(page)))
    return done(await _approved(desk, version, await code_for(desk, args)), args)


async def _approved(desk: Desk, version: str, code: str) -> object:
    return await desk.ask(asks.ApproveWithdrawalPolicy(version=version, code=code))


def _plain(page: asks.PolicyPage) -> dict[str, object]:
    return {
        "since_us": page.since_us,
        "rules": list(page.rules),
        "terms": page.terms,
        "settings": page.told,
        "settings_rules": list(page.told_rules),
        "settings_terms": page.told_terms,
        "differences": list(page.differences),
        "looser": list(page.looser),
        "waits": page.waits,
        "wait_s": page.wait_s,
        "problem": page.problem,
    }


def _lines(page: asks.PolicyPage) -> Iterator[str]:
    yield f"policy {page.version}, since {moment(page.since_us)}"
    yield from _numbered(page.rules, page.terms)
    if page.problem:
        yield f"\n{page.problem}"
    if page.told:
        yield f"\nNOT in force: policy {page.told} of the settings"
        yield from _numbered(page.told_rules, page.told_terms)
        yield ""
        yield from _differing(page)
        yield f"\n{_what_to_do(page)}"


def _numbered(rules: tuple[str, ...], terms: str) -> Iterator[str]:
    for place, rule in enumerate(rules, 1):
        yield f"{place:>3}. {rule}"
    if terms:
        yield f"     {terms}"


def _differing(page: asks.PolicyPage) -> Iterator[str]:
    yield "what differs:"
    yield from (f"  {told}" for told in page.differences or page.told_rules)
    yield f"may be looser: {', '.join(page.looser)}"


def _what_to_do(page: asks.PolicyPage) -> str:
    """In one sentence; until then the stricter ruling of the two counts."""
    until = "Until then the stricter ruling of the two counts."
    if page.problem:
        until = "Until then nothing is withdrawn."
    if not page.waits:
        return f"It was cancelled; the settings ask again at the next start. {until}"
    when = f"in {page.wait_s} s" if page.wait_s else "now"
    return (
        f"It can be put in force {when}, with a code: quarterdeck withdraw policy approve; or: "
        f"quarterdeck withdraw policy cancel. {until}"
    )
