"""A desk with an approval page on a real socket, for tests; and a browser's plain requests."""

import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from yarl import URL

from cli.clock import SystemDice
from domain.asks_approvals import IssueApprovalLink
from domain.policies import Policy
from domain.withdrawals import Request, State
from engine.approvals import PAGE, ApprovalPlan
from engine.desk import CallerDesk
from engine.operators import Operator, Role
from tests.engine.paying import QUICKLY, JumpingClock, active, code, requested, wired
from tests.engine.rig import Rig, running
from venues.demo import open_demo
from web.app import listening
from web.approval_guard import Doors
from web.approvals import Approving, approval_site

ANNA = Operator(name="anna", roles=frozenset({Role.VIEWER, Role.APPROVER}))
BEN = Operator(name="ben", roles=frozenset({Role.VIEWER, Role.TRADER}))
ME = Operator(name="me")
PEOPLE = {known.name: known for known in (ANNA, BEN, ME)}
FORM = re.compile(r'name="form" value="([0-9a-f]{64})"')
SECRET = b"form secret of a test"


@dataclass
class KeptKeys:
    """The links' keys, over restarts too."""

    text: str | None = None

    def read(self) -> str | None:
        return self.text

    def write(self, text: str) -> bool:
        self.text = text
        return True


@dataclass
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str


@dataclass
class Browser:
    """What a person's browser sends: a link opened, a form filled in."""

    rig: Rig
    port: int
    public_url: str = ""
    seen: list[Answer] = field(default_factory=list)

    @property
    def here(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def ask(self, method: str, link: str, **more: Any) -> Answer:
        url = URL(f"{self.here}/approve/{link}", encoded=True)
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, url, allow_redirects=False, **more) as answer,
        ):
            return Answer(answer.status, answer.headers, await answer.text())

    async def get(self, link: str, **headers: str) -> Answer:
        return await self.ask("GET", link, headers=headers)

    async def form(self, link: str) -> str:
        found = FORM.search((await self.get(link)).text)
        assert found is not None
        return found[1]

    async def press(
        self,
        link: str,
        code: str,
        act: str = "approve",
        *,
        headers: Mapping[str, str] | None = None,
        **fields: str,
    ) -> Answer:
        """Send the form as Chromium does under `no-referrer`."""
        told = {"form": fields.pop("form", None) or await self.form(link), "code": code, "act": act}
        sent = {"Origin": "null", "Sec-Fetch-Site": "same-origin"} if headers is None else headers
        return await self.ask("POST", link, data={**told, **fields}, headers=sent)


async def link_to(rig: Rig, request: Request, caller: Operator = ANNA) -> str:
    """The link's own part of its URL."""
    made = await rig.ask(IssueApprovalLink(request_id=request.request_id), caller)
    return made.url.rpartition("/")[2]


@asynccontextmanager
async def approving(
    tmp_path: Path,
    *,
    policy: Policy = QUICKLY,
    keys: KeptKeys | None = None,
    clock: JumpingClock | None = None,
    public_url: str = "",
    mailed: frozenset[str] = frozenset(),
    people: Mapping[str, Operator] = PEOPLE,
) -> AsyncGenerator[Browser]:
    clock = clock or JumpingClock()
    demo = open_demo(clock, SystemDice(), seed=7, instant=True)
    connections, _ = wired(demo)
    plan = ApprovalPlan(keys=keys or KeptKeys(), people=people, mailed=mailed)
    async with running(
        tmp_path,
        demo=demo,
        connections=connections,
        clock=clock,
        withdrawals=policy,
        approvals=plan,
    ) as rig:
        site = approval_site(
            Approving(
                desk=CallerDesk(rig.desk, PAGE),
                doors=Doors(public_url),
                secret=SECRET,
                clock=clock,
            )
        )
        async with listening(site, "127.0.0.1", 0) as port:
            assert rig.engine.parts is not None
            rig.engine.parts.approvals.url = public_url or f"http://127.0.0.1:{port}"
            yield Browser(rig, port, public_url)


async def pending(browser: Browser, amount: str = "100") -> Request:
    """A request that waits for an approval."""
    if not browser.rig.board.addresses:
        await active(browser.rig)
    request = await requested(browser.rig, amount)
    assert request.state is State.PENDING
    return request


def state_of(browser: Browser, request: Request) -> State:
    return browser.rig.board.withdrawals[request.request_id].state


async def good_code(browser: Browser, caller: Operator = ANNA) -> str:
    return await code(browser.rig, caller)
