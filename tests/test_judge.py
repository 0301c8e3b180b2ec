"""What is right in one answer: its words, its citations, its values."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.judge import (
    MAX_ANSWER_CHARS,
    MAX_QUOTE_CHARS,
    EvalQuestion,
    Gold,
    Judged,
    Prediction,
    Value,
    judge,
    normalised,
    supports,
)
from qa.types import Citation
from tests.predictions import (
    DE_PLACE,
    DE_YEAR,
    EN_MILLER,
    NL_GRAIN,
    NL_YEAR,
    TEXTS,
    answered,
    cite,
    gold,
    question,
    refused,
)


def judged(question: EvalQuestion, prediction: Prediction | None) -> Judged:
    return judge(question, prediction, TEXTS)


# Words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("The", ""),
        ("The Mill, a big one!", "mill big one"),
        ("HET Parool; de „krant”", "parool krant"),
        ("Einem geschenkten Gaul", "geschenkten gaul"),
        ("1.000-voudig…", "1 000 voudig"),
        ("  \n\t", ""),
        ("Ärger über ÖL", "ärger über öl"),
    ],
)
def test_words_are_compared_without_case_punctuation_and_articles(text: str, expected: str) -> None:
    assert normalised(text) == expected


@pytest.mark.parametrize(
    ("answer", "text", "hit"),
    [
        ("Ida Brandt", "Its miller is Ida Brandt. [1]", True),
        ("the Ida, Brandt!", "It is ida BRANDT", True),
        ("art", "She left the party.", False),
        ("art", "She left the art.", True),
        ("", "Anything at all.", False),
        ("the", "the", False),
        ("Ida Brandt", "", False),
        ("Ida Brandt", "Brandt, Ida", False),
    ],
)
def test_a_gold_answer_is_hit_by_its_words_in_a_row(answer: str, text: str, hit: bool) -> None:
    asked = question("q", Gold("en", answer, 0))
    assert judged(asked, answered(text=text)).hit is hit


@pytest.mark.parametrize(
    ("accept", "text", "hit"),
    [
        (("17(82|91)",), "In 1791.", True),
        (("17(82|91)",), "In 1792.", False),
        (("nowhere", "IN.*1792"), "in\n1792", True),  # any case, over the end of a line
        ((".*",), "", False),  # nothing said is never right
        (("1792",), "Ida Brandt", False),  # where there are patterns, gold words do not count
    ],
)
def test_patterns_decide_where_there_are_any(accept: tuple[str, ...], text: str, hit: bool) -> None:
    asked = replace(question("q", Gold("en", "Ida Brandt", 0)), accept=accept)
    assert judged(asked, answered(text=text)).hit is hit


def test_an_answer_that_is_too_long_is_a_miss() -> None:
    asked = question("q", gold("en", "Ida Brandt"))
    right = "Ida Brandt".ljust(MAX_ANSWER_CHARS, ".")
    assert judged(asked, answered(text=right)).hit is True
    assert judged(asked, answered(text=right + ".")).hit is False


def test_a_refusal_and_no_prediction_are_misses() -> None:
    asked = question("q", gold("en", "Ida Brandt"))
    assert (judged(asked, refused()).hit, judged(asked, refused()).refused) == (False, True)
    assert (judged(asked, None).hit, judged(asked, None).refused) == (False, False)


def test_no_words_are_looked_for_where_none_are_known() -> None:
    named = answered(text="Ida Brandt")
    known = question("q", gold("en", "Ida Brandt"))
    assert judged(replace(known, type="free_form"), named).hit is None
    assert judged(replace(known, gold=()), named).hit is None
    assert judged(replace(known, answerable=False), named).hit is None


def test_an_answerable_question_without_gold_is_blind() -> None:
    known = question("q", gold("en", "Ida Brandt"))
    assert (judged(known, None).graded, judged(known, None).blind) == (True, False)
    blind = judged(replace(known, gold=()), None)
    assert (blind.graded, blind.blind) == (False, True)
    unanswerable = judged(replace(known, answerable=False), None)
    assert (unanswerable.graded, unanswerable.blind) == (False, False)


def test_the_kind_is_that_of_the_question_as_it_is_understood() -> None:
    assert judged(question(), None).kind == "when"


# Citations


def span(start: int, end: int) -> Citation:
    return Citation(1, "d", "", "", "en", None, None, start, end, "x" * (end - start), "")


@pytest.mark.parametrize(
    ("start", "end", "right"),
    [
        (10, 20, True),  # the span itself
        (0, 100, True),  # all of it and more
        (13, 15, True),  # a part of it
        (5, 15, True),  # half of it
        (4, 14, False),  # less than half
        (15, 60, True),
        (16, 60, False),
        (18, 22, True),  # half of a citation that is the shorter of the two
        (19, 23, False),
        (0, 10, False),  # beside it
        (20, 30, False),
    ],
)
def test_a_citation_shares_half_of_the_shorter_span(start: int, end: int, right: bool) -> None:
    assert supports(span(start, end), [Gold("d", "y" * 10, 10)], ()) is right


@given(st.integers(0, 30), st.integers(1, 30), st.integers(0, 30), st.integers(1, 30))
def test_half_is_counted_in_characters(at: int, length: int, start: int, size: int) -> None:
    shared = set(range(at, at + length)) & set(range(start, start + size))
    right = bool(shared) and len(shared) >= min(length, size) / 2
    assert supports(span(at, at + length), [Gold("d", "y" * size, start)], ()) is right


def test_only_gold_of_the_cited_document_counts() -> None:
    assert not supports(cite("nl", NL_YEAR), [Gold("de", NL_YEAR, 0)], ("1782",))


def test_accepted_words_make_a_citation_of_a_gold_document_right() -> None:
    elsewhere = [gold("nl", "rogge")]
    assert not supports(cite("nl", NL_YEAR), elsewhere, ())
    assert supports(cite("nl", NL_YEAR), elsewhere, ("1782",))
    assert supports(cite("nl", NL_YEAR), [*elsewhere, Gold("nl", "sinds 1782", 60)], ())


@pytest.mark.parametrize(
    ("answer", "right"), [("", True), ("de molen", True), ("sinds 17", True), ("rogge", False)]
)
def test_gold_without_a_place_is_in_the_document_or_in_the_quote(answer: str, right: bool) -> None:
    assert supports(cite("nl", NL_YEAR), [Gold("nl", answer)], ()) is right


def test_a_citation_is_right_only_if_it_is_verbatim() -> None:
    asked = question("q", gold("nl", NL_YEAR))
    moved = cite("nl", NL_YEAR, start=1)
    unknown = replace(cite("nl", NL_YEAR), doc_id="gone")
    empty = replace(cite("nl", NL_YEAR), end=0, quote="")
    found = judged(asked, answered("q", cite("nl", NL_YEAR), moved, unknown, empty))
    assert found.verbatim == (True, False, False, False)
    assert found.right == (True, False, False, False)
    assert found.first_right


def test_the_first_citation_is_right_or_not() -> None:
    asked = question("q", gold("nl", NL_YEAR))
    found = judged(asked, answered("q", cite("nl", NL_GRAIN), cite("nl", NL_YEAR)))
    assert (found.right, found.first_right) == ((False, True), False)
    assert not judged(asked, answered(text="nothing cited")).first_right


def test_a_citation_is_wrong_where_nothing_answers_the_question() -> None:
    found = judged(question(), answered("q", cite("nl", NL_YEAR)))
    assert (found.verbatim, found.right) == ((True,), (False,))


def test_a_quote_that_is_too_long_is_verbatim_and_wrong() -> None:
    text = "a" * (MAX_QUOTE_CHARS + 1)
    asked = question("q", Gold("d", text, 0))
    citations = (span(0, MAX_QUOTE_CHARS), span(0, MAX_QUOTE_CHARS + 1))
    quoted = [replace(c, quote="a" * len(c.quote)) for c in citations]
    found = judge(asked, answered("q", *quoted), {"d": text})
    assert (found.verbatim, found.right) == ((True, True), (True, False))


def test_the_documents_that_were_reached_are_those_cited_rightly() -> None:
    asked = question("q", gold("nl", NL_YEAR), gold("de", DE_YEAR))
    found = judged(asked, answered("q", cite("nl", NL_YEAR), cite("de", DE_PLACE)))
    assert (sorted(found.gold_docs), sorted(found.reached)) == (["de", "nl"], ["nl"])


# Values that disagree


SPLIT = replace(
    question("q", gold("nl", NL_YEAR), gold("de", DE_YEAR), type_="disagree"),
    values=(Value("1782", ("1782",), ("nl",)), Value("1791", ("1791",), ("de",))),
)


@pytest.mark.parametrize(
    ("prediction", "shown", "cited"),
    [
        (answered("q", cite("nl", NL_YEAR), cite("de", DE_YEAR)), (True, True), True),
        (answered("q", cite("nl", NL_YEAR)), (True, False), False),
        (answered("q", cite("nl", NL_YEAR), text="1782 or 1791"), (True, True), False),
        (answered("q", cite("nl", NL_YEAR), cite("de", DE_PLACE)), (True, False), False),
        (refused(), (False, False), False),
        (None, (False, False), False),
    ],
)
def test_each_value_is_to_be_shown_and_cited(
    prediction: Prediction | None, shown: tuple[bool, ...], cited: bool
) -> None:
    found = judged(SPLIT, prediction)
    assert (found.shown, found.shown_cited) == (shown, cited)


def test_a_value_may_have_gold_of_its_own() -> None:
    elsewhere = Value("1791", ("1791",), ("de",), (gold("de", DE_PLACE),))
    narrow = replace(SPLIT, gold=(*SPLIT.gold, gold("de", DE_PLACE)), values=(elsewhere,))
    cited = answered("q", cite("de", DE_PLACE), text="since 1791")
    assert judged(narrow, cited).shown_cited
    unseen = replace(elsewhere, accept=("nothing", "17\\d\\d,"), gold=())
    assert not judged(replace(narrow, values=(unseen,)), cited).shown_cited


@pytest.mark.parametrize(
    "asked",
    [
        replace(SPLIT, type="when"),
        replace(SPLIT, answerable=False),
        replace(SPLIT, gold=()),
        replace(SPLIT, values=()),
    ],
)
def test_values_count_only_where_sources_are_known_to_disagree(asked: EvalQuestion) -> None:
    found = judged(asked, answered("q", cite("nl", NL_YEAR), cite("de", DE_YEAR)))
    assert (found.shown, found.shown_cited) == ((), False)


def test_a_citation_in_another_language_than_the_question_is_as_good() -> None:
    asked = question("q", gold("en", EN_MILLER), lang="nl")
    assert judged(asked, answered("q", cite("en", EN_MILLER))).right == (True,)
