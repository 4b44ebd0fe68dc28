"""Futures wallets of one account: margin balance as the venue tells it, to the last digit.

The one rule: a wallet is read whole, or it is named with the reason; one that cannot be read
hides no other, and is never empty. What lies there is counted in net asset value and nowhere
else: no spot order can use it.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from domain.errors import Misconfigured, Unavailable
from domain.market import MarginBalance
from domain.money import MONEY
from venues.ccxt_client import Client
from venues.ccxt_errors import VenueUnavailable
from venues.ccxt_fields import Fields, Malformed
from venues.ccxt_row import MarginWallet, Quirks
from venues.ccxt_sayings import Cause

SECTION = "futures:"  # before the paths of `shapes`
REFUSED_US = 600_000_000  # what the key may not read is asked for again after ten minutes
REFUSALS = (Cause.KEY, Cause.PERMISSION, Cause.ACCOUNT)
_TRIES = 3
Wallet = dict[str, MarginBalance]
Wallets = dict[str, Wallet]
T = TypeVar("T")


class Margins:
    """Reads the futures wallets that an account's setting names."""

    def __init__(self, client: Client, quirks: Quirks, names: Sequence[str]) -> None:
        self._client = client
        self._wallets = {name: quirks.margins[name] for name in names}
        self._refused: dict[str, tuple[int, str]] = {}  # until when, and why

    async def around(self, spot: Callable[[], Awaitable[T]]) -> tuple[T, Wallets, dict[str, str]]:
        """What `spot` answers, read while no money moved between it and the wallets.

        Money on its way from one to the other would be seen in both or in neither, and look
        like a gain or a loss of that size. Where it goes on moving, the wallets are not known.
        """
        before, _ = await self.read()
        for _ in range(_TRIES):
            answer = await spot()
            after, unread = await self.read()
            if _lying(before) == _lying(after):
                return answer, after, unread
            before = after
        return answer, {}, {**unread, **dict.fromkeys(after, "money moves while it is read")}

    async def read(self) -> tuple[Wallets, dict[str, str]]:
        """What each wallet holds, and why those that are missing could not be read."""
        found: Wallets = {}
        unread: dict[str, str] = {}
        for name, wallet in self._wallets.items():
            until_us, why = self._refused.get(name, (0, ""))
            if self._client.now_us() < until_us:
                unread[name] = why
                continue
            try:
                found[name] = await self._read(wallet)
            except Unavailable as error:
                unread[name] = error.why
                if isinstance(error, VenueUnavailable) and error.cause in REFUSALS:
                    self._refused[name] = (self._client.now_us() + REFUSED_US, error.why)
        return found, unread

    async def _read(self, wallet: MarginWallet) -> Wallet:
        found: Wallet = {}
        for params in wallet.calls:
            answer, _ = await self._client.read(wallet.method, dict(params), section=SECTION)
            try:
                self._take(wallet, answer, found)
            except Malformed as problem:
                why = f"a row of its answer cannot be read: {problem}"
                raise Unavailable(self._client.who, why) from problem
        return found

    def _take(self, wallet: MarginWallet, answer: object, found: Wallet) -> None:
        for told in _rows(wallet, answer):
            row = Fields("margin balance", told)
            asset = str(self._client.api.safe_currency_code(row.asset(wallet.asset)))
            if asset in found:
                raise Malformed("margin balance", "asset", f"{asset}, told twice")
            held = _balance(wallet, row)
            if held.wallet or held.unrealised:
                found[asset] = held


def _lying(wallets: Wallets) -> dict[tuple[str, str], Decimal]:
    return {
        (name, asset): held.wallet
        for name, assets in wallets.items()
        for asset, held in assets.items()
        if held.wallet
    }


def check(venue: str, account: str, quirks: Quirks, names: Sequence[str]) -> None:
    """Refuse futures wallets that the venue does not have here.

    Raises:
        Misconfigured: naming the setting, and what could stand there.
    """
    unknown = [name for name in names if name not in quirks.margins]
    if unknown:
        known = ", ".join(("spot", *quirks.margins))
        why = f" ({quirks.why_no_margins})" if quirks.why_no_margins else ""
        raise Misconfigured(
            f"exchanges.{venue}.accounts.{account}.wallets",
            f"of {venue} no {unknown[0]} wallet is read{why}; it can be: {known}",
        )


def _rows(wallet: MarginWallet, answer: object) -> list[Any]:
    found = answer
    for name in filter(None, wallet.at.split(".")):
        if not isinstance(found, Mapping):
            raise Malformed("margin balances", name, found)
        found = found.get(name)
    return found if isinstance(found, list) else [found]


def _balance(wallet: MarginWallet, row: Fields) -> MarginBalance:
    unrealised = row.required(wallet.unrealised)
    if wallet.wallet:
        return MarginBalance(wallet=row.required(wallet.wallet), unrealised=unrealised)
    equity = row.required(wallet.equity)
    return MarginBalance(wallet=MONEY.subtract(equity, unrealised), unrealised=unrealised)
