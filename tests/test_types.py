from __future__ import annotations

import dataclasses
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

import index
from index.types import Chunk, Document, Hit


def make(text: str = "", pages: tuple[int, ...] = ()) -> Document:
    return Document("a", text, "A", "nl", None, "a.txt", pages)


@pytest.mark.parametrize(
    ("offset", "page"), [(0, 1), (6, 1), (7, 2), (12, 2), (13, 3), (19, 3), (1_000, 3)]
)
def test_a_page_begins_at_its_first_character(offset: int, page: int) -> None:
    assert make("eerste tweede derde", pages=(0, 7, 13)).page_at(offset) == page


@pytest.mark.parametrize("offset", [0, 3])
def test_a_format_without_pages_has_none(offset: int) -> None:
    assert make("tekst").page_at(offset) is None


def test_what_stands_before_the_first_page_is_on_no_page() -> None:
    assert make("kop eerste", pages=(4,)).page_at(2) is None


def test_an_empty_page_gives_way_to_the_one_that_begins_at_the_same_place() -> None:
    assert make("een twee", pages=(0, 4, 4)).page_at(4) == 3


@given(st.text())
def test_the_hash_is_that_of_the_text_in_utf_8(text: str) -> None:
    assert make(text).sha256 == hashlib.sha256(text.encode()).hexdigest()


def test_what_flows_through_the_index_cannot_be_changed() -> None:
    chunk = Chunk("1", "a", 0, 5, "tekst", ((0, 5),))
    for thing in (make("tekst"), chunk, Hit(chunk, 1, 0.5, 0.5, 0.0)):
        for field in dataclasses.fields(thing):
            with pytest.raises(dataclasses.FrozenInstanceError):
                setattr(thing, field.name, None)


def test_every_public_name_is_there_and_in_order() -> None:
    assert index.__all__ == sorted(index.__all__)
    assert {name for name in index.__all__ if not hasattr(index, name)} == set()


def test_every_public_error_is_a_library_error() -> None:
    named = [getattr(index, name) for name in index.__all__ if name.endswith("Error")]
    assert [error for error in named if not issubclass(error, index.LibraryError)] == []
