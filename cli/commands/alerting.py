"""alerts, withdraw link: whether mail arrives, and a link without mail.

The one rule: a mail that cannot be sent is said with its reason and what to do.
"""

from argparse import Namespace

from alerts.letters import trial_subject, trial_text
from cli.approving import mailer_of
from cli.ground import Ground
from cli.render import as_json, moment, say
from cli.usage import WrongUsage
from domain.asks_approvals import IssueApprovalLink
from domain.ports import Desk


async def alerts(ground: Ground, args: Namespace) -> int:
    """Every action of `alerts`."""
    assert args.action == "test-mail"
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
