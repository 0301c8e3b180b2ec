"""From evidence to a text with markers and what they point at."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from index.types import LANGUAGES, Document
from qa.compose import Draft, draft, write
from qa.evidence import Evidence
from qa.phrases import PHRASES
from qa.question import understand
from qa.render import shown
from qa.types import Citation, Disagreement, Statement

TEXT = "Café “Oud” grew\nby 4 % [3] in 2020. It fell [0] in 2021 [1-2]. It closed."
SOURCE = Document(
    "d/a.md", TEXT, "A title", "en", "2021-01", "/d/a.md", pages=(0, TEXT.index("It fell"))
)
OTHER = Document("d/b.md", "It closed.", "B title", "en", None, "/d/b.md")
BY_ID = {SOURCE.id: SOURCE, OTHER.id: OTHER}


def evidence(quote: str, source: Document = SOURCE, score: float = 1.0) -> Evidence:
    start = source.text.index(quote)
    return Evidence(
        doc_id=source.id,
        start=start,
        end=start + len(quote),
        text=quote,
        language=source.language,
        score=score,
        covered=1.0,
        meaning=1.0,
        fits=0.0,
        is_statement=quote.endswith("."),
    )


GREW = evidence("Café “Oud” grew\nby 4 % [3] in 2020.")
FELL = evidence("It fell [0] in 2021 [1-2].")
CLOSED = evidence("It closed.")
CLOSED_TOO = evidence("It closed.", OTHER)


@pytest.mark.parametrize("phrase", PHRASES)
def test_each_fixed_phrase_is_there_in_each_language(phrase: str) -> None:
    assert set(PHRASES[phrase]) == set(LANGUAGES)
    assert len(set(PHRASES[phrase].values())) == len(LANGUAGES)
    assert not [text for text in PHRASES[phrase].values() if "[" in text]


@pytest.mark.parametrize(
    ("quote", "text"),
    [
        ("It grew.", "It grew."),
        ("It grew\n  by 4 %.", "It grew by 4 %."),
        ("It grew. [3]", "It grew. (3)"),
        ("It grew.[12][0]", "It grew.(12)(0)"),
        ("[1-2] It [1, 2; 3] grew [4–6].", "(1-2) It (1, 2; 3) grew (4–6)."),
        ("[1\n-2]", "(1 -2)"),
        ("[[7]]", "[(7)]"),
        ("[a] [1a] [] [^1] [-1]", "[a] [1a] [] [^1] [-1]"),
        ("[３]", "(３)"),
        ("a\u2028b\x0bc\u00a0d", "a b c d"),
        ("", ""),
    ],
)
def test_a_quote_is_shown_on_one_line_and_without_markers(quote: str, text: str) -> None:
    assert shown(quote) == text


@given(st.text(st.sampled_from("[]()0123,;–- \n.ab"), max_size=30))
@example("[[1]]")
@example("[1][")
def test_no_quote_can_show_a_marker(quote: str) -> None:
    assert not re.search(r"\[\d+\]", shown(quote))
    assert shown(shown(quote)) == shown(quote)
    assert re.sub(r"[\[\]()]", "", shown(quote)) == re.sub(r"[\[\]()]", "", " ".join(quote.split()))


def test_a_draft_is_written_with_numbers_in_order_of_use() -> None:
    written = write(Draft(((GREW,), (CLOSED, CLOSED_TOO)), (), (FELL,)), BY_ID.__getitem__)
    assert written.text == "Café “Oud” grew by 4 % (3) in 2020. [1] It closed. [2][3]"
    assert written.statements == (
        Statement(0, 35, (1,), "verbatim"),
        Statement(40, 50, (2, 3), "verbatim"),
    )
    assert written.citations[0] == Citation(
        number=1,
        doc_id="d/a.md",
        title="A title",
        source="/d/a.md",
        language="en",
        date="2021-01",
        page=1,
        start=0,
        end=35,
        quote="Café “Oud” grew\nby 4 % [3] in 2020.",
        sha256=SOURCE.sha256,
    )
    assert [(c.number, c.doc_id, c.start, c.page) for c in written.citations[1:]] == [
        (2, "d/a.md", TEXT.index("It closed."), 2),
        (3, "d/b.md", 0, None),
    ]
    assert [(c.number, c.quote) for c in written.nearest] == [(4, FELL.text)]
    assert written.disagreement == ()


def test_an_empty_draft_has_no_text_and_its_nearest_count_from_one() -> None:
    written = write(Draft((), (), (FELL, CLOSED)), BY_ID.__getitem__)
    assert (written.text, written.statements, written.citations) == ("", (), ())
    assert [(c.number, c.quote) for c in written.nearest] == [(1, FELL.text), (2, "It closed.")]


def test_sentences_that_say_the_same_share_one_statement() -> None:
    drafted = draft(understand("Did it close?"), [CLOSED, CLOSED_TOO])
    assert drafted.groups == ((CLOSED, CLOSED_TOO),)
    assert drafted.nearest == ()


def test_a_much_weaker_sentence_is_not_said_but_is_near() -> None:
    weak = evidence("It closed.", OTHER, score=0.9)
    drafted = draft(understand("Did it fall?"), [FELL, weak])
    assert drafted.groups == ((FELL,),)
    assert drafted.nearest == (weak,)


def test_a_headline_is_said_only_where_there_is_nothing_else() -> None:
    title = evidence("Café “Oud”")
    fell = evidence("It fell [0] in 2021 [1-2].", score=0.99)
    assert draft(understand("Café Oud?"), [title, fell]).groups == ((fell,),)
    assert draft(understand("Café Oud?"), [title]).groups == ((title,),)


def test_the_same_words_are_said_once_however_often_they_stand_somewhere() -> None:
    text = "It closed. " * 9
    again = [
        Evidence("d", n, n + 10, "It closed.", "en", 1.0, 1.0, 1.0, 0.0, True)
        for n in range(0, 99, 11)
    ]
    source = Document("d", text, "", "en", None, "d.txt")
    drafted = draft(understand("Did it close?"), again)
    written = write(drafted, {"d": source}.__getitem__)
    assert written.text.count("It closed.") == 1


def test_each_value_is_shown_with_the_sentences_that_give_it() -> None:
    ten = Document("a", "Gab has 10 users.", "", "en", None, "a")
    four = Document("b", "Gab has four users.", "", "en", None, "b")
    found = [
        Evidence(d.id, 0, len(d.text), d.text, "en", 1.0, 1.0, 1.0, 1.0, True) for d in (ten, four)
    ]
    drafted = draft(understand("How many users does Gab have?"), found)
    written = write(drafted, {"a": ten, "b": four}.__getitem__)
    assert written.text == "Gab has 10 users. [1] Gab has four users. [2]"
    assert written.disagreement == (Disagreement("10", (1,)), Disagreement("four", (2,)))
