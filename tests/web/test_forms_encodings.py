"""Forms that no browser sends: each is answered by a page of ours, with all its headers."""

from pathlib import Path

import pytest

from tests.web.approving import approving, link_to, pending
from web.approvals import FORM, HEADERS

OURS = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
LONE = b"form=\\ud800&act=approve"
ODD = [
    ("unicode_escape", LONE),
    ("utf-7", b"form=+2AA-&act=approve"),
    ("utf-16", b"form=x"),
    ("zlib", b"form=x"),
    ("idna", b"form=xn--\xff"),
    ("no-such", b"form=x"),
    ("utf-8", b"form=%ed%a0%80&act=approve"),
    ("utf-8", b"form=x&form=y&act=approve"),
    ("utf-8", b"&".join(b"a=b" for _ in range(500))),
]


@pytest.mark.parametrize(("charset", "body"), ODD)
async def test_a_form_in_an_odd_alphabet_is_refused_by_our_page(
    tmp_path: Path, charset: str, body: bytes
) -> None:
    async with approving(tmp_path) as browser:
        link = await link_to(browser.rig, await pending(browser))
        kind = {"Content-Type": f"{FORM}; charset={charset}"}
        answer = await browser.ask("POST", link, data=body, headers={**OURS, **kind})
        assert 400 <= answer.status < 500
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS


async def test_a_reason_or_code_in_an_odd_alphabet_costs_nothing(tmp_path: Path) -> None:
    async with approving(tmp_path) as browser:
        link = await link_to(browser.rig, await pending(browser))
        form = await browser.form(link)
        kind = {"Content-Type": f"{FORM}; charset=unicode_escape"}
        for told in ("act=reject&code=123456&reason=\\ud800", "act=approve&code=\\ud800"):
            body = f"form={form}&{told}".encode()
            answer = await browser.ask("POST", link, data=body, headers={**OURS, **kind})
            assert 400 <= answer.status < 500
            assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
