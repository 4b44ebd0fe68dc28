"""The page where a withdrawal is approved on a telephone: GET shows, POST with a code acts.

The one rule: the page decides nothing. It checks that a request comes from a browser that shows
our own form, and asks the desk; the desk knows the link, the person and the code.

A link's text is a secret for ten minutes: it is in no log (there is no access log), in no
Referer, in no cache.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

from aiohttp import web
from aiohttp.typedefs import Handler

from domain.asks_approvals import LinkView, ReadApprovalLink, UseApprovalLink
from domain.errors import DeskError, Refused
from domain.ports import Desk
from web.approval_guard import Doors, Rate, form_token, from_our_form, is_form_token
from web.approval_pages import STYLE_HASH, done_page, problem_page, request_page

MOST_BYTES = 2_048
PATIENCE_S = 10
FORM = "application/x-www-form-urlencoded"
UTF_8 = "utf-8"
ACTS = ("approve", "reject")
LOCKED = "locked"
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src {STYLE_HASH}; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Server": "quarterdeck",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
}
HTTPS_ONLY = {"Strict-Transport-Security": "max-age=31536000"}
# What a refusal means to a browser; every other one is a 403.
STATUS = {
    "link_expired": HTTPStatus.GONE,
    "link_used": HTTPStatus.GONE,
    "link_over": HTTPStatus.CONFLICT,
    "link_changed": HTTPStatus.CONFLICT,
    "withdrawal": HTTPStatus.CONFLICT,
    "approval": HTTPStatus.CONFLICT,
    "frozen": HTTPStatus.CONFLICT,
    "reason": HTTPStatus.UNPROCESSABLE_ENTITY,
    "link": HTTPStatus.SERVICE_UNAVAILABLE,
}
TRY_AGAIN = frozenset({"second_factor", "code", "reason"})
log = logging.getLogger(__name__)


class Now(Protocol):
    """The clock, as far as rates need it."""

    def now_us(self) -> int:
        """UTC microseconds."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Approving:
    """What the page stands on: `desk` asks in the page's name, `secret` is of this run."""

    desk: Desk
    doors: Doors
    secret: bytes
    clock: Now


class _No(Exception):
    """The page's own refusal, before the desk is asked."""

    def __init__(self, status: HTTPStatus, text: str) -> None:
        super().__init__(text)
        self.status = status


def approval_site(stand: Approving) -> web.Application:
    """The application; it serves `/approve/<link>` and nothing else."""
    page = _Page(stand)

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        return await page.guarded(request, handler)

    app = web.Application(client_max_size=MOST_BYTES, middlewares=[guarded])
    app.router.add_get("/approve/{link}", page.show)
    app.router.add_post("/approve/{link}", page.act)
    return app


class _Page:
    def __init__(self, stand: Approving) -> None:
        self._desk = stand.desk
        self._doors = stand.doors
        self._secret = stand.secret
        self._clock = stand.clock
        self._rate = Rate()
        self._headers = {**HEADERS, **(HTTPS_ONLY if stand.doors.secure else {})}

    # Every request

    async def guarded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Turn everything that can happen into a page of ours with all its headers."""
        try:
            self._from_a_known_name(request)
            async with asyncio.timeout(PATIENCE_S):
                return await handler(request)
        except _No as no:
            return self._problem(no.status, str(no))
        except Refused as refused:
            return self._problem(_status(refused), refused.reason)
        except (DeskError, TimeoutError) as error:
            log.warning("the approval page got no answer: %r", error)
            return self._problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "the desk does not answer; look with `quarterdeck withdraw list` before you "
                "try again",
            )
        except web.HTTPException as error:
            return self._problem(HTTPStatus(error.status), error.reason)

    def _from_a_known_name(self, request: web.Request) -> None:
        """Another name that points here is a page's trick (DNS rebinding)."""
        if request.host.lower() not in self._doors.hosts(*_socket(request)):
            raise _No(HTTPStatus.MISDIRECTED_REQUEST, "this page is not known under that name here")

    def _problem(self, status: HTTPStatus, text: str) -> web.Response:
        title = _TITLES.get(status, status.phrase)
        return self._answer(problem_page(self._desk.board, title, text), status)

    def _answer(self, html: str, status: HTTPStatus = HTTPStatus.OK) -> web.Response:
        return web.Response(
            text=html, status=status, content_type="text/html", headers=self._headers
        )

    # GET shows

    async def show(self, request: web.Request) -> web.Response:
        """The request behind the link, and the form; as often as anybody likes."""
        link = self._link(request)
        return self._shown(await self._read(link), link)

    def _link(self, request: web.Request) -> str:
        link = request.match_info["link"]
        if not self._rate.allows(link, request.method, self._clock.now_us()):
            raise _No(HTTPStatus.TOO_MANY_REQUESTS, "too often; wait a minute, then try again")
        return link

    async def _read(self, link: str) -> LinkView:
        return await self._desk.ask(ReadApprovalLink(token=link))

    def _shown(
        self, view: LinkView, link: str, told: str = "", status: HTTPStatus = HTTPStatus.OK
    ) -> web.Response:
        form = form_token(self._secret, link)
        return self._answer(request_page(view, self._desk.board, form, told), status)

    # POST acts

    async def act(self, request: web.Request) -> web.Response:
        """Approve or reject, with a code."""
        link = self._link(request)
        if not from_our_form(request.headers, self._doors.origins(*_socket(request))):
            raise _No(HTTPStatus.FORBIDDEN, "this form was sent by another site; nothing was done")
        told = await self._form(request)
        if not is_form_token(self._secret, link, told.get("form", "")):
            raise _No(
                HTTPStatus.FORBIDDEN,
                "this form is not of this page, or of before it was started anew; open the "
                "link again",
            )
        if told.get("act") not in ACTS:
            raise _No(HTTPStatus.BAD_REQUEST, "press Approve or Reject")
        ask = UseApprovalLink(
            token=link,
            code=told.get("code", ""),
            approve=told["act"] == "approve",
            reason=told.get("reason", ""),
        )
        try:
            done = await self._desk.ask(ask)
        except Refused as refused:
            if refused.rule not in TRY_AGAIN:
                raise
            return self._shown(await self._read(link), link, refused.reason, _status(refused))
        return self._answer(done_page(done, self._desk.board, approved=ask.approve))

    async def _form(self, request: web.Request) -> Mapping[str, str]:
        if request.content_type != FORM:
            raise _No(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "use the page's own form")
        if (request.charset or UTF_8).lower() != UTF_8:
            raise _No(HTTPStatus.BAD_REQUEST, "this form cannot be read")
        try:
            told = await request.post()
        except (ValueError, LookupError):
            raise _No(HTTPStatus.BAD_REQUEST, "this form cannot be read") from None
        return {name: value for name, value in told.items() if isinstance(value, str)}


_TITLES = {
    HTTPStatus.GONE: "This link is over",
    HTTPStatus.CONFLICT: "This cannot be approved now",
    HTTPStatus.FORBIDDEN: "Refused",
    HTTPStatus.NOT_FOUND: "There is nothing here",
}


def _status(refused: Refused) -> HTTPStatus:
    if refused.reason.startswith(LOCKED):
        return HTTPStatus.TOO_MANY_REQUESTS
    return STATUS.get(refused.rule, HTTPStatus.FORBIDDEN)


def _socket(request: web.Request) -> tuple[str, int]:
    """Address and port on which this connection came in."""
    if request.transport is None:
        raise _No(HTTPStatus.BAD_REQUEST, "the connection is gone")
    address, port, *_ = request.transport.get_extra_info("sockname")
    return str(address), int(port)
