"""The loopback KuCoin as one object: what it fixes, and what only KuCoin does.

An account has two wallets: trading (what orders use) and funding, which KuCoin calls main and
which here is the owner's name with a suffix. The one rule: an order never touches the funding
wallet, and money from outside arrives where KuCoin lets it arrive: in the funding wallet,
unless a test says otherwise.
"""

from collections.abc import Mapping
from decimal import Decimal
from random import Random

from domain.money import ZERO
from tests.wire.book_keeping import Overdrawn, Posting
from tests.wire.clock import Clock
from tests.wire.exchange import HouseRules
from tests.wire.kucoin.assets import LISTINGS, TIERS
from tests.wire.kucoin.book_log import BookLog
from tests.wire.kucoin.keys import ApiKey, KeyRing
from tests.wire.kucoin.limits import Limits
from tests.wire.names import HexNames
from tests.wire.venue import Setting, Venue

BALANCES = {
    "USDT": "100000",
    "BTC": "1.5",
    "ETH": "20",
    "SOL": "100",
    "XRP": "5000",
    "USDC": "10000",
}
MODES = ("online", "maintenance", "cancel_only")
FUNDING = " (funding)"
PING_MS, PATIENCE_MS = 18_000, 10_000
SETTING = Setting(
    pairs={symbol: listing.terms() for symbol, listing in LISTINGS.items()},
    opening={symbol: Decimal(listing.open_price) for symbol, listing in LISTINGS.items()},
    arrived="SUCCESS",
    leaving="PROCESSING",
    house=HouseRules(names=HexNames, most_open=2000, post_only_ends=True),
    token_life_s=24 * 3600,
)


def funding_of(owner: str) -> str:
    """The name under which the books keep an account's funding wallet."""
    return owner + FUNDING


class KucoinVenue(Venue[ApiKey]):
    """One loopback KuCoin; `volumes` are in BTC, `whitelists` are the allowed addresses."""

    keys: KeyRing

    def __init__(
        self,
        *,
        seed: int = 1,
        clock: Clock | None = None,
        limits: Limits | None = None,
        balances: Mapping[str, str] | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self.logs = {symbol: BookLog() for symbol in LISTINGS}
        self.ping_ms, self.patience_ms = PING_MS, PATIENCE_MS  # between pings, and beyond
        self.whitelists: dict[str, set[str]] = {}
        given = BALANCES if balances is None else balances
        ring = KeyRing(Random(seed + 1))
        super().__init__(SETTING, ring, seed=seed, clock=clock, balances=given)

    def fees(self, owner: str, symbol: str) -> tuple[Decimal, Decimal]:
        """(maker, taker) rates of an owner as fractions, by its 30-day volume."""
        volume = self.volumes.get(owner, ZERO)
        rungs = reversed(TIERS)
        maker, taker = next((m, t) for least, m, t in rungs if volume >= least)
        return Decimal(maker), Decimal(taker)

    def transfer(self, owner: str, asset: str, amount: Decimal, *, inwards: bool) -> str:
        """Move money between an account's two wallets; its reference. Raises Overdrawn."""
        source, target = (owner, funding_of(owner))[:: -1 if inwards else 1]
        if amount > self.exchange.free(source, asset):
            raise Overdrawn(f"{source} has not {amount} {asset} free")
        reference = self.exchange.names.mint("S")
        postings = [
            Posting(source, asset, -amount, reference),
            Posting(target, asset, amount, reference),
        ]
        entries = self.exchange.accounts.post("transfer", self.now_us(), postings)
        self.exchange.settlement.tell_entries(entries)
        return reference

    def caught_up(self, symbol: str) -> BookLog:
        """The numbered changes of a book, none left uncounted."""
        log = self.logs[symbol]
        log.catch_up(self.exchange.books[symbol])
        return log
