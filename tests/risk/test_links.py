"""Signed links: only what we signed is a link, to the last character, for ten minutes."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from risk.links import (
    LIFE_S,
    SECOND_US,
    Claim,
    LinkKey,
    current,
    expires,
    kept,
    keys_of,
    opened,
    renewed,
    sign,
    too_old,
)

NOW_US = 1_795_000_000_000_000
KEY, OTHER = "1" * 64, "2" * 64
CLAIM = Claim(id="WABCDEFGH12", jti="0f" * 16, body_hash="ab12" * 16, operator="anna")
TOKEN = sign(CLAIM, KEY, NOW_US)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n%é"


def test_a_link_says_what_it_was_made_of() -> None:
    link = opened(TOKEN, [KEY], NOW_US)
    assert link is not None
    assert (link.claim, link.expired) == (CLAIM, False)
    assert link.expires_us == expires(NOW_US) == NOW_US + LIFE_S * SECOND_US


@given(st.integers(0, len(TOKEN) - 1), st.sampled_from(ALPHABET))
@settings(max_examples=300, deadline=None)
def test_a_link_with_another_character_anywhere_is_none(place: int, letter: str) -> None:
    mutated = TOKEN[:place] + letter + TOKEN[place + 1 :]
    assert (opened(mutated, [KEY], NOW_US) is None) is (mutated != TOKEN)


@given(st.integers(0, len(TOKEN)), st.sampled_from(ALPHABET))
@settings(max_examples=200, deadline=None)
def test_a_link_with_one_character_more_or_less_is_none(place: int, letter: str) -> None:
    assert opened(TOKEN[:place] + letter + TOKEN[place:], [KEY], NOW_US) is None
    assert opened(TOKEN[: max(0, place - 1)] + TOKEN[place:], [KEY], NOW_US) is None or place == 0


def test_every_other_last_character_is_refused() -> None:
    """Base64's last character has bits that count for nothing: another spelling, same bytes."""
    others = [TOKEN[:-1] + letter for letter in ALPHABET if letter != TOKEN[-1]]
    assert not any(opened(other, [KEY], NOW_US) for other in others)


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_no_text_is_a_link_by_chance(text: str) -> None:
    assert opened(text, [KEY], NOW_US) is None


@given(
    st.builds(
        Claim,
        id=st.text(max_size=12),
        jti=st.text(max_size=32),
        body_hash=st.text(max_size=64),
        operator=st.text(max_size=30),
    ),
    st.integers(0, 2_000),
)
@settings(max_examples=100, deadline=None)
def test_any_claim_comes_back_until_its_time_is_over(claim: Claim, later_s: int) -> None:
    token = sign(claim, KEY, NOW_US)
    if len(token) > 600:
        return
    link = opened(token, [KEY], NOW_US + later_s * SECOND_US)
    assert link is not None
    assert link.claim == claim
    assert link.expired is (later_s >= LIFE_S)


def test_a_link_of_the_future_is_over_too() -> None:
    link = opened(TOKEN, [KEY], NOW_US - 60 * SECOND_US)
    assert link is not None
    assert link.expired


def test_another_key_or_none_opens_nothing() -> None:
    assert opened(TOKEN, [OTHER], NOW_US) is None
    assert opened(TOKEN, [], NOW_US) is None
    assert opened(TOKEN, [KEY, OTHER], NOW_US) == opened(TOKEN, [KEY], NOW_US)


def test_two_links_of_one_request_differ_in_their_name_alone() -> None:
    other = sign(replace(CLAIM, jti="aa" * 16), KEY, NOW_US)
    assert other != TOKEN


def test_a_renewed_key_leaves_the_old_links_their_ten_minutes() -> None:
    first = renewed((), KEY, NOW_US)
    assert first == (LinkKey(key=KEY, since_us=NOW_US),)
    second = renewed(first, OTHER, NOW_US)
    assert [key.key for key in current(second, NOW_US + (LIFE_S - 1) * SECOND_US)] == [KEY, OTHER]
    assert [key.key for key in current(second, NOW_US + LIFE_S * SECOND_US)] == [OTHER]
    third = renewed(second, "3" * 64, NOW_US + LIFE_S * SECOND_US)
    assert [key.key for key in third] == [OTHER, "3" * 64]


def test_keys_come_back_from_where_they_are_kept() -> None:
    keys = renewed(renewed((), KEY, NOW_US), OTHER, NOW_US)
    assert keys_of(kept(keys)) == keys
    assert (
        keys_of(None) == keys_of("") == keys_of("no json") == keys_of('[{"key": 1, "x": 2}]') == ()
    )


def test_a_key_is_due_when_there_is_none_or_it_is_a_month_old() -> None:
    keys = renewed((), KEY, NOW_US)
    assert too_old((), NOW_US)
    assert not too_old(keys, NOW_US + 29 * 86_400 * SECOND_US)
    assert too_old(keys, NOW_US + 31 * 86_400 * SECOND_US)
