"""Deposits and withdrawals of one account, read whole: in windows, by spans, or by asset.

The one rule: a row is what was asked for, and no fill is booked a second time as a movement.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from typing import Any

from domain.errors import Unavailable
from domain.instruments import Account
from domain.market import Movement
from domain.text import clean
from domain.withdrawals import VenueWithdrawal
from venues import ccxt_moved as moved
from venues.ccxt_client import Client
from venues.ccxt_lists import Lists, Row
from venues.ccxt_row import Quirks
from venues.ccxt_rows import page_after
from venues.ccxt_sent import sent

MOST_PAGES = 400


class Movements:
    """Reads what moved into and out of an account; trades are not among it."""

    def __init__(self, account: Account, client: Client, quirks: Quirks, lists: Lists) -> None:
        self._account = account
        self._client = client
        self._quirks = quirks
        self._lists = lists

    async def since(self, since_us: int) -> tuple[list[Movement], list[Movement]]:
        """Deposits and withdrawals that have happened, and those that are on their way.

        Venues list them by when they began, and some take days: the look goes further back.
        """
        found: list[Movement] = []
        waiting: list[Movement] = []
        async for rows in self._begun(since_us):
            told = self._lists.each(rows, lambda row: moved.movement(row, self._account))
            found += [movement for movement in told if movement is not None]
            coming = self._lists.each(rows, lambda row: moved.pending(row, self._account))
            waiting += [movement for movement in coming if movement is not None]
        return found, waiting

    async def withdrawals(self, since_us: int) -> list[VenueWithdrawal]:
        """Every withdrawal that began since then, however it stands."""
        found: list[VenueWithdrawal] = []
        async for rows in self._begun(since_us, ("fetch_deposits",)):
            told = self._lists.each(rows, lambda row: sent(row, self._account))
            found += [row for row in told if row is not None]
        return found

    async def _begun(self, since_us: int, but: tuple[str, ...] = ()) -> AsyncIterator[list[Row]]:
        begun_us = max(0, since_us - self._quirks.movements_back_us)
        for method in self._quirks.movements:
            if method in but or not self._lists.is_listed(method):
                continue
            paging = self._quirks.movement_pages.get(method)
            if self._quirks.movements_by_asset:
                rows = await self._by_asset(method, begun_us)
            elif paging is None:
                rows = await self._moved(method, begun_us)
            else:
                rows = await self._lists.pages(method, paging, begun_us, {})
            self._check_kind(method, rows)
            yield rows

    async def _by_asset(self, method: str, begun_us: int) -> list[Row]:
        """Movements of every asset that the account holds, newest first, page by page."""
        paging = self._quirks.movement_pages[method]
        found: list[Row] = []
        for asset, held in (await self._lists.balances()).items():
            if not held.total and not held.used:
                continue
            params: dict[str, Any] = {}
            for _ in range(MOST_PAGES):
                args = (asset, begun_us // 1000, paging.limit, dict(params))
                rows, call = await self._lists.rows(method, *args)
                found += [row for row in rows if not self._is_a_fill(row)]
                after, oldest_us = self._lists.readable(partial(page_after, call.answer))
                if not after or oldest_us < begun_us:
                    break
                params[paging.cursor] = after
            else:
                raise Unavailable(self._client.who, f"{method} did not come to an end")
        return found

    def _check_kind(self, method: str, rows: Sequence[Row]) -> None:
        """What a row lacks makes it a deposit in ccxt: it has to be what was asked for."""
        wanted = {"fetch_deposits": "deposit", "fetch_withdrawals": "withdrawal"}.get(method)
        for row in rows:
            if wanted is not None and row.get("type") != wanted:
                why = f"{method} shows a {clean(row.get('type'), longest=20)}"
                raise Unavailable(self._client.who, why)

    def _is_a_fill(self, row: Row) -> bool:
        raw = row.get("info")
        return isinstance(raw, Mapping) and raw.get("type") in self._quirks.fills_in_movements

    async def _moved(self, method: str, begun_us: int) -> list[Row]:
        """Movements, newest first, in windows that end where the page before began."""
        quirks, found = self._quirks, dict[str, Row]()
        start_ms = begun_us // 1000
        params: dict[str, int] = {}
        if quirks.movements_start:
            params[quirks.movements_start] = start_ms // 1000
        for _ in range(MOST_PAGES):
            since = None if quirks.movements_start else start_ms
            rows, _ = await self._lists.rows(method, None, since, None, dict(params))
            end_s = params.get(quirks.movements_end)
            if end_s is not None and any((r.get("timestamp") or 0) // 1000 > end_s for r in rows):
                break  # rows from after the window: its end is not heeded
            known = len(found)
            found.update(self._lists.named(rows))
            full = 0 < quirks.movements_page <= len(rows)
            if not full or len(found) == known:
                return list(found.values())
            oldest_ms = min(row.get("timestamp") or start_ms for row in rows)
            params[quirks.movements_end] = oldest_ms // 1000 + 1
        raise Unavailable(self._client.who, f"{method} did not come to an end")
