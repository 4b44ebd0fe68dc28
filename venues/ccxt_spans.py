"""Reading a history by spans of time: one that fills a page is asked for again in halves.

It needs nothing of a venue but a start, an end and a page's size: neither the order of its
rows nor what a cursor of its means. Where a venue can have more rows at one moment than fill a
page, and says how to go on, its pages are followed instead. The one rule: a full page is never
believed to be all.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from domain.errors import Unavailable
from venues.ccxt_row import Paging
from venues.ccxt_wire import Call

MOST_PAGES = 2_000
MOST_FORWARD = 400
_SECOND_US = 1_000_000
_SECOND_MS = 1_000
_AHEAD_MS = 5_000  # the venue's clock may be before ours
Row = Mapping[str, Any]
Named = Callable[[list[Row]], Mapping[str, Row]]
Rows = Callable[..., Awaitable[tuple[list[Row], Call]]]


class Spans:
    """Reads one list of one symbol (or of all). `rows` asks ccxt and counts what came."""

    def __init__(self, rows: Rows, paging: Paging, who: str) -> None:
        self._rows = rows
        self._paging = paging
        self._who = who
        self._pages = 0

    async def read(
        self,
        method: str,
        symbol: str | None,
        between_us: tuple[int, int],
        more: Mapping[str, str],
    ) -> list[Row]:
        """Every row from the first moment to the second; some may come twice.

        Raises:
            Unavailable: there is no end to them, or more in one second than fill a page.
        """
        params = {**self._paging.extra, **more}
        start_ms = between_us[0] // _SECOND_US * _SECOND_MS - self._paging.overlap_ms
        end_ms = between_us[1] // _SECOND_US * _SECOND_MS + _AHEAD_MS
        if self._paging.newest:
            page, _ = await self._page(method, symbol, None, params)
            if len(page) < self._paging.limit or _oldest_ms(page) < start_ms:
                return [row for row in page if _changed_ms(row) >= start_ms]
        found: list[Row] = []
        step_ms = self._paging.window_us // 1_000 or end_ms - start_ms + 1
        for begin_ms in range(start_ms, end_ms + 1, step_ms):
            # Spans touch: a row on the border is seen twice rather than not at all.
            span = begin_ms, min(begin_ms + step_ms, end_ms)
            found += await self._within(method, symbol, span, params)
        return found

    async def forward(
        self,
        method: str,
        symbol: str | None,
        since_us: int,
        more: tuple[Mapping[str, str], Named],
    ) -> list[Row]:
        """Oldest first: from the newest row on again, until nothing new comes.

        `more` holds the parameters that go along, and what gives rows their ids.

        Raises:
            Unavailable: there is no end to them, or more at one moment than fill a page.
        """
        since_ms, page, (params, named) = since_us // 1000, self._paging.forward, more
        found: dict[str, Row] = {}
        for _ in range(MOST_FORWARD):
            rows, _ = await self._rows(method, symbol, since_ms, page or None, dict(params))
            fresh = {k: row for k, row in named(rows).items() if k not in found}
            found.update(fresh)
            if not fresh and page and len(rows) >= page:
                raise Unavailable(self._who, f"{method}: more rows in a second than fill a page")
            if not fresh or len(rows) < page:
                return list(found.values())
            since_ms = max(since_ms, *(row.get("timestamp") or 0 for row in rows))
        raise Unavailable(self._who, f"{method} did not come to an end")

    async def _within(
        self, method: str, symbol: str | None, span: tuple[int, int], params: Mapping[str, Any]
    ) -> list[Row]:
        start_ms, end_ms = span
        bounds = {**params, self._paging.until: end_ms + self._paging.overlap_ms}
        page, call = await self._page(method, symbol, start_ms, bounds)
        if len(page) < self._paging.limit:
            return page
        if self._paging.further is not None:
            return await self._on(method, symbol, start_ms, bounds, (page, call))
        middle_ms = (start_ms + end_ms) // 2 // _SECOND_MS * _SECOND_MS
        if not start_ms < middle_ms < end_ms:
            raise Unavailable(self._who, f"{method}: more rows in a second than fill a page")
        earlier = await self._within(method, symbol, (start_ms, middle_ms), params)
        return earlier + await self._within(method, symbol, (middle_ms, end_ms), params)

    async def _on(
        self,
        method: str,
        symbol: str | None,
        start_ms: int,
        bounds: Mapping[str, Any],
        first: tuple[list[Row], Call],
    ) -> list[Row]:
        """Every page of a span, the first of which is full; each is named by the one before."""
        page, call = first
        found = list(page)
        known = {row.get("id") for row in page}
        assert self._paging.further is not None
        while len(page) >= self._paging.limit:
            more = {**bounds, **self._paging.further(call.answer)}
            page, call = await self._page(method, symbol, start_ms, more)
            ids = {row.get("id") for row in page}
            if page and ids <= known:
                raise Unavailable(self._who, f"{method}: a page of nothing new")
            known |= ids
            found += page
        return found

    async def _page(
        self, method: str, symbol: str | None, start_ms: int | None, params: Mapping[str, Any]
    ) -> tuple[list[Row], Call]:
        self._pages += 1
        if self._pages > MOST_PAGES:
            raise Unavailable(self._who, f"{method} did not come to an end")
        return await self._rows(method, symbol, start_ms, self._paging.limit, dict(params))


def _at_ms(row: Row) -> int:
    told = row.get("timestamp")
    return told if type(told) is int else 0


def _changed_ms(row: Row) -> int:
    """When the row was made or last changed: an order can begin long before it ends."""
    told = (row.get(name) for name in ("timestamp", "lastUpdateTimestamp", "lastTradeTimestamp"))
    return max((at_ms for at_ms in told if type(at_ms) is int), default=0)


def _oldest_ms(page: list[Row]) -> int:
    return min(map(_at_ms, page), default=0)
