"""One id, and its spellings."""

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from project.ids import UnknownId, new_id, read, read_hex, read_uuid, spell, spell_hex


def test_it_sorts_by_the_time_it_was_made() -> None:
    ids = [new_id() for _ in range(1000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 1000
    assert all(id.version == 7 for id in ids)


def test_every_spelling_reads_back() -> None:
    id = new_id()
    assert read("att", spell("att", id)) == id
    assert read_hex(spell_hex(id)) == id
    assert read_uuid(str(id)) == id
    assert len(spell("att", id)) == len("att_") + 26
    assert len(spell_hex(id)) == 24


@pytest.mark.parametrize("wrong", ["msg_", "att", "", "att__"])
def test_another_prefix_is_unknown(wrong: str) -> None:
    spelt = spell("att", new_id())
    with pytest.raises(UnknownId):
        read("att", wrong + spelt.removeprefix("att_"))


@given(st.integers(min_value=4, max_value=29), st.sampled_from("0123456789abcdefghjkmnpqrstvwxyz"))
def test_a_mistyped_character_is_unknown(position: int, letter: str) -> None:
    spelt = spell("att", new_id())
    if spelt[position] == letter:
        return
    with pytest.raises(UnknownId):
        read("att", spelt[:position] + letter + spelt[position + 1 :])


@given(st.text(max_size=40))
def test_no_text_is_more_than_unknown(text: str) -> None:
    for reader in (lambda text: read("att", text), read_hex, read_uuid):
        try:
            assert isinstance(reader(text), UUID)
        except UnknownId:
            continue


def test_a_uuid_of_somebody_else_is_unknown() -> None:
    with pytest.raises(UnknownId):
        read_uuid(str(uuid4()))
