"""What a language model wrote, cut into sentences with the ids they cite."""

from __future__ import annotations

import re
import time
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from qa.reply import Said, said, without_thoughts

Sentences = list[tuple[str, str]]
"""Texts with the ids that they cite."""


def read(reply: str, language: str = "en", *, whole: bool = True) -> Sentences:
    return [(one.text, " ".join(one.ids)) for one in said(reply, language, whole=whole)]


REPLIES: dict[str, Sentences] = {
    # Where a marker may stand.
    "Gab grew [k7f2].": [("Gab grew.", "k7f2")],
    "Gab grew. [k7f2]": [("Gab grew.", "k7f2")],
    "Gab grew.[k7f2]": [("Gab grew.", "k7f2")],
    "Gab grew [k7f2]": [("Gab grew", "k7f2")],
    "Gab grew. [k7f2]. It fell! [m3x9].": [("Gab grew.", "k7f2"), ("It fell!", "m3x9")],
    "Gab [k7f2] grew. It fell [m3x9].": [("Gab grew.", "k7f2"), ("It fell.", "m3x9")],
    "Gab grew. [k7f2] It fell. [m3x9]": [("Gab grew.", "k7f2"), ("It fell.", "m3x9")],
    "Gab grew.[k7f2]It fell.[m3x9]": [("Gab grew.", "k7f2"), ("It fell.", "m3x9")],
    "Gab grew! [k7f2] Did it? [m3x9]": [("Gab grew!", "k7f2"), ("Did it?", "m3x9")],
    "Gab grew.\n[k7f2]\nIt fell.\n[m3x9]": [("Gab grew.", "k7f2"), ("It fell.", "m3x9")],
    "[k7f2] Gab grew.": [("Gab grew.", "k7f2")],
    "[k7f2] Gab grew.\n[m3x9] It fell.": [("Gab grew.", "k7f2"), ("It fell.", "m3x9")],
    "- [k7f2] Gab grew.\n- [m3x9] It fell.": [("Gab grew.", "k7f2"), ("It fell.", "m3x9")],
    "1. [k7f2] Gab grew.\n2. [m3x9] It fell.": [("Gab grew.", "k7f2"), ("It fell.", "m3x9")],
    # Several of them.
    "Gab grew [k7f2][m3x9].": [("Gab grew.", "k7f2 m3x9")],
    "Gab grew [k7f2] [m3x9].": [("Gab grew.", "k7f2 m3x9")],
    "Gab grew [k7f2, m3x9].": [("Gab grew.", "k7f2 m3x9")],
    "Gab grew [k7f2; m3x9].": [("Gab grew.", "k7f2 m3x9")],
    "Gab grew [k7f2 m3x9].": [("Gab grew.", "k7f2 m3x9")],
    "Gab grew [k7f2], [m3x9].": [("Gab grew.", "k7f2 m3x9")],
    "Gab grew [k7f2] and [m3x9].": [("Gab grew.", "k7f2 m3x9")],
    "Gab [k7f2] grew [k7f2].": [("Gab grew.", "k7f2")],
    # Odd and invented ones.
    "Gab grew [0].": [("Gab grew.", "0")],
    "Gab grew [5,7].": [("Gab grew.", "5 7")],
    "Gab grew [a; b].": [("Gab grew.", "a b")],
    "Gab grew【k7f2】.": [("Gab grew.", "k7f2")],
    "Gab grew [[k7f2]].": [("Gab grew.", "k7f2")],
    "Gab grew [^k7f2].": [("Gab grew.", "k7f2")],
    "Gab grew [see the report of Gab].": [("Gab grew.", "see the report of Gab")],
    "Gab grew [].": [("Gab grew.", "")],
    "Gab grew.": [("Gab grew.", "")],
    "[k7f2]": [],
    # Half ones.
    "Gab grew [k7": [("Gab grew", "")],
    "Gab grew [k7f2]. It fell [": [("Gab grew.", "k7f2"), ("It fell", "")],
    "Gab grew [k7f2\nIt fell [m3x9].": [("Gab grew", ""), ("It fell.", "m3x9")],
    # Links are left for the check to find.
    "[Gab](http://a.example) grew [k7f2].": [("[Gab](http://a.example) grew.", "k7f2")],
    "Gab ![x](http://a.example/x.png) grew.": [("Gab ![x](http://a.example/x.png) grew.", "")],
    # Markup.
    "**Gab** grew *a lot* `fast` [k7f2].": [("Gab grew a lot fast.", "k7f2")],
    "> Gab grew **[k7f2]**.": [("Gab grew.", "k7f2")],
    "3 * 4 is 12 [k7f2].": [("3 * 4 is 12.", "k7f2")],
    "* Gab grew [k7f2].\n* It fell [m3x9].": [("Gab grew.", "k7f2"), ("It fell.", "m3x9")],
    "# Gab\n\nIt grew [k7f2].": [("Gab", ""), ("It grew.", "k7f2")],
    "Gab grew [k7f2].\n\n---\n…": [("Gab grew.", "k7f2")],
    "Answer: Gab grew [k7f2].": [("Gab grew.", "k7f2")],
    "**Antwoord:** Gab grew [k7f2].": [("Gab grew.", "k7f2")],
    "<think>It fell [m3x9].</think>Gab grew [k7f2].": [("Gab grew.", "k7f2")],
    "<thinking>Hm.\n\nSo.</thinking>\nGab grew.": [("Gab grew.", "")],
    "<think>It fell [m3x9]. But": [],
    "": [],
    " \n\t ": [],
}  # fmt: skip


@pytest.mark.parametrize("reply", REPLIES)
def test_sentences_are_read_with_the_ids_they_cite(reply: str) -> None:
    assert read(reply) == REPLIES[reply]


