"""Messages: whatever a venue says, a chat shows it as text, and no mention or link is in it."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.chat import DISARMED, LONGEST_MESSAGE, harmless, message, payload, trial
from alerts.tidings import KILL, LONGEST, Tiding, safe, tiding
from domain.board import Board, Mode
from domain.controls import AlarmRaised
from domain.text import clean
from tests.engine.paying import ADDRESS

MENTIONS = ("<!channel>", "<!here>", "<@U123>", "@channel", "@here", "@everyone", "@all")
HOSTILE = st.text(
    st.characters() | st.sampled_from("<>&@`[]():/*_!\n\r\t\x00\x1b\u202e\u200b\ufeff"),
    max_size=400,
) | st.sampled_from((*MENTIONS, "[x](https://evil.example)", "&lt;!channel&gt;", "https://x"))


def told(text: str, number: int = 1) -> Tiding:
    return Tiding(KILL, 1_700_000_000_000_000 + number, number, text)


@given(st.lists(HOSTILE, min_size=1, max_size=12), HOSTILE)
def test_no_mention_no_link_and_no_control_character_leaves(texts: list[str], desk: str) -> None:
    tidings = [told(safe(text), number) for number, text in enumerate(texts, 1)]
    said = message(desk, "LIVE", tidings)
    assert not set("<>@`") & set(said)
    assert "](" not in said
    assert "://" not in said
    assert len(said) <= LONGEST_MESSAGE
    lines = said.split("\n")
    assert len(lines) <= len(texts) + 2
    for line in lines:
        assert all(unicodedata.category(letter)[0] != "C" for letter in line)
    body = payload(said)
    assert body.isascii()
    assert json.loads(body) == {"text": said, "mrkdwn": False}


@given(HOSTILE)
def test_a_chat_that_unescapes_shows_what_was_said(text: str) -> None:
    """Undone in the other order, which is right only if & was escaped first."""
    shown = harmless(text)
    for entity, letter in (("&gt;", ">"), ("&lt;", "<"), ("&amp;", "&")):
        shown = shown.replace(entity, letter)
    said = clean(text, longest=LONGEST * 2)
    for told, instead in DISARMED:
        said = said.replace(told, instead)
    assert shown == said


def test_the_ampersand_is_escaped_first() -> None:
    assert harmless("<b> & &lt;") == "&lt;b&gt; &amp; &amp;lt;"


@pytest.mark.parametrize("mention", MENTIONS)
def test_a_mention_is_broken(mention: str) -> None:
    assert mention not in harmless(f"look {mention} now")


@pytest.mark.parametrize(
    "text",
    [
        ADDRESS,
        f"no funds at {ADDRESS}!",
        f"at {ADDRESS[:17]}\u200b{ADDRESS[17:]}",
        "0x" + "aB3" * 14,
        "bc1q" + "x" * 38,
        "https://desk.example.org/approve/eyJpZCI6IlczMFBRN1Q5RTIyIn0.abc",
    ],
)
def test_no_address_and_no_token_is_told(text: str) -> None:
    raised = AlarmRaised(at_us=1, actor="x", alarm="a", severity="critical", text=text)
    found = tiding(raised, Board(mode=Mode.LIVE), 7)
    assert found is not None
    assert found.row == 7
    assert "[hidden]" in found.text
    for length in range(24, len(text)):
        assert text[-length:] not in found.text


def test_what_is_hidden_is_hidden_however_short() -> None:
    assert safe("tag 12345 is wrong for alice.near", "12345", "alice.near") == (
        "tag [hidden] is wrong for [hidden]"
    )
    assert safe("x", "", "") == "x"
    assert len(safe("word " * 200)) <= LONGEST


def test_one_event_has_no_count_and_many_have() -> None:
    assert message("North", "LIVE", [told("KILL")]) == (
        "[LIVE] North\n2023-11-14 22:13:20 UTC KILL"
    )
    assert message("North", "LIVE", [], 3).startswith("[LIVE] North: 3 events\nand 3 more before")
    assert trial("North", "DEMO").startswith("[DEMO] North\n")


def test_where_not_all_have_room_the_first_and_the_last_are_told() -> None:
    said = message("North", "LIVE", [told(f"{n} {'word ' * 40}", n) for n in range(100)], 5)
    lines = said.split("\n")
    assert lines[0] == "[LIVE] North: 105 events"
    assert lines[1].startswith("and 5 more before")
    assert " 0 word" in lines[2]
    assert " 99 word" in lines[-1]
    shown = sum("word" in line for line in lines)
    assert f"... {100 - shown} more here" in said
    assert shown >= 4
