from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.chunk import chunk, sentences
from index.types import MAX_SENTENCE_CHARS, TARGET_CHARS, Chunk, Document

# What may lie between sentences: white space, and Markdown's markers at the start of a line.
MARKERS = re.compile(r"(?:\s|[-*+•>#]|\d{1,3}[.)])*")
LANGUAGES = ["nl", "de", "en", "fr", "zh", "he", ""]
ODD = {
    "empty": "",
    "one character": "a",
    "one space": " ",
    "only line ends": "\n\n\n",
    "no spaces": "a" * 3_000,
    "only full stops": "." * 2_000,
    "combining marks": "e\u0301te\u0301. Z" + "\u0301" * 1_000 + " end. Next.",
    "emoji families": "👨‍👩‍👧‍👦 Hello. 👩🏽‍🚀 World! 🇳🇱 Ok? Yes." * 30,
    "right to left": "שלום עולם. מה שלומך? \u202eطيب\u202c. نعم." * 20,
    "Chinese": "今天天气很好。我们去公园吧。他说:“好!”" * 60,
    "separators": "one\u2028two. three\x0bfour\x0cfive. six\x85seven\x1ceight. nine\x00ten.",
    "periodic": "Parler ging maandag offline. " * 300,
    "periodic lines": "Parler ging maandag offline.\n" * 300,
    "markers": "- \n* \n1. \n# \n> > - # 1. \n- - - -\n######\n12)",
    "markdown": "# Kop\n\nTekst. Meer.\n\n- punt een\n- twee\n\n> citaat\n\n1. eerst\n2. dan\n",
}
WORDS = (
    "Een zin. |Dr. May |10. Januar |\n|\n# Kop\n|- |3. |woord |👨‍👩‍👧|e\u0301|שלום. |好。| |! |?|…"
)
PIECES = st.sampled_from([*WORDS.split("|"), '"', "\u2028", "\x00", "\t", "x" * 500])
TEXTS = st.one_of(st.text(), st.lists(PIECES, max_size=60).map("".join))


def document(text: str, language: str = "en", id_: str = "d") -> Document:
    return Document(id_, text, "", language, None, f"{id_}.txt")


def check(text: str, language: str) -> list[Chunk]:
    """What holds for the chunks of any text."""
    chunks = chunk([document(text, language)])
    at = 0
    for piece in chunks:
        assert piece.text == text[piece.start : piece.end]
        assert (piece.start, piece.end) == (piece.sentences[0][0], piece.sentences[-1][1])
        for start, end in piece.sentences:
            assert MARKERS.fullmatch(text, at, start), (text[at:start], at)
            assert 0 < end - start <= MAX_SENTENCE_CHARS
            assert text[start:end] == text[start:end].strip()
            assert "\n\n" not in text[start:end]
            at = end
        assert piece.end - piece.start <= TARGET_CHARS or len(piece.sentences) == 1
    assert not text[at:].strip()
    assert len({piece.id for piece in chunks}) == len(chunks)
    return chunks


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_chunks_are_slices_that_cover_an_odd_text(text: str, language: str) -> None:
    check(text, language)


@settings(max_examples=150, deadline=None)
@given(TEXTS, st.sampled_from(LANGUAGES))
def test_chunks_are_slices_that_cover_the_text(text: str, language: str) -> None:
    check(text, language)


def test_long_text_without_punctuation_is_cut_between_words() -> None:
    text = "woord " * 400
    found = [text[start:end] for start, end in sentences(text, "nl")]
    assert found == [("woord " * 133).strip()] * 3 + ["woord"]


def test_two_million_letters_without_a_space_are_cut_in_full() -> None:
    text = "a" * 2_000_000
    began = time.process_time()
    spans = [span for piece in chunk([document(text)]) for span in piece.sentences]
    assert spans == [(at, at + 800) for at in range(0, 2_000_000, 800)]
    assert time.process_time() - began < 2  # 0.3 s where nothing is done to all of it per chunk


@pytest.mark.parametrize("language", ["nl", "de", "en"])
def test_a_long_line_of_many_sentences_takes_time_in_proportion(language: str) -> None:
    text = "Das ist ein Satz mit Worten. " * 2_000
    began = time.process_time()
    assert len(sentences(text, language)) == 2_000
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        (
            "de",
            "Sonntag, 10. Januar, um 23.59 Uhr gesperrt. Danach war Ruhe.",
            ["Sonntag, 10. Januar, um 23.59 Uhr gesperrt.", "Danach war Ruhe."],
        ),
        (
            "de",
            "Am 2. 3. 2021 war Schluss. Der 1. FC Köln gewann 3:2. Es war 1990. Danach kam 2000.",
            [
                "Am 2. 3. 2021 war Schluss.",
                "Der 1. FC Köln gewann 3:2.",
                "Es war 1990.",
                "Danach kam 2000.",
            ],
        ),
        (
            "nl",
            "Dhr. J. Matze kwam om 9.05 uur. Er waren 3.000 mensen! Wie? Ja...",
            ["Dhr. J. Matze kwam om 9.05 uur.", "Er waren 3.000 mensen!", "Wie?", "Ja..."],
        ),
        (
            "en",
            "Dr. May left at 5 p.m. It rained. See www.parler.com, version 2.0.1. “Stop.” He left.",
            [
                "Dr. May left at 5 p.m.",
                "It rained.",
                "See www.parler.com, version 2.0.1.",
                "“Stop.”",
                "He left.",
            ],
        ),
        ("zh", "今天天气很好。我们去公园吧。", ["今天天气很好。", "我们去公园吧。"]),
        ("he", "שלום עולם. מה שלומך?", ["שלום עולם.", "מה שלומך?"]),
        ("en", "👨‍👩‍👧‍👦 Hello. 👩🏽‍🚀 World!", ["👨‍👩‍👧‍👦 Hello.", "👩🏽‍🚀 World!"]),
        ("en", "", []),
        ("en", "a", ["a"]),
    ],
)
def test_a_text_is_cut_into_these_sentences(language: str, text: str, expected: list[str]) -> None:
    assert [text[start:end] for start, end in sentences(text, language)] == expected


