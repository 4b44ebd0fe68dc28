"""The admin commands that only the loopback KuCoin has; the others are `tests.wire.controls`."""

from collections.abc import Callable
from dataclasses import asdict
from decimal import Decimal

from domain.money import canonical
from tests.wire import controls
from tests.wire.kucoin.poison import POISONS
from tests.wire.kucoin.venue import MODES, PATIENCE_MS, KucoinVenue, funding_of
from tests.wire.truth import told
from tests.wire.venue import MAIN

WALLETS: dict[str, Callable[[str], str]] = {"main": funding_of, "trade": str}


class Controls(controls.Controls):
    """What a tester can ask of the loopback KuCoin; `wallet` is main (funding) or trade."""

    _modes = MODES
    _creates = ("POST hf/orders",)
    _poisons = POISONS
    _venue: KucoinVenue

    def frames(self, action: str, channel: str, times: int = 1, side: str = "private") -> None:
        """Drop, duplicate or swap the next frames of a topic; a frame is one row, so no bundle."""
        if action == "bundle":
            raise ValueError("'bundle' is not one of drop, duplicate, swap: a frame is one row")
        super().frames(action, channel, times, side)

    def limits(self, calls: str | None) -> None:
        """The pool of weight in thirty seconds; null is none."""
        self._venue.limits.set(None if calls is None else int(calls))

    def volume(self, btc: str, owner: str = MAIN) -> None:
        """The 30-day volume that decides the fee tier."""
        self._venue.volumes[owner] = Decimal(btc)

    def whitelist(self, addresses: list[str] | None, owner: str = MAIN) -> None:
        """Withdraw to these addresses only; null is to any."""
        self._venue.whitelists.pop(owner, None)
        if addresses is not None:
            self._venue.whitelists[owner] = set(addresses)

    def ping_every(self, ms: int, patience_ms: int = PATIENCE_MS) -> None:
        """Tell new clients to ping so often, and cut off who is later than that by so much."""
        self._venue.ping_ms, self._venue.patience_ms = ms, patience_ms

    def expire_tokens(self) -> None:
        """Every socket token given so far is too old."""
        tokens = self._venue.tokens
        tokens.update({token: (key, 0) for token, (key, _) in tokens.items()})

    def deposit(
        self, asset: str, amount: str, owner: str = MAIN, wallet: str = "main"
    ) -> dict[str, object]:
        """Money arrives."""
        holder = WALLETS[wallet](owner)
        return asdict(self._venue.deposit(owner, asset, Decimal(amount), holder=holder))

    def withdrawal(
        self, asset: str, amount: str, fee: str = "0", owner: str = MAIN, wallet: str = "trade"
    ) -> dict[str, object]:
        """Money leaves, asked for on the website."""
        holder, sum_, cost = WALLETS[wallet](owner), Decimal(amount), Decimal(fee)
        return asdict(self._venue.withdraw(owner, asset, sum_, cost, holder=holder))

    def move(self, asset: str, amount: str, *, inwards: bool, owner: str = MAIN) -> str:
        """Move money between the wallets, on the website; `inwards` is towards trading."""
        return self._venue.transfer(owner, asset, Decimal(amount), inwards=inwards)

    def truth(self, owner: str = MAIN) -> dict[str, object]:
        """The same as everywhere, `balances` of the trading wallet, and `funding` besides."""
        funding = self._venue.exchange.accounts.balances(funding_of(owner))
        shown = {asset: canonical(total) for asset, total in funding.items()}
        return {**told(self._venue, owner), "funding": shown}
