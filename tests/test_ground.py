"""The check that every answer passes, and what becomes of citations when documents change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from index.errors import UnknownDocumentError
from index.types import Document
from qa.compose import Written
from qa.errors import GroundingError
from qa.ground import check, state, supported
from qa.types import VERBATIM, Citation, Statement, Support

TEXT = "Before. The attack killed 21 people. [3] After."
SOURCE = Document("a", TEXT, "", "en", None, "a.md")
QUOTE = "The attack killed 21 people. [3]"
SAID = "The attack killed 21 people. (3)"
START = TEXT.index(QUOTE)
CITATION = Citation(
    number=1,
    doc_id="a",
    title="",
    source="a.md",
    language="en",
    date=None,
    page=None,
    start=START,
    end=START + len(QUOTE),
    quote=QUOTE,
    sha256=SOURCE.sha256,
)
AFTER = replace(CITATION, number=2, start=41, end=47, quote="After.")
WRITTEN = Written(
    text=f"{SAID} [1]",
    statements=(Statement(0, len(SAID), (1,), VERBATIM),),
    citations=(CITATION,),
    disagreement=(),
    nearest=(AFTER,),
)


def holding(text: str) -> Callable[[str], Document]:
    def document(doc_id: str) -> Document:
        if doc_id != "a":
            raise UnknownDocumentError(doc_id)
        return replace(SOURCE, text=text)

    return document


def test_an_answer_that_its_sources_hold_passes() -> None:
    check(WRITTEN, holding(TEXT))


def test_an_answer_that_says_nothing_passes() -> None:
    nearest = (replace(AFTER, number=1),)
    check(Written("", (), (), (), nearest), holding(TEXT))


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"quote": QUOTE.replace("21", "12")}, "does not hold: changed"),
        ({"quote": QUOTE.replace("killed", "saved")}, "does not hold: changed"),
        ({"start": START + 1}, "does not hold: moved"),
        ({"end": CITATION.end - 1}, "does not hold: moved"),
        ({"start": START - len(TEXT) - 8}, "does not hold: moved"),
        ({"doc_id": "b"}, "does not hold: gone"),
        ({"sha256": "0" * 64}, "another text's hash"),
    ],
)
def test_a_citation_that_is_off_in_anything_stops_the_answer(
    changed: dict[str, str | int], why: str
) -> None:
    off = replace(CITATION, **changed)  # type: ignore[arg-type]
    with pytest.raises(GroundingError, match=why):
        check(replace(WRITTEN, citations=(off,)), holding(TEXT))


def test_what_is_only_near_must_hold_too() -> None:
    off = replace(AFTER, quote="Afters")
    with pytest.raises(GroundingError, match="Citation 2 of 'a' does not hold: changed"):
        check(replace(WRITTEN, nearest=(off,)), holding(TEXT))


@pytest.mark.parametrize("numbers", [(), (2,), (0,), (-1,), (1, 2), (2, 1)])
def test_a_number_that_dangles_or_is_out_of_order_stops_the_answer(
    numbers: tuple[int, ...],
) -> None:
    statement = replace(WRITTEN.statements[0], citations=numbers)
    with pytest.raises(GroundingError, match="numbered"):
        check(replace(WRITTEN, statements=(statement,)), holding(TEXT))


@pytest.mark.parametrize(
    "said",
    [
        SAID.replace("21", "12"),
        SAID.replace("killed", "did not kill"),
        SAID.lower(),
        SAID.replace("(3)", "[3]"),
        SAID[:-4],
    ],
)
def test_a_statement_that_is_not_what_it_cites_stops_the_answer(said: str) -> None:
    statement = replace(WRITTEN.statements[0], end=len(said))
    wrong = replace(WRITTEN, text=f"{said} [1]", statements=(statement,))
    with pytest.raises(GroundingError, match="is not what it cites"):
        check(wrong, holding(TEXT))


def test_a_statement_may_not_cite_a_sentence_that_gives_another_value() -> None:
    text = "The attack killed 21 people. The attack killed 12 people."
    source = replace(SOURCE, text=text)
    first = replace(CITATION, start=0, end=28, quote=text[:28], sha256=source.sha256)
    second = replace(first, number=2, start=29, end=57, quote=text[29:])
    wrong = Written(
        text=f"{text[:28]} [1][2]",
        statements=(Statement(0, 28, (1, 2), VERBATIM),),
        citations=(first, second),
        disagreement=(),
        nearest=(),
    )
    with pytest.raises(GroundingError):
        check(wrong, holding(text))


@pytest.mark.parametrize(
    ("text_now", "doc_id", "expected"),
    [
        (TEXT, "a", "holds"),
        (TEXT + " More.", "a", "holds"),
        (TEXT.replace("After", "Later"), "a", "holds"),
        ("New. " + TEXT, "a", "moved"),
        (TEXT[4:], "a", "moved"),
        (TEXT.replace("21", "12"), "a", "changed"),
        (TEXT.replace("people. [3]", "people."), "a", "changed"),
        ("", "a", "changed"),
        (TEXT, "b", "gone"),
    ],
)
def test_what_became_of_a_citation(text_now: str, doc_id: str, expected: str) -> None:
    assert state(replace(CITATION, doc_id=doc_id), holding(text_now)) == expected


def test_a_place_counted_from_the_end_is_not_the_place() -> None:
    before_the_end = replace(CITATION, start=START - len(TEXT), end=CITATION.end - len(TEXT))
    assert TEXT[before_the_end.start : before_the_end.end] == QUOTE
    assert state(before_the_end, holding(TEXT)) == "moved"


# In other words

RETOLD = "In the attack 21 people were killed."
DUTCH = replace(CITATION, language="nl", quote="De aanval kostte 21 mensen het leven.")


def retold(said: str, state_: str = "supported") -> Written:
    """An answer that says this of the attack."""
    support = Support(state_)  # type: ignore[arg-type]
    statement = Statement(0, len(said), (1,), support)
    return replace(WRITTEN, text=f"{said} [1]", statements=(statement,))


def test_a_sentence_to_the_letter_is_verbatim_of_the_first_it_cites() -> None:
    assert supported(SAID, [CITATION]) == VERBATIM
    assert supported(SAID, [CITATION, AFTER]) == VERBATIM
    assert supported(SAID, [AFTER, CITATION]).state == "supported"


@pytest.mark.parametrize(
    "said",
    [
        RETOLD,
        "The attack killed twenty-one people.",
        "Bij de aanval zijn 21 mensen gedood.",
        "Bei dem Angriff wurden 21 Menschen getötet.",
        SAID[:-4],
    ],
)
@pytest.mark.parametrize("citation", [CITATION, DUTCH], ids=["en", "nl"])
def test_what_a_source_says_in_other_words_or_another_language_is_supported(
    said: str, citation: Citation
) -> None:
    found = supported(said, [citation])
    assert (found.state, found.failed) == ("supported", ())
    assert found.checks[0].what == "citation"
    assert {check.what for check in found.checks} >= {"value", "meaning"}


@pytest.mark.parametrize(
    ("said", "what", "words"),
    [
        ("In the attack 12 people were killed.", "value", "12"),
        ("In the attack 21 people were not killed.", "negation", "not"),
        ("In the attack by Zorgon 21 people were killed.", "name", "Zorgon"),
        ("The attack “killed at least 21 people”.", "quotation", "killed at least 21 people"),
        ("The <b>attack</b> killed 21 people.", "markup", "<b"),
    ],
)
@pytest.mark.parametrize("citations", [[CITATION], [AFTER, CITATION]], ids=["one", "two"])
def test_what_a_source_does_not_say_is_not(
    said: str, what: str, words: str, citations: list[Citation]
) -> None:
    found = supported(said, citations)
    assert found.state == "unsupported"
    assert [(check.what, check.holds) for check in found.failed] == [(what, False)]
    assert words in found.failed[0].found


def test_what_cites_nothing_is_not_supported() -> None:
    found = supported(SAID, [])
    assert found.state == "unsupported"
    assert [check.what for check in found.checks] == ["citation"]


def test_an_answer_in_other_words_passes_if_its_sources_hold_it() -> None:
    check(retold(RETOLD), holding(TEXT))


@pytest.mark.parametrize(
    "wrong",
    [
        retold(RETOLD.replace("21", "12")),
        retold(RETOLD.replace("were", "were not")),
        retold(RETOLD, "verbatim"),
        retold(RETOLD, "unsupported"),
        retold(SAID, "supported"),  # it is verbatim
        retold(""),
        retold("[k7f2]"),
    ],
    ids=lambda wrong: f"{wrong.text} {wrong.statements[0].support.state}",
)
def test_an_answer_in_other_words_that_does_not_hold_is_stopped(wrong: Written) -> None:
    with pytest.raises(GroundingError, match="is not what it cites"):
        check(wrong, holding(TEXT))


def test_one_statement_that_does_not_hold_stops_the_whole_answer() -> None:
    false = RETOLD.replace("21", "12")
    text = f"{RETOLD} [1] {false} [1]"
    start = text.index(false)
    supported_ = Support("supported")
    wrong = replace(
        WRITTEN,
        text=text,
        statements=(
            Statement(0, len(RETOLD), (1,), supported_),
            Statement(start, start + len(false), (1,), supported_),
        ),
    )
    with pytest.raises(GroundingError, match="12 people were killed"):
        check(wrong, holding(TEXT))
