"""The table of keys, and everything that is made from it."""

from pathlib import Path

import pytest
from textual.binding import Binding

from tui import keys
from tui.keymap import conflicts, usable
from tui.keys import GLOBAL, LOGS, ORDER, ORDERS, TABLE_OF_KEYS, TICKET, Key
from tui.keys_manual import markdown
from tui.screens.registry import SCREENS

DOCS = Path(__file__).parents[2] / "docs" / "keys.md"
TAKEN_BY_MULTIPLEXERS = {f"ctrl+{letter}" for letter in "abghjkloqsz"}


def test_docs_keys_md_is_what_the_table_says() -> None:
    assert DOCS.read_text(encoding="utf-8") == markdown(), "write it anew: python -m tools.keys"


def test_no_two_keys_answer_to_one_press_in_one_place() -> None:
    assert conflicts() == ()


def test_ids_and_codes_are_unique() -> None:
    ids = [key.id for key in TABLE_OF_KEYS]
    codes = [key.code for key in TABLE_OF_KEYS if key.code]
    assert len(ids) == len(set(ids))
    assert len(codes) == len(set(codes))


def test_nothing_sits_on_a_key_that_multiplexers_have_taken() -> None:
    used = {one for key in TABLE_OF_KEYS for one in key.keys.split(",")}
    assert not used & TAKEN_BY_MULTIPLEXERS


def test_no_bare_lower_case_letter_is_dangerous() -> None:
    for key in TABLE_OF_KEYS:
        if key.dangerous:
            letters = [one for one in key.keys.split(",") if len(one) == 1]
            assert all(letter.isupper() for letter in letters), key.id


def test_the_kill_switch_has_priority_and_every_binding_its_id() -> None:
    made = keys.bindings(GLOBAL)
    assert all(isinstance(one, Binding) and one.id for one in made)
    kill = next(one for one in made if isinstance(one, Binding) and one.id == keys.KILL)
    assert (kill.key, kill.action, kill.priority) == ("ctrl+x,f12", "kill", True)


@pytest.mark.parametrize("context", keys.CONTEXTS)
def test_a_footer_has_at_most_eight_keys_and_the_grave_ones_first(context: str) -> None:
    shown = keys.footer(context)
    assert 1 <= len(shown) <= 8
    assert shown[0].id == keys.KILL
    grave = [key.dangerous for key in shown]
    assert grave == sorted(grave, reverse=True)


def test_the_ticket_offers_no_keys_of_tables() -> None:
    assert "table.open" not in [key.id for key in keys.footer(TICKET)]
    assert "table.open" in [key.id for key in keys.footer(LOGS)]


def test_every_screen_has_its_digit_and_code() -> None:
    by_id = {key.id: key for key in TABLE_OF_KEYS}
    for line in SCREENS:
        assert by_id[f"go.{line.name}"].keys == line.key
        assert by_id[f"go.{line.name}"].code == line.code


def test_a_users_keymap_is_applied() -> None:
    taken, problems = usable({"table.pause": "p", "go.help": "f1"})
    assert taken == {"table.pause": "p"}
    assert problems == ("go.help: there is no such key",)
    table = {key.id: key for key in keys.with_keymap(taken)}
    assert table["table.pause"].keys == "p"


def test_a_keymap_that_takes_anothers_key_is_named_and_left_out() -> None:
    taken, problems = usable({"view.theme": "n"})
    assert taken == {}
    assert "n is both" in problems[0]
    assert "New order" in problems[0]


@pytest.mark.parametrize("stolen", ["order.cancel", "detail.copy", "ticket.review", "table.down"])
def test_no_key_of_any_place_can_take_the_kill_switchs_key(stolen: str) -> None:
    taken, problems = usable({stolen: "f12"})
    assert taken == {}
    assert "KILL" in problems[0]


def test_the_kill_switch_cannot_be_left_without_a_key() -> None:
    taken, problems = usable({keys.KILL: " "})
    assert taken == {}
    assert problems == ("risk.kill: no key given, the default stays",)


def test_a_conflict_inside_one_place_is_found_and_one_between_places_is_none() -> None:
    orders = Key("a", "x", ORDERS, "one", "One", "")
    assert conflicts([orders, Key("b", "x", ORDERS, "two", "Two", "")])
    assert not conflicts([orders, Key("b", "x", LOGS, "two", "Two", "")])
    assert not conflicts([Key("g", "x", GLOBAL, "g", "G", ""), Key("o", "x", ORDER, "o", "O", "")])


def test_keys_are_shown_as_a_person_reads_them() -> None:
    shown = [keys.shown(key) for key in ("ctrl+x", "f12", "escape", "comma", "pagedown", "?", "R")]
    assert shown == ["^x", "F12", "esc", ",", "pgdn", "?", "R"]


def test_the_help_begins_with_the_present_place() -> None:
    names = [name for name, _ in keys.sections(LOGS)]
    assert names[0] == LOGS
    assert sorted(names) == sorted(keys.CONTEXTS)
