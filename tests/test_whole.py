"""Sentences that cannot stand alone, cited together with the one beside them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from index.chunk import sentences
from index.types import Document
from qa.compose import cite
from qa.evidence import Evidence
from qa.render import shown
from qa.whole import completed


def said(text: str, language: str = "en", doc_id: str = "a") -> list[Evidence]:
    """Every sentence of a text as evidence, as the index cuts it."""
    return [
        Evidence(
            doc_id=doc_id,
            start=start,
            end=end,
            text=text[start:end],
            language=language,
            score=1.0,
            names=1.0,
            fits=0.0,
            is_statement=text[start:end].endswith("."),
        )
        for start, end in sentences(text, language)
    ]


def whole(text: str, n: int, language: str = "en") -> str:
    """What the n-th sentence of a text is cited as."""
    found = said(text, language)
    one = completed(found[n], found)
    assert (one.doc_id, one.score) == (found[n].doc_id, found[n].score)
    # What is compared is what is cited, but for the white space between two sentences.
    assert shown(one.text) == shown(text[one.start : one.end])
    return text[one.start : one.end]


CUT = [
    "The mayor said: “The bridge is closed.\nIt will open in May.”\nAll then left.",
    'The mayor said: "The bridge is closed.\nIt will open in May."\nAll then left.',
    "The mayor said: «The bridge is closed.\nIt will open in May.»\nAll then left.",
]


@pytest.mark.parametrize("text", CUT)
def test_a_quote_that_is_cut_in_two_is_made_whole_from_either_half(text: str) -> None:
    quote = text[: text.index("\nAll")]
    assert [e.text for e in said(text)] == text.split("\n")
    assert whole(text, 0) == whole(text, 1) == quote


def test_a_german_quote_is_made_whole() -> None:
    text = "Sie sagte: „Die Brücke ist zu.\nIm Mai ist sie offen.“ Danach ging Frau Lee."
    assert whole(text, 1, "de") == text[: text.index(" Danach")]


@pytest.mark.parametrize(
    "text",
    [
        "Ann said “yes”.\nBen said “no”.",
        "Ann said yes.\nBen said “no.",
        "Ann said “yes.\nBen said no.\nCora said no.”",
        "Ann said “yes.\n\nBen said no.”",
        "Ann said “yes.\n- Ben said no.”",
    ],
)
def test_what_is_no_quote_cut_in_two_stays_as_it_is(text: str) -> None:
    for n, one in enumerate(said(text)):
        assert whole(text, n) == one.text


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Ann Lee is a mayor. She opened the bridge.", "en"),
        ("Ben Ray is a mayor. He opened the bridge.", "en"),
        ("Ben Ray is a mayor. His bridge is open.", "en"),
        ("Two monks came. They built the bridge.", "en"),
        ("Two monks came.\nTheir bridge is open.", "en"),
        ("Ann Lee is burgemeester. Zij opende de brug.", "nl"),
        ("Ben Ray is burgemeester. Hij opende de brug.", "nl"),
        ("Ann Lee is burgemeester. Haar brug is open.", "nl"),
        ("Ben Ray ist Bürgermeister. Er öffnete die Brücke.", "de"),
        ("Ben Ray ist Bürgermeister. Seine Brücke ist offen.", "de"),
    ],
)
def test_a_sentence_about_somebody_named_before_takes_the_one_before(
    text: str, language: str
) -> None:
    assert len(said(text, language)) == 2
    assert whole(text, 0, language) == said(text, language)[0].text
    assert whole(text, 1, language) == text


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Ann Lee is a mayor. The bridge is open.", "en"),
        ("Ann Lee is a mayor. Hers is the bridge.", "en"),
        ("Ann Lee is a mayor. It is said that she left.", "en"),
        ("Ann Lee ist Bürgermeisterin. Sie sind alle gegangen.", "de"),
        ("Ann Lee was there. Er is een brug in het dorp.", "nl"),
        ("Ann Lee is a mayor.\n\nShe opened the bridge.", "en"),
        ("Ann Lee is a mayor.\r\n\r\nShe opened the bridge.", "en"),
        ("- Ann Lee is a mayor.\n- She opened the bridge.", "en"),
        ("She opened the bridge.", "en"),
        ("", "en"),
    ],
)
def test_any_other_sentence_stands_alone(text: str, language: str) -> None:
    for n, one in enumerate(said(text, language)):
        assert whole(text, n, language) == one.text


def test_a_sentence_takes_none_of_another_document() -> None:
    [first] = said("Ann Lee is a mayor.")
    [second] = said("She opened the bridge.", doc_id="b")
    second = replace(second, start=first.end + 1, end=first.end + 23)
    assert completed(second, [first, second]) == second


@pytest.mark.parametrize("chars", [100, 599, 600, 601, 700])
def test_two_sentences_are_not_made_longer_than_anybody_reads(chars: int) -> None:
    end = " She opened the bridge."
    text = "Ann Lee " + "x" * (chars - len(end) - 9) + "." + end
    found = said(text)
    assert len(text) == chars
    one = completed(found[1], found)
    assert (one.start, one.end) == ((0, chars) if chars <= 600 else (found[1].start, chars))


def test_it_needs_the_sentence_before_to_have_been_found() -> None:
    found = said("Ann Lee is a mayor. She opened the bridge. She left.")
    assert completed(found[1], found[1:]) == found[1]
    assert completed(found[1], []) == found[1]


@pytest.mark.parametrize(
    "text",
    [
        CUT[0],
        "Ann Lee came.\nShe left.",
        "Ann Lee came.\u2028She left.",
        "Ann Lee came.\tShe left.",
        "Ann Lee came.\u00a0She left.",
        "Ann Lee came [3].\nShe left [1-2].",
    ],
)
def test_what_is_cited_is_what_is_said(text: str) -> None:
    source = Document("a", text, "", "en", None, "a.txt")
    found = said(text)
    for one in (completed(e, found) for e in found):
        citation = cite(one, 1, {"a": source}.__getitem__)
        assert citation.quote == text[one.start : one.end]
        assert shown(citation.quote) == shown(one.text)


@pytest.mark.parametrize(
    "text",
    [
        "# The new mayor\nHe was born in Utrecht.",
        "The new mayor of Oldtown\nHe was born in Utrecht.",
    ],
)
def test_a_headline_is_no_part_of_the_sentence_after_it(text: str) -> None:
    assert whole(text, 1) == "He was born in Utrecht."


def test_of_two_quotes_that_are_cut_no_half_joins_the_other() -> None:
    text = "“The mill grew.\nThe mill fell.”\n“The bridge stood.\nThe bridge sank.”"
    assert [whole(text, n) for n in range(4)] == [
        "“The mill grew.\nThe mill fell.”",
        "“The mill grew.\nThe mill fell.”",
        "“The bridge stood.\nThe bridge sank.”",
        "“The bridge stood.\nThe bridge sank.”",
    ]