@pytest.mark.parametrize(
    ("language", "reply", "expected"),
    [
        (
            "nl",
            "Mevr. Smit kreeg o.a. ca. 3 ton [k7f2]. Dat is bijv. alles [m3x9].",
            [("Mevr. Smit kreeg o.a. ca. 3 ton.", "k7f2"), ("Dat is bijv. alles.", "m3x9")],
        ),
        (
            "de",
            "Am 10. Januar [k7f2] fiel z.B. Dr. May aus. Er kam um 23.59 Uhr [m3x9].",
            [
                ("Am 10. Januar fiel z.B. Dr. May aus.", "k7f2"),
                ("Er kam um 23.59 Uhr.", "m3x9"),
            ],
        ),
        (
            "en",
            "Mr. Lee won approx. 3.5 million [k7f2]. “It grew. It fell,” he said [m3x9].",
            [
                ("Mr. Lee won approx. 3.5 million.", "k7f2"),
                ("“It grew. It fell,” he said.", "m3x9"),
            ],
        ),
    ],
)
def test_an_abbreviation_ends_no_sentence(language: str, reply: str, expected: Sentences) -> None:
    assert read(reply, language) == expected


@pytest.mark.parametrize(
    ("reply", "certain"),
    [
        ("Gab grew [k7f2]. It fell a lot then", [("Gab grew.", "k7f2")]),
        ("Gab grew. [k7f2] It fell a lot then", [("Gab grew.", "k7f2")]),
        ("Gab grew.\n[k7f2] It fell a lot then", [("Gab grew.", "")]),
        ("Gab grew [k7f2].", []),
        ("Gab grew [k7f2]. It f", []),  # may be "It f." for all that is known
        ("Gab grew [k7f2]. [m3x9", []),
        ("Gab grew [k7", []),
        ("“Gab grew [k7f2]. It fell a lot then", []),  # the quotation may end behind it
        ("“Gab grew [k7f2]. It fell a lot then”, she said. It", []),
        ("Gab grew (a lot. It fell a lot then", []),
        ("Gab grew “a lot. It fell a lot.\nIt rose again after", [
            ("Gab grew “a lot.", ""), ("It fell a lot.", "")]),
        ("<think>Gab grew. It fell a lot then", []),
    ],
)  # fmt: skip
def test_of_half_a_reply_what_is_certain_is_read(reply: str, certain: Sentences) -> None:
    assert read(reply, whole=False) == certain


PIECES = st.lists(
    st.sampled_from(
        "Gab grew|It fell a lot then| |.|!|? |\n|\n\n|[k7f2]|[|]|[[|【m3x9】|(|(http://a.b)|)|[5,7]"
        "|[0]|, | and |[a; b]|\"|“|”|„|'| '|’s|«|»|**|*|_|`|> |- |1. |# |<think>|</think>|<|<b>|>"
        "|Dr. |z.B. |10. |Januar |Answer: |…|...|e|A|7|:|;|🌉|東京。|{|}| een |é|\u2028|\r\n".split(
            "|"
        )
    ),
    max_size=40,
).map("".join)


@settings(max_examples=300, deadline=None)
@given(PIECES, st.sampled_from(["nl", "de", "en"]))
@example('He said "it grew. It fell a lot then" and so on. Then it rose.', "en")
@example("Gab grew. It fell a lot [k7f2] and [m3x9]. It rose again.", "en")
@example("Gab fell.\nIt grew a lot then\nand a line that is much longer than all others", "en")
def test_what_was_said_of_a_growing_reply_is_never_taken_back(reply: str, language: str) -> None:
    growing = [said(reply[:n], language, whole=False) for n in range(len(reply) + 1)]
    for before, after in pairwise([*growing, said(reply, language)]):
        assert after[: len(before)] == before


MARKED = st.lists(
    st.sampled_from(
        "Gab grew|It fell a lot then|. |, |\n|[k7f2]|[m3x9, b2c3]|[0]|【k7f2】|[5,7]|**|- ".split(
            "|"
        )
    ),
    max_size=30,
).map("".join)


@settings(max_examples=200, deadline=None)
@given(MARKED, st.sampled_from(["nl", "de", "en"]))
def test_no_part_of_a_marker_is_ever_text(reply: str, language: str) -> None:
    for n in range(len(reply) + 1):
        for whole in (True, False):
            text = " ".join(one.text for one in said(reply[:n], language, whole=whole))
            assert not re.search(r"[\[\]【】\d]", text)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200), st.booleans())
def test_any_text_is_read(reply: str, whole: bool) -> None:
    for one in said(reply, "en", whole=whole):
        assert one == Said(" ".join(one.text.split()), tuple(dict.fromkeys(one.ids)))


@pytest.mark.parametrize(
    "piece",
    ["[", "[a", "[a ", "[a],", "] and", " ", " x", "*", "<think", "\n", "a. ", '"a. ', "【"],
)
def test_a_long_reply_takes_no_longer_than_its_length(piece: str) -> None:
    reply = piece * (20_000 // len(piece)) + "!"
    began = time.perf_counter()
    said(reply, "en"), said(reply, "en", whole=False)
    assert time.perf_counter() - began < 2


def test_a_word_in_a_bracket_that_never_ends_takes_no_longer_than_its_length() -> None:
    began = time.perf_counter()
    assert read("[" + "a" * 20_000 + "!")
    assert time.perf_counter() - began < 2


def test_what_a_model_thinks_aloud_is_left_out() -> None:
    assert without_thoughts("<think>1: no</think>1: yes") == " 1: yes"
    assert without_thoughts("1: yes <THINK>2: no") == "1: yes  "
    assert without_thoughts("2 < 3, <b>so</b>") == "2 < 3, <b>so</b>"
