"""alerts, withdraw link: whether mail and chat messages arrive, and a link without mail.

The one rule: what cannot be sent is said with its reason and what to do.
"""

from argparse import Namespace

from alerts.letters import trial_subject, trial_text
from cli.approving import mailer_of
from cli.ground import Ground
from cli.render import as_json, moment, say
from cli.telling import hooks_of
from cli.usage import WrongUsage
from domain.asks_approvals import IssueApprovalLink
from domain.errors import DeskError, Misconfigured
from domain.ports import Desk


async def alerts(ground: Ground, args: Namespace) -> int:
    """Every action of `alerts`."""
    return await {"test-mail": _test_mail, "test-webhook": _test_webhook}[args.action](ground, args)


async def _test_mail(ground: Ground, args: Namespace) -> int:
    mailer = mailer_of(ground, ground.secrets(""))
    people = ground.loaded.settings.operators
    told = [args.to] if args.to else [known.email for known in people.values() if known.email]
    if not told:
        raise WrongUsage("no operator has an email in the settings; say --to ADDRESS")
    for address in told:
        await mailer.send(address, trial_subject(), trial_text())
        if not args.json:
            say(f"the server took a mail to {address}; look whether it arrives")
    if args.json:
        say(as_json({"sent": told}))
    return 0


async def _test_webhook(ground: Ground, args: Namespace) -> int:
    """Each of them is tried; the first failure's exit status is the command's."""
    from alerts.chat import trial  # noqa: PLC0415 - only where a message is sent

    hooks = hooks_of(ground, ground.secrets(""))
    if args.name and args.name not in hooks:
        known = ", ".join(hooks) or "none"
        raise WrongUsage(f"there is no webhook {args.name} in alerts.webhooks (known: {known})")
    if not hooks:
        raise Misconfigured("alerts.webhooks", "is empty; see docs/alerts.md")
    text = trial(ground.loaded.settings.alerts.desk_name, ground.mode.value)
    told: list[str] = []
    failures: dict[str, DeskError] = {}
    for name in [args.name] if args.name else hooks:
        try:
            await hooks[name][1].send(text)
        except DeskError as error:
            failures[name] = error
        else:
            told.append(name)
    first = next(iter(failures.values()), None)
    if args.json:
        failed = {name: str(error) for name, error in failures.items()}
        say(as_json({"sent": told, "failed": failed}))
        return 0 if first is None else first.exit_status
    for name in told:
        say(f"the webhook {name} took a message; look whether it stands in the chat")
    for name, another in list(failures.items())[1:]:
        say(f"the webhook {name} failed: {another}")
    if first is not None:
        raise first
    return 0


async def link(desk: Desk, args: Namespace) -> int:
    """A link to the approval page for whoever asks."""
    made = await desk.ask(IssueApprovalLink(request_id=args.id))
    if args.json:
        told = {"url": made.url, "operator": made.operator, "expires_us": made.expires_us}
        say(as_json(told))
        return 0
    say(made.url)
    say(f"for {made.operator} alone, good once, until {moment(made.expires_us)} UTC")
    return 0
