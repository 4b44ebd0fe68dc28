"""The admin commands that every loopback venue has: every method here is one.

Amounts are text, sides are `public` or `private` (empty: both), owners are accounts. The one
rule: a command that changes money or orders goes the same way as a customer's.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from domain.orders import Kind, Side
from tests.wire.clock import SECOND
from tests.wire.faults import ANY, Fault
from tests.wire.keyring import IssuedKey
from tests.wire.orders import Ticket, Wish
from tests.wire.outbox import Tampering
from tests.wire.server import VenueServer
from tests.wire.truth import told
from tests.wire.venue import MAIN, Venue

CCXT_NAMES = {"key": "apiKey", "secret": "secret", "passphrase": "password"}
LAGS = ("orders", "trades", "balances", "ledgers")


class Controls:
    """What a tester can ask of any venue."""

    _modes: tuple[str, ...] = ("online",)
    _creates: tuple[str, ...] = ()  # the endpoints that place orders
    _poisons: Mapping[str, tuple[str, dict[str, object]]] = {}

    def __init__(self, server: VenueServer[Any]) -> None:
        self._server = server
        self._venue: Venue[Any] = server.venue

    # Where, and with which key

    def routes(self) -> dict[str, str]:
        """Real host → address here."""
        return self._server.routes

    def credentials(self, purpose: str = "full", owner: str = MAIN) -> dict[str, str]:
        """Key and secret of an account for read, trade, withdraw or full."""
        return _for_ccxt(self._venue.keys.of(owner, purpose).parts())

    def issue_key(
        self, purpose: str, permissions: list[str] | None = None, owner: str = MAIN
    ) -> dict[str, str]:
        """A new key; it is the one that `credentials` tells from now on."""
        self._venue.keys.issue(owner, purpose, self._venue.now_us(), permissions)
        return self.credentials(purpose, owner)

    def revoke_key(self, purpose: str, owner: str = MAIN) -> None:
        """The key is unknown from now on."""
        self._key(purpose, owner).revoked = True

    def permit(self, purpose: str, permissions: list[str], owner: str = MAIN) -> None:
        """Give the key exactly these permissions."""
        self._key(purpose, owner).permissions = frozenset(permissions)

    def bind(self, purpose: str, addresses: list[str], owner: str = MAIN) -> None:
        """Have the venue say that only these addresses may use the key."""
        self._key(purpose, owner).addresses = tuple(addresses)

    def open_account(self, owner: str, balances: dict[str, str]) -> None:
        """A further account with keys and money."""
        self._venue.open_account(owner, balances)

    # Replies

    def fault(
        self, endpoint: str, kind: str, *, times: int = 1, every: int = 1, **how: object
    ) -> None:
        """Spoil the next replies: see tests/wire/faults.py for kinds and fields."""
        fault = Fault(kind, **how)  # type: ignore[arg-type]
        self._venue.faults.plan(endpoint, fault, times=times, every=every)

    def latency(self, ms: int, endpoint: str = ANY) -> None:
        """Wait so long before each request is looked at."""
        self._venue.faults.latency_ms[endpoint] = ms

    def release(self) -> None:
        """Let hanging and slow requests go."""
        self._server.rest.release()

    def calm(self) -> None:
        """No more faults, quirks or tampering."""
        self._venue.faults.clear()
        self._venue.quirks = type(self._venue.quirks)()
        for tampering in self._venue.tampering.values():
            tampering.clear()
        self._server.hub.refuse = False
        self._server.rest.release()

    # Sockets

    def sockets(self) -> list[dict[str, object]]:
        """Every open socket and what it is subscribed to."""
        return [{"side": c.side, "owner": c.owner, **c.channels()} for c in self._server.hub.of()]

    def frames_sent(self) -> dict[str, int]:
        """How many frames went out to all sockets, public and private."""
        return {side: tampering.sent for side, tampering in self._venue.tampering.items()}

    def silence(self, side: str = "", *, on: bool = True) -> None:
        """Send no data and no heartbeats, but answer pings."""
        for tampering in self._sides(side):
            tampering.silent = on

    def mute(self, side: str = "", *, on: bool = True) -> None:
        """Send nothing at all, pongs neither."""
        for tampering in self._sides(side):
            tampering.mute = tampering.silent = on

    def delay(self, ms: int, side: str = "") -> None:
        """Send every frame so much later."""
        for tampering in self._sides(side):
            tampering.delay_ms = ms

    def frames(self, action: str, channel: str, times: int = 1, side: str = "private") -> None:
        """Drop, duplicate, swap or bundle the next frames of a channel."""
        for tampering in self._sides(side):
            tampering.plan(action, channel, times)

    def close_sockets(self, side: str = "", code: int = 1001) -> None:
        """Close with a goodbye."""
        for connection in self._server.hub.of(side):
            connection.close(code)

    def cut_sockets(self, side: str = "") -> None:
        """Reset the connections."""
        for connection in self._server.hub.of(side):
            connection.abort()

    def refuse_sockets(self, *, on: bool = True) -> None:
        """Answer new sockets with 503."""
        self._server.hub.refuse = on

    def send(self, frame: dict[str, object], side: str = "private") -> None:
        """Send a frame of the tester's own making."""
        for connection in self._server.hub.of(side):
            connection.outbox.push_always(frame)

    def poison(self, name: str) -> None:
        """Send a frame that makes ccxt's handler raise: see the family's poison.py."""
        side, frame = self._poisons[name]
        self.send(frame, side)

    # The venue as a whole

    async def down(self) -> None:
        """Cut every connection and refuse new ones."""
        await self._server.down()

    async def up(self) -> None:
        """Listen again on the same port."""
        await self._server.up()

    def mode(self, mode: str, *, quiet: bool = False) -> None:
        """online, maintenance and what else the family has; `quiet` hides it in status."""
        if mode not in self._modes:
            raise ValueError(f"{mode!r} is not one of {', '.join(self._modes)}")
        self._venue.quirks.mode, self._venue.quirks.quiet_mode = mode, quiet

    def skew(self, seconds: int) -> None:
        """Make the venue's clock wrong by so much."""
        self._venue.clock.skew_us = seconds * SECOND  # type: ignore[attr-defined]

    def lag(self, what: str, seconds: int) -> None:
        """Hide what is younger from REST: orders, trades, balances or ledgers."""
        if what not in LAGS:
            raise ValueError(f"{what!r} is not one of {', '.join(LAGS)}")
        self._venue.quirks.lag_us[what] = seconds * SECOND

    def stubborn(self, every: int) -> None:
        """Refuse every n-th cancel (0: none)."""
        self._venue.quirks.stubborn = every

    def hostile(self, where: str, text: str) -> None:
        """Put text into rows: descr, misc, reason or asset."""
        self._venue.quirks.hostile[where] = text

    # Behind the customer's back

    def deposit(self, asset: str, amount: str, owner: str = MAIN) -> dict[str, object]:
        """Money arrives."""
        return asdict(self._venue.deposit(owner, asset, Decimal(amount)))

    def withdrawal(
        self, asset: str, amount: str, fee: str = "0", owner: str = MAIN
    ) -> dict[str, object]:
        """Money leaves, asked for on the website."""
        return asdict(self._venue.withdraw(owner, asset, Decimal(amount), Decimal(fee)))

    def transfer_status(self, reference: str, status: str, txid: str = "") -> None:
        """Move a deposit or withdrawal to another status, in the venue's own words."""
        chosen = next(t for t in self._venue.transfers if t.reference == reference)
        chosen.status, chosen.txid = status, txid or chosen.txid
        chosen.touched_us = self._venue.now_us()

    def place(
        self,
        side: str,
        symbol: str,
        quantity: str,
        price: str | None = None,
        client_id: str = "",
        owner: str = MAIN,
    ) -> str:
        """An order placed on the website; a market order without a price. Its id."""
        wish = Wish(
            owner=owner, symbol=symbol, side=Side(side), client_id=client_id, via="website",
            kind=Kind.MARKET if price is None else Kind.LIMIT, quantity=Decimal(quantity),
            price=None if price is None else Decimal(price),
        )  # fmt: skip
        return self._venue.exchange.submit(wish).order_id

    def cancel(self, order_id: str) -> None:
        """Cancel an order on the website."""
        self._venue.exchange.cancel(self._ticket(order_id))

    def fill(self, order_id: str, quantity: str | None = None) -> None:
        """Trade with one resting order (all of it, or so much)."""
        ticket = self._ticket(order_id)
        amount = ticket.working.remaining if quantity is None else Decimal(quantity)
        self._server.crowd.hit(ticket, amount)

    # The market

    def step(self, times: int = 1) -> None:
        """Let the market move."""
        self._server.crowd.step(times)

    def pace(self, step_ms: int) -> None:
        """Let the market move every so many milliseconds (0: only when asked)."""
        self._server.step_ms = step_ms

    def price(self, symbol: str, middle: str) -> None:
        """Jump to a price."""
        self._server.crowd.put(symbol, Decimal(middle))

    def depth(self, symbol: str, levels: int = 10) -> dict[str, list[tuple[str, str]]]:
        """The book as it is: prices and quantities, best first."""
        sides = zip(("bids", "asks"), self._venue.exchange.books[symbol].depth(levels), strict=True)
        return {side: [(str(p), str(q)) for p, q in rows] for side, rows in sides}

    def tape(self, symbol: str) -> list[dict[str, object]]:
        """Everybody's trades, oldest first."""
        return [asdict(trade) for trade in self._venue.exchange.settlement.tape[symbol]]

    def empty_book(self, symbol: str) -> None:
        """The market maker leaves."""
        self._server.crowd.withdraw(symbol)

    # The truth

    def truth(self, owner: str = MAIN) -> dict[str, object]:
        """Balances, holds, open and finished orders, trades, transfers, sums of the books."""
        return told(self._venue, owner)

    def counts(self) -> dict[str, int]:
        """How many requests each endpoint had."""
        return dict(self._venue.journal.counts)

    def client_ids(self, endpoint: str = "") -> dict[str, int]:
        """How often each client id arrived at an endpoint (empty: at those that place)."""
        counts: Counter[str] = Counter()
        for name in (endpoint,) if endpoint else self._creates:
            counts.update(self._venue.journal.by_client_id(name))
        return dict(counts)

    def journal(self, endpoint: str = "") -> list[dict[str, object]]:
        """The newest requests."""
        return self._venue.journal.rows(endpoint)

    def _key(self, purpose: str, owner: str) -> IssuedKey:
        key: IssuedKey = self._venue.keys.of(owner, purpose)
        return key

    def _ticket(self, order_id: str) -> Ticket:
        return self._venue.exchange.tickets[order_id]

    def _sides(self, side: str) -> Iterator[Tampering]:
        tamperings: Mapping[str, Tampering] = self._venue.tampering
        return (t for name, t in tamperings.items() if side in ("", name))


def _for_ccxt(parts: Mapping[str, str]) -> dict[str, str]:
    """The parts of a key under ccxt's names for them."""
    return {CCXT_NAMES[part]: text for part, text in parts.items()}
