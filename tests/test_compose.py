"""From evidence to a text with markers and what they point at."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from index.chunk import sentences
from index.types import LANGUAGES, Document
from qa.compose import Draft, draft, draft_refusal, write
from qa.evidence import Evidence
from qa.phrases import PHRASES
from qa.question import understand
from qa.render import shown
from qa.types import VERBATIM, Citation, Disagreement, Statement

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
        names=1.0,
        fits=0.0,
        is_statement=quote.endswith("."),
    )


def drafted_of(question: str, found: Sequence[Evidence], *, each_document: bool = False) -> Draft:
    return draft(understand(question), found, each_document=each_document, sure=True)


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
        Statement(0, 35, (1,), VERBATIM),
        Statement(40, 50, (2, 3), VERBATIM),
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
    weak = evidence("It fell [0] in 2021 [1-2].", score=0.1)
    drafted = drafted_of("Did it close?", [CLOSED, CLOSED_TOO, weak])
    assert drafted.groups == ((CLOSED, CLOSED_TOO),)
    assert drafted.nearest == (weak,)


def test_a_document_and_its_copy_are_one_witness() -> None:
    drafted = drafted_of("Did it close?", [CLOSED, CLOSED_TOO])
    assert drafted.groups == ((CLOSED,),)


def test_a_much_weaker_sentence_is_not_said_but_is_near() -> None:
    weak = evidence("It closed.", OTHER, score=0.69)
    drafted = drafted_of("Did it fall?", [FELL, weak])
    assert drafted.groups == ((FELL,),)
    assert drafted.nearest == (weak,)


def test_a_headline_is_said_only_where_there_is_nothing_else() -> None:
    title = evidence("Café “Oud”")
    fell = evidence("It fell [0] in 2021 [1-2].", score=0.99)
    assert drafted_of("Café Oud?", [title, fell]).groups == ((fell,),)
    assert drafted_of("Café Oud?", [title]).groups == ((title,),)


def test_the_same_words_are_said_once_however_often_they_stand_somewhere() -> None:
    text = "It closed. " * 9
    again = [
        Evidence("d", n, n + 10, "It closed.", "en", 1.0, 1.0, 0.0, True) for n in range(0, 99, 11)
    ]
    source = Document("d", text, "", "en", None, "d.txt")
    drafted = drafted_of("Did it close?", again)
    written = write(drafted, {"d": source}.__getitem__)
    assert written.text.count("It closed.") == 1


def test_each_value_is_shown_with_the_sentences_that_give_it() -> None:
    ten = Document("a", "Gab has 10 users.", "", "en", None, "a")
    four = Document("b", "Gab has four users.", "", "en", None, "b")
    found = [Evidence(d.id, 0, len(d.text), d.text, "en", 1.0, 1.0, 1.0, True) for d in (ten, four)]
    drafted = drafted_of("How many users does Gab have?", found)
    written = write(drafted, {"a": ten, "b": four}.__getitem__)
    assert written.text == "Gab has 10 users. [1] Gab has four users. [2]"
    assert written.disagreement == (Disagreement("10", (1,)), Disagreement("four", (2,)))


# How much is said


def at(n: int, text: str, doc_id: str = "d", *, score: float = 1.0) -> Evidence:
    return Evidence(doc_id, 100 * n, 100 * n + len(text), text, "en", score, 1.0, 0.0, True)


BRIDGE = at(0, "The bridge of Oldtown is closed.")
TOWER = at(1, "A red tower stands in Newtown.")
BREAD = at(2, "Bread is baked at night.")
RAIN = at(3, "Rain fell on Monday.")


def test_no_more_than_three_sentences_are_said() -> None:
    drafted = drafted_of("What of it?", [BRIDGE, TOWER, BREAD, RAIN])
    assert drafted.groups == ((BRIDGE,), (TOWER,), (BREAD,))
    assert drafted.nearest == (RAIN,)


def test_what_holds_nothing_of_what_was_asked_is_not_said_beside_what_does() -> None:
    best = replace(RAIN, fits=1.0)
    assert drafted_of("When did it rain?", [best, BRIDGE]).groups == ((best,),)
    assert drafted_of("When did it rain?", [BRIDGE, best]).groups == ((BRIDGE,), (best,))


def test_who_is_not_sure_says_one_sentence() -> None:
    found = [BRIDGE, TOWER, BREAD]
    drafted = draft(understand("What of it?"), found, each_document=False, sure=False)
    assert drafted.groups == ((BRIDGE,),)
    assert drafted.nearest == (TOWER, BREAD)


def test_each_document_that_was_chosen_is_heard() -> None:
    far = [
        replace(one, doc_id=f"d{n}", score=1.0 - n)
        for n, one in enumerate([BRIDGE, TOWER, BREAD, RAIN])
    ]
    own = at(5, "A dog barked.", "d0", score=0.5)
    found = [far[0], own, *far[1:]]
    assert drafted_of("What of it?", found).groups == ((far[0],),)
    assert drafted_of("What of it?", found, each_document=True).groups == tuple(
        (one,) for one in far
    )


def test_what_lies_far_behind_is_not_heard_and_no_more_than_five_are() -> None:
    texts = ["A cat slept.", "A dog barked.", "Snow fell.", "Bread was baked.", "Milk is white."]
    texts += ["Ships sail.", "The king died."]
    found = [at(n, text, f"d{n}", score=1.0 - n / 2) for n, text in enumerate(texts)]
    heard = drafted_of("What of it?", found, each_document=True).groups
    assert [group[0].doc_id for group in heard] == ["d0", "d1", "d2", "d3", "d4"]
    lost = [found[0], replace(found[1], score=-4.1)]
    assert drafted_of("What of it?", lost, each_document=True).groups == ((found[0],),)


def test_one_statement_has_four_citations_at_most() -> None:
    found = [replace(BRIDGE, doc_id=f"d{n}") for n in range(7)]
    # None is a copy of another.
    found += [
        replace(BRIDGE, doc_id=f"d{n}", text=f"It has {n} arches.", start=99, end=115, score=-9.0)
        for n in range(7)
    ]
    drafted = drafted_of("Is the bridge of Oldtown closed?", found)
    [group] = drafted.groups
    assert group[0].doc_id == "d0"
    assert len({e.doc_id for e in group}) == len(group) == 4


def test_a_refusal_says_nothing_and_shows_three() -> None:
    drafted = draft_refusal([BRIDGE, TOWER, BREAD, RAIN])
    assert drafted == Draft((), (), (BRIDGE, TOWER, BREAD))
    assert draft_refusal([]) == Draft((), (), ())


def test_a_sentence_that_leans_on_the_one_before_is_cited_with_it() -> None:
    text = "Ann Lee is a mayor.\nShe opened the bridge."
    source = Document("d", text, "", "en", None, "d.txt")
    before = Evidence("d", 0, 19, "Ann Lee is a mayor.", "en", 0.0, 1.0, 0.0, True)
    she = Evidence("d", 20, 42, "She opened the bridge.", "en", 1.0, 1.0, 0.0, True)
    written = write(drafted_of("Who opened the bridge?", [she, before]), {"d": source}.__getitem__)
    assert written.text == "Ann Lee is a mayor. She opened the bridge. [1]"
    assert written.citations[0].quote == text


def test_a_witness_that_says_something_else_when_whole_is_not_cited() -> None:
    first = Evidence("a", 0, 22, "She opened the bridge.", "en", 1.0, 1.0, 0.0, True)
    before = Evidence("b", 0, 18, "Ann has no bridge.", "en", 0.0, 1.0, 0.0, True)
    witness = Evidence("b", 19, 41, "She opened the bridge.", "en", 1.0, 1.0, 0.0, True)
    other = Evidence("a", 23, 31, "It fell.", "en", -9.0, 1.0, 0.0, True)
    alone = drafted_of("Who opened the bridge?", [first, witness, other])
    assert alone.groups == ((first, witness),)
    drafted = drafted_of("Who opened the bridge?", [first, witness, before, other])
    assert drafted.groups == ((first,),)


def of_text(text: str, *scores: float) -> tuple[Document, list[Evidence]]:
    """A document and its sentences as evidence, best first."""
    source = Document("d", text, "", "en", None, "d.txt")
    spans = zip(sentences(text, "en"), scores, strict=True)
    found = [
        Evidence("d", start, end, text[start:end], "en", score, 1.0, 0.0, True)
        for (start, end), score in spans
    ]
    return source, sorted(found, key=lambda e: (-e.score, e.start))


@pytest.mark.parametrize(
    ("text", "scores"),
    [
        # Either half of a quote is made whole.
        ("“The bridge is old.\nIt is also weak.”", (1.0, 0.9)),
        # One sentence is cited with the one before, which is said anyway.
        ("Jan Kroon is a mayor. He opened the bridge.", (1.0, 0.9)),
        ("Jan Kroon is a mayor. He opened the bridge.", (0.9, 1.0)),
        ("Jan Kroon is a mayor. He opened it. He paid for it.", (0.0, 1.0, 0.9)),
    ],
)
def test_no_words_of_a_document_are_said_or_shown_twice(
    text: str, scores: tuple[float, ...]
) -> None:
    source, found = of_text(text, *scores)
    written = write(drafted_of("What of the bridge?", found), {"d": source}.__getitem__)
    spans = sorted((c.start, c.end) for c in (*written.citations, *written.nearest))
    assert all(end <= start for (_, end), (start, _) in pairwise(spans)), written.text
