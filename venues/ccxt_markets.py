"""A venue's instruments as ccxt keeps them: from the disk at once, from the venue when it can.

They are loaded once and lent to every other client of the venue. The one rule: what came from
the disk carries the time at which the venue told it, and counts as no younger than that.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from domain.errors import Unavailable
from domain.ports import Clock
from venues.budget import Priority
from venues.ccxt_client import Client
from venues.ccxt_row import Endpoint
from venues.markets_file import Kept, MarketsFile, Unusable

_AHEAD_US = 300_000_000  # a file from further in the future was written under another clock
_AFRESH = True  # ccxt's `reload`
_STEPS = ("amount", "price")
Opened = Callable[[], AbstractAsyncContextManager[Client]]
Told = Callable[[str], None]


class Markets:
    """The instruments of one venue, loaded when they are first needed.

    With a `file` the first load is what it holds, whatever its age, and each load from the
    venue is written to it; `on_problem` is told when it cannot be used. `opened` makes the
    client that later loads run on, so that no other call waits for them.

    In a hurry they are never loaded for an account's sake: `--kill` does not wait for them.
    """

    def __init__(
        self,
        client: Client,
        clock: Clock,
        *,
        opened: Opened | None = None,
        file: MarketsFile | None = None,
        on_problem: Told = lambda _: None,
        hurry: bool = False,
    ) -> None:
        self._client = client
        self._clock = clock
        self._opened = opened
        self._file = file
        self._on_problem = on_problem
        self._hurry = hurry
        self._loading = asyncio.Lock()
        self._told_us = 0
        self._from_disk = False
        self._noted: dict[str, None] = {}

    @property
    def told_us(self) -> int:
        """When the venue told what is known now; 0: nothing is known."""
        return self._told_us

    def note(self, symbols: Iterable[str]) -> None:
        """Somebody here watches or trades these: their fills are asked for by symbol."""
        self._noted.update(dict.fromkeys(symbols))

    def tradable(self, held: Collection[str]) -> list[str]:
        """The symbols that were noted, and those of two assets that are both held."""
        markets = self._client.api.markets or {}
        noted = [symbol for symbol in self._noted if symbol in markets]
        pairs = (
            symbol
            for symbol, market in markets.items()
            if market.get("spot") and market.get("base") in held and market.get("quote") in held
        )
        return list(dict.fromkeys((*noted, *pairs)))

    # Loading

    async def ready(self) -> Any:
        """The market structures of ccxt, by symbol, as they are known.

        Raises:
            Unavailable: they could not be read whole, or there are none.
        """
        if not self._told_us:
            async with self._loading:
                await self._first()
        return self._client.api.markets

    async def _first(self) -> None:
        known = self._told_us or await self._take_up()
        if not known:
            await self._load(self._client)

    async def renewed(self, *, newer_than_us: int) -> Any:
        """As `ready`, and asked of the venue again if they are older, or came from the disk.

        Raises:
            Unavailable: they could not be read whole; what was known stands.
        """
        await self.ready()
        async with self._loading:
            if self._from_disk or self._told_us < newer_than_us:
                await self._renew()
        return self._client.api.markets

    async def _renew(self) -> None:
        if self._opened is None:
            await self._load(self._client)
            return
        # On the client that everybody asks, ccxt would let each call wait for the load.
        async with self._opened() as fresh:
            await self._load(fresh)
            self._client.api.set_markets_from_exchange(fresh.api)

    async def _load(self, client: Client) -> None:
        await client.read("load_markets", _AFRESH)
        if not client.api.markets:
            raise Unavailable(self._client.who, "it lists no instruments")
        self._told_us = self._clock.now_us()
        self._from_disk = False
        await self._write(client.api)

    # The disk

    async def _take_up(self) -> bool:
        """Whether the file gave them."""
        if self._file is None or self._hurry:
            return False
        try:
            latest_us = self._clock.now_us() + _AHEAD_US
            kept = await asyncio.to_thread(self._file.read, latest_us)
            if kept is None:
                return False
            await asyncio.to_thread(_hand_over, self._client.api, kept)
        except Unusable as problem:
            self._say(self._file, problem)
            return False
        self._told_us, self._from_disk = kept.fetched_us, True
        return True

    async def _write(self, api: Any) -> None:
        if self._file is None:
            return
        try:
            await asyncio.to_thread(self._file.write, _kept(api, self._told_us))
        except Unusable as problem:
            self._say(self._file, problem)

    def _say(self, file: MarketsFile, problem: Unusable) -> None:
        self._on_problem(f"the instruments in {file.path.name} are not used: {problem}")

    # Lending

    async def lend(self, client: Client) -> None:
        """Let another client know the instruments.

        Raises:
            Unavailable: they could not be read.
        """
        if not self._hurry:
            await self.ready()
        self.lend_known(client)

    async def detail(self, client: Client, symbol: str, at: Endpoint) -> None:
        """Know the steps of an instrument too, where the list of instruments tells none.

        Raises:
            Unavailable: they could not be read.
        """
        market = client.api.markets.get(symbol)
        if market is None or market["precision"]["price"] is not None:
            return
        (told,) = await client.look(at, market["id"], priority=Priority.ORDER)
        is_told = isinstance(told, Mapping) and told["symbol"] == symbol
        if not is_told or None in (told["precision"][step] for step in _STEPS):
            raise Unavailable(client.who, f"it does not tell the steps of {symbol}")
        market.update({name: told[name] for name in ("precision", "limits", "active")})

    def lend_known(self, client: Client) -> None:
        """As `lend`, without asking the venue: what is not known yet stays unknown."""
        if not self._told_us:
            client.api.markets = client.api.markets or {}  # None: ccxt would load them first
        elif client.api.markets is not self._client.api.markets:
            client.api.set_markets_from_exchange(self._client.api)


def _kept(api: Any, fetched_us: int) -> Kept:
    """What another run of this very ccxt needs to know the same."""
    helpers = api.options.get("marketHelperProps") or ()
    return Kept(
        fetched_us=fetched_us,
        markets=list(api.markets.values()),
        currencies=api.currencies if api.has.get("fetchCurrencies") is True else {},
        options={name: api.options.get(name) for name in helpers},
    )


def _hand_over(api: Any, kept: Kept) -> None:
    """Let a ccxt object know what was kept, in the way in which it takes a venue's answer.

    Raises:
        Unusable: ccxt cannot make markets of it.
    """
    try:
        api.set_markets(kept.markets, kept.currencies or None)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        api.markets = None
        raise Unusable(f"ccxt cannot read its rows ({type(error).__name__})") from error
    if not api.markets:
        raise Unusable("it holds no instruments")
    api.options.update(kept.options)
