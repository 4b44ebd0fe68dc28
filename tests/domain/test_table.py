from hypothesis import given
from hypothesis import strategies as st

from domain.table import Table

Edits = list[tuple[int, int | None]]
edits: st.SearchStrategy[Edits] = st.lists(
    st.tuples(st.integers(0, 300), st.none() | st.integers()), max_size=400
)


@given(edits)
def test_a_table_is_a_dictionary_whose_old_versions_stay(changes: Edits) -> None:
    table: Table[int, int] = Table()
    model: dict[int, int] = {}
    for key, value in changes:
        before, copy = table, dict(table)
        if value is None:
            table = table.drop(key)
            model.pop(key, None)
        else:
            table = table.put(key, value)
            model[key] = value
        assert before == copy
    assert table == model
    assert len(table) == len(model)
    assert sorted(table.items()) == sorted(model.items())


@given(edits, edits)
def test_differences_turn_the_old_into_the_new(first: Edits, second: Edits) -> None:
    def played(changes: Edits, table: Table[int, int]) -> Table[int, int]:
        for key, value in changes:
            table = table.drop(key) if value is None else table.put(key, value)
        return table

    old = played(first, Table())
    new = played(second, old)
    put, dropped = new.changed_since(old)
    rebuilt = old
    for key in dropped:
        rebuilt = rebuilt.drop(key)
    for key, value in put.items():
        rebuilt = rebuilt.put(key, value)
    assert rebuilt == new


def test_ten_thousand_entries_spread_over_many_buckets() -> None:
    table = Table({str(number): number for number in range(10_000)})
    changed = table.put("5", -1)
    assert (table["5"], changed["5"], len(changed)) == (5, -1, 10_000)
    assert changed.changed_since(table) == ({"5": -1}, [])
