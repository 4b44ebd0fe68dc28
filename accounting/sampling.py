"""One sample of the desk's equity, told twice: by the venues' totals and by the ledger's facts.

The one rule: a sample says why it should not be trusted instead of guessing, and what has no
price is left out of both figures alike.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from domain.board import AccountView, Board
from domain.instruments import Account
from domain.money import ONE, ZERO

NEGLIGIBLE = Decimal("0.001")  # of equity: what old prices may be worth without a doubt
Holdings = Mapping[Account, Mapping[str, Decimal]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ages:
    """How old a figure may be, in microseconds (semantics 3.4).

    Balances younger than `streamed_us` are good while their stream was heard within `heard_us`;
    without a stream they must be younger than `polled_us`.
    """

    price_us: int = 15_000_000
    heard_us: int = 30_000_000
    streamed_us: int = 120_000_000
    polled_us: int = 30_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Equity in the base currency at one moment; valid when nobody has a doubt.

    `venues` is the sum of the venues' totals at marks, `books` that of the facts; both leave
    `unpriced` out. `accounts` are the facts' values by account.
    """

    at_us: int
    venues: Decimal
    books: Decimal
    doubts: tuple[str, ...] = ()
    priced: frozenset[str] = frozenset()
    unpriced: frozenset[str] = frozenset()
    accounts: Mapping[Account, Decimal] = field(default_factory=dict)

    @property
    def lower(self) -> Decimal:
        """What venues and facts both vouch for: only this may raise a high-water mark."""
        return min(self.venues, self.books)

    @property
    def higher(self) -> Decimal:
        """A loss counts where even this shows it: money on its way is not lost."""
        return max(self.venues, self.books)


def sampled(board: Board, held: Holdings, now_us: int, ages: Ages) -> Sample:
    """The sample of this moment. `held` is what the facts say every opened account holds."""
    told = {
        account: {asset: b.total for asset, b in view.balances.assets.items()}
        for account, view in board.accounts.items()
        if view.balances is not None
    }
    assets = {asset for rows in (*told.values(), *held.values()) for asset, n in rows.items() if n}
    priced = frozenset(asset for asset in assets if rate_of(board, asset) is not None)
    by_account = {Account.parse(name): value_of(board, held.get(Account.parse(name), {}))
                  for name in board.accounts}  # fmt: skip
    venues = sum((value_of(board, rows) for rows in told.values()), ZERO)
    books = sum(by_account.values(), ZERO)
    doubts = (
        *_of_accounts(board, held, now_us, ages),
        *_of_prices(board, told, priced, venues, now_us - ages.price_us),
    )
    return Sample(
        at_us=now_us,
        venues=venues,
        books=books,
        doubts=doubts,
        priced=priced,
        unpriced=frozenset(assets - priced),
        accounts=by_account,
    )


def rate_of(board: Board, asset: str) -> Decimal | None:
    """What one unit is worth in the base currency, however old; None: nobody ever told."""
    if asset == board.base_currency:
        return ONE
    mark = board.marks.get(asset)
    return None if mark is None else mark.value


def value_of(board: Board, rows: Mapping[str, Decimal]) -> Decimal:
    """The value of amounts by asset; what has no mark is left out."""
    rated = ((amount, rate_of(board, asset)) for asset, amount in rows.items())
    return sum((amount * rate for amount, rate in rated if rate is not None), ZERO)


def _of_accounts(board: Board, held: Holdings, now_us: int, ages: Ages) -> Iterator[str]:
    if not board.accounts:
        yield "no account is configured"
    for name, view in board.accounts.items():
        if view.balances is None:
            yield f"the balances of {name} are not known"
        elif view.account not in held:
            yield f"{name} is not reconciled yet"
        elif not _balances_stand(board, view, now_us, ages):
            age_s = (now_us - view.balances.at_us) // 1_000_000
            yield f"the balances of {name} are {age_s} s old"


def _balances_stand(board: Board, view: AccountView, now_us: int, ages: Ages) -> bool:
    assert view.balances is not None
    feed = board.feeds.get(view.account)
    heard_us = 0 if feed is None else max(feed.message_us, feed.heartbeat_us)
    streaming = now_us - heard_us < ages.heard_us
    return now_us - view.balances.at_us < (ages.streamed_us if streaming else ages.polled_us)


def _of_prices(
    board: Board,
    told: Mapping[str, Mapping[str, Decimal]],
    priced: frozenset[str],
    equity: Decimal,
    oldest_us: int,
) -> Iterator[str]:
    """Old prices, unless all of them together are worth next to nothing."""
    marks = board.marks
    old = sorted(a for a in priced if a != board.base_currency and marks[a].at_us <= oldest_us)
    totals = [
        abs(value_of(board, {a: rows[a] for a in old if a in rows})) for rows in told.values()
    ]
    if old and sum(totals, ZERO) > NEGLIGIBLE * abs(equity):
        yield f"no fresh price of {', '.join(old)}"
