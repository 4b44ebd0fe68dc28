"""Withdrawals of one account: one request, one verdict, and never a second request.

The key that may withdraw is loaded for the length of one withdrawal and no longer. The one rule:
what is not the venue's own parsed yes or no is InDoubt, and nothing here asks again.
"""

from typing import Any

from domain.errors import InDoubt
from domain.instruments import Account
from domain.withdrawals import Submission, Withdrawal
from venues.budget import Priority
from venues.ccxt_client import Client
from venues.ccxt_errors import Failed
from venues.ccxt_fields import Malformed
from venues.ccxt_markets import Markets
from venues.ccxt_row import Quirks
from venues.ccxt_sayings import Verdict
from venues.ccxt_withdraw_client import WithdrawClients
from venues.ccxt_withdrawals import FORMS, Form, Refused, refusal

_REFUSED_HERE = "NOT_SUPPORTED"
_NO_SUCH_ASSET = "it lists no {asset}"


class CcxtWithdrawer:
    """Sends withdrawals of one account (the port `Withdrawer`)."""

    def __init__(
        self, *, account: Account, clients: WithdrawClients, markets: Markets, quirks: Quirks
    ) -> None:
        self._account = account
        self._clients = clients
        self._markets = markets
        self._quirks = quirks

    async def withdraw(self, request: Withdrawal) -> Submission:
        """Send one withdrawal.

        Raises:
            InDoubt: it may have been taken; look for it by `reference` or in the movements.
            Unavailable: provably nothing was asked for.
            Misconfigured: there is no key to withdraw with.
        """
        form = FORMS.get(self._account.venue) if self._quirks.withdraws else None
        why = refusal(request, form)
        if form is None or why:
            return _refused(why)
        async with self._clients.opened() as (client, _):
            await self._markets.lend(client)
            asset = _asset_id(client.api, request.asset)
            if not asset:
                return _refused(_NO_SUCH_ASSET.format(asset=request.asset))
            try:
                source = await self._source(client, form, request, asset)
            except Refused as problem:
                return _refused(str(problem))
            return await _submitted(client, form, request, form.fill(request, asset, source))

    async def _source(self, client: Client, form: Form, request: Withdrawal, asset: str) -> str:
        if not form.ask:
            return ""
        try:
            answer, _ = await client.ask(
                form.ask, *form.asked(request, asset), priority=Priority.LOOK_UP
            )
            return form.source(answer, request)
        except Failed as failed:
            raise client.unavailable(failed) from failed
        except Malformed as problem:
            raise Refused(f"its answer cannot be read: {problem}") from problem


async def _submitted(client: Client, form: Form, request: Withdrawal, asked: Any) -> Submission:
    try:
        answer, _ = await client.ask(form.submit, dict(asked), priority=Priority.ORDER)
    except Failed as failed:
        judgement = failed.judgement
        if not failed.call.sends:
            raise client.unavailable(failed) from failed
        if judgement.verdict is Verdict.REJECTED:
            return Submission(accepted=False, code=judgement.code, reason=judgement.words)
        raise InDoubt(request.reference, judgement.words) from failed
    try:
        return Submission(accepted=True, venue_id=form.id_of(answer))
    except Malformed as problem:
        why = "the venue's answer carries no withdrawal id"
        raise InDoubt(request.reference, why) from problem


def _refused(reason: str) -> Submission:
    return Submission(accepted=False, code=_REFUSED_HERE, reason=reason)


def _asset_id(api: Any, asset: str) -> str:
    """The venue's own name of an asset; "" when it lists none."""
    known = (api.currencies or {}).get(asset)
    return str(known.get("id") or "") if isinstance(known, dict) else ""