@pytest.mark.parametrize(
    ("language", "abbreviations"),
    [
        ("nl", "bijv. m.a.w. t.o.v. enz. ca. blz. nr. art. mr. drs. prof. dhr. resp. max. vgl."),
        ("nl", "o.a. d.w.z. mevr."),
        ("de", "z.B. d.h. u.a. bzw. ca. Nr. Art. Dr. Prof. usw. vgl. evtl. ggf. Mio. Mrd. sog."),
        ("en", "e.g. i.e. etc. vs. Mr. Mrs. Dr. Prof. St. No. Inc. Ltd. U.S. cf. Fig. Sen."),
    ],
    ids=["nl", "nl, as common", "de", "en"],
)
def test_an_abbreviation_does_not_end_a_sentence(language: str, abbreviations: str) -> None:
    cut = [
        abbreviation
        for abbreviation in abbreviations.split()
        if len(sentences(f"It {abbreviation} Parler of zo.", language)) != 1
    ]
    assert cut == []


def test_markers_are_left_out_of_the_sentences_of_markdown() -> None:
    text = "## De kop\n\n- punt een. En meer.\n  * dieper\n1. eerst\n23) later\n> > citaat\n• rond"
    found = [text[start:end] for start, end in sentences(text, "nl")]
    assert found == [
        "De kop",
        "punt een.",
        "En meer.",
        "dieper",
        "eerst",
        "later",
        "citaat",
        "rond",
    ]


@pytest.mark.parametrize(
    "line", ["#Parler is een woord", "-5 graden", "2021 was het jaar", "1.5 m"]
)
def test_what_only_looks_like_a_marker_stays(line: str) -> None:
    assert sentences(line, "nl") == [(0, len(line))]


@pytest.mark.parametrize("line", ["-", "1. ", "# ", "> > "])
def test_a_line_of_markers_alone_is_kept(line: str) -> None:
    assert sentences(line, "nl") == [(0, len(line.rstrip()))]


def test_a_german_line_that_begins_with_a_date_keeps_its_day() -> None:
    line = "10. Januar 2021 war ein Sonntag."
    assert sentences(line, "de") == [(0, len(line))]


def test_a_heading_begins_a_new_chunk() -> None:
    text = "Een. Twee.\n## Kop\nDrie.\nVier.\n# Nog een kop\nVijf."
    assert [(piece.start, piece.text) for piece in chunk([document(text, "nl")])] == [
        (0, "Een. Twee."),
        (14, "Kop\nDrie.\nVier."),
        (32, "Nog een kop\nVijf."),
    ]


def test_sentences_are_gathered_up_to_the_target_length() -> None:
    text = (
        "Deze zin telt dertig tekens.  " * 30
    )  # 28 and two spaces: 14 fit, 13 * 30 + 28 = 418 > 400
    starts = [piece.start for piece in chunk([document(text, "nl")])]
    assert starts == [0, 390, 780]


def test_a_text_that_repeats_itself_has_each_chunk_in_its_own_place() -> None:
    sentence = "Parler ging maandag offline. "
    pieces = check(sentence * 300, "nl")
    assert [span for piece in pieces for span in piece.sentences] == [
        (at * len(sentence), at * len(sentence) + len(sentence) - 1) for at in range(300)
    ]


def test_the_chunks_of_many_documents_come_in_order_and_name_theirs() -> None:
    documents = [document("Een. Twee.", "nl", "b"), document("", "nl", "c"), document("Drie.")]
    assert [(piece.doc_id, piece.text) for piece in chunk(documents)] == [
        ("b", "Een. Twee."),
        ("d", "Drie."),
    ]


def test_no_documents_have_no_chunks() -> None:
    assert chunk([]) == []


def test_chunking_twice_gives_the_same_and_an_id_tells_document_and_place() -> None:
    one, again = chunk([document("Een.", id_="a")]), chunk([document("Een.", id_="a")])
    other, later = chunk([document("Een.", id_="b")]), chunk([document(" Een.", id_="a")])
    assert one == again
    assert len({piece.id for piece in (one + other + later)}) == 3
