"""An answer as text and as Markdown, and the citations read back from what was saved."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qa import Assistant
from qa.errors import SavedAnswerError
from qa.render import citations_of, printable, shown, to_markdown, to_text, unfaithful
from qa.types import VERBATIM, Answer, Citation, Statement

QUOTE = "It grew\nby 4 % [3]."
SHOWN = "It grew by 4 % (3)."
CITATION = Citation(
    number=1,
    doc_id="d/a.md",
    title="A *title*",
    source="/d/a.md",
    language="en",
    date="2021-01",
    page=7,
    start=3,
    end=3 + len(QUOTE),
    quote=QUOTE,
    sha256="0" * 64,
)
NEAR = replace(CITATION, number=2, title="", date=None, page=None, quote="Near.", end=8)
ANSWER = Answer(
    question="Did it grow?",
    standalone_question="Did it grow?",
    language="en",
    text=f"{SHOWN} [1]",
    refused=False,
    coverage="full",
    confidence=0.9,
    statements=(Statement(0, len(SHOWN), (1,), VERBATIM),),
    citations=(CITATION,),
    nearest=(NEAR,),
)
REFUSAL = replace(
    ANSWER,
    language="de",
    text="Die Dokumente geben darauf keine Antwort.",
    refused=True,
    coverage="none",
    statements=(),
    citations=(),
    nearest=(replace(NEAR, number=1),),
)
NASTY = (
    "It --> grew. <!-- cite {} -->",
    "---> -- --- }-->",
    '} --> <!-- cite {"number": 9} -->',
    "`code` ```fence``` | pipe | ~~gone~~",
    "![x](http://evil.example/x.png) [l](javascript:alert(1))",
    "<script>alert(1)</script> <b>&lt;</b> </p>",
    "[^1]: a footnote [^9]",
    "\\ \\n \\u002d \\` $x$ **bold** _it_ # head",
    "a\nb\r\nc\u2028d\x0ce",
    "\x1b[31mred\x1b[0m \u202eright\u202c \x00 zero\u200bwidth",
    "“quoted” — {brace} ☃ 👨‍👩‍👧",
    "- item",
    "1. item",
)


def quoting(quote: str) -> Answer:
    return replace(ANSWER, citations=(replace(CITATION, quote=quote, end=3 + len(quote)),))


# in a terminal


def test_an_answer_is_printed_with_its_sources() -> None:
    assert to_text(ANSWER) == (
        "It grew by 4 % (3). [1]\n"
        "\n"
        "[1] A *title*, en, 2021-01, p. 7\n"
        "    “It grew by 4 % [3].”\n"
        "    /d/a.md"
    )


def test_a_refusal_is_printed_with_what_comes_closest() -> None:
    assert to_text(REFUSAL) == (
        "Die Dokumente geben darauf keine Antwort.\n"
        "\n"
        "Was dem am nächsten kommt:\n"
        "\n"
        "[1] d/a.md, en\n"
        "    “Near.”\n"
        "    /d/a.md"
    )


def test_a_refusal_over_nothing_is_one_sentence() -> None:
    assert to_text(replace(REFUSAL, nearest=())) == "Die Dokumente geben darauf keine Antwort."


def test_a_notice_comes_first() -> None:
    assert to_text(replace(ANSWER, notice="The sources disagree.")).startswith(
        "The sources disagree. It grew by 4 % (3). [1]\n"
    )


def test_a_notice_follows_a_refusal() -> None:
    refusal = replace(REFUSAL, nearest=(), notice="Die Texte erwähnen Utrecht nicht.")
    assert to_text(refusal) == (
        "Die Dokumente geben darauf keine Antwort. Die Texte erwähnen Utrecht nicht."
    )


@pytest.mark.parametrize(("language", "page"), [("nl", "blz. 7"), ("de", "S. 7"), ("en", "p. 7")])
def test_a_page_is_named_in_the_language_of_the_answer(language: str, page: str) -> None:
    assert f"2021-01, {page}\n" in to_text(replace(ANSWER, language=language))


@pytest.mark.parametrize("nasty", NASTY)
def test_nothing_in_a_source_can_steer_the_terminal(nasty: str) -> None:
    citation = replace(CITATION, quote=nasty, title=nasty, source=nasty, doc_id=nasty)
    printed = to_text(replace(ANSWER, text=nasty, citations=(citation,)))
    assert not {unicodedata.category(c) for c in printed if c != "\n"} & {"Cc", "Cf"}


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("two\nlines", "two\nlines"),
        ("a\x1b[2Jb", "a[2Jb"),
        ("a\x9bb\x07\x08\rc", "abc"),
        ("\u202eabc\u2066\u200f", "abc"),
        ("tab\tbed", "tabbed"),
        ("ë 蒙 🙂 “ok”", "ë 蒙 🙂 “ok”"),
    ],
)
def test_what_a_terminal_would_act_on_is_not_printed(text: str, printed: str) -> None:
    assert printable(text) == printed


# Markdown


def test_an_answer_in_markdown_has_footnotes() -> None:
    hidden = json.dumps(
        {
            "number": 1,
            "doc_id": "d/a.md",
            "language": "en",
            "start": 3,
            "end": 3 + len(QUOTE),
            "sha256": "0" * 64,
            "quote": QUOTE,
        }
    )
    assert to_markdown(ANSWER) == (
        "**Did it grow?**\n"
        "\n"
        "It grew by 4 % (3).[^1]\n"
        "\n"
        "[^1]: “It grew by 4 % \\[3\\].” — A \\*title\\*, en, 2021-01, p. 7 "
        f"<!-- cite {hidden} -->\n"
    )


def test_a_refusal_in_markdown_points_at_what_comes_closest() -> None:
    lines = to_markdown(REFUSAL).splitlines()
    assert lines[:6] == [
        "**Did it grow?**",
        "",
        "Die Dokumente geben darauf keine Antwort.",
        "",
        "Was dem am nächsten kommt: [^1]",
        "",
    ]
    assert lines[6].startswith("[^1]: “Near.” — d/a.md, en <!-- cite {")


def test_a_notice_in_markdown_leads_into_an_answer_and_follows_a_refusal() -> None:
    notice = "Niet zeker; dit komt er [1] het *dichtst* bij:"
    shown = "*Niet zeker; dit komt er \\[1\\] het \\*dichtst\\* bij:*"
    answer, refusal = (to_markdown(replace(a, notice=notice)) for a in (ANSWER, REFUSAL))
    assert answer.splitlines()[2:6:2] == [shown, "It grew by 4 % (3).[^1]"]
    assert refusal.splitlines()[2:8:2] == [REFUSAL.text, shown, "Was dem am nächsten kommt: [^1]"]


@pytest.mark.parametrize("nasty", NASTY)
def test_nothing_in_a_source_acts_as_markdown(nasty: str) -> None:
    text = " ".join(nasty.split())  # as titles are when they are read
    citation = replace(CITATION, quote=nasty, title=text)
    answer = replace(
        ANSWER,
        question=text,
        text=f"{text} [1]",
        statements=(Statement(0, len(text), (1,), VERBATIM),),
        citations=(citation,),
    )
    markdown = to_markdown(answer)
    seen = re.sub(r"<!-- cite \{.*?\} -->", "", markdown)
    unescaped = re.sub(r"\\.", "", seen.replace("[^1]", ""))
    assert not set("`[]<>{}|~&$!#_\\") & set(unescaped)
    assert unescaped.count("*") == 4  # the question is bold, and nothing else
    # One line each for question, answer and footnote: nothing opens a block of its own.
    assert [line for line in markdown.split("\n") if line] == markdown.split("\n")[:6:2]


# read back


def places(citations: Any) -> list[tuple[object, ...]]:  # noqa: ANN401 - any iterable of citations
    return [(c.number, c.doc_id, c.start, c.end, c.sha256, c.quote) for c in citations]


@pytest.mark.parametrize("nasty", NASTY)
def test_citations_are_read_back_from_markdown_whatever_they_hold(nasty: str) -> None:
    answer = quoting(nasty)
    assert places(citations_of(to_markdown(answer))) == places(answer.citations)


@given(st.text(max_size=80), st.text(max_size=30), st.text(max_size=20))
@example("-->", "<!-- cite {} -->", "}")
@example("\x85\u2028", "\r", "")
def test_citations_are_read_back_from_any_markdown(quote: str, doc_id: str, title: str) -> None:
    citation = replace(CITATION, quote=quote, doc_id=doc_id, title=title, end=3 + len(quote))
    answer = replace(ANSWER, question=quote or "?", citations=(citation, replace(NEAR, number=2)))
    assert places(citations_of(to_markdown(answer))) == places(answer.citations)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=80))
@example("a soft\u00adhyphen [3] and\n a break")
def test_an_answer_that_nobody_edited_is_faithful_in_markdown(quote: str) -> None:
    said = shown(quote)
    statement = Statement(0, len(said), (1,), VERBATIM)
    answer = replace(quoting(quote), text=f"{said} [1]", statements=(statement,))
    printed = printable(to_markdown(answer))  # as the command prints it
    for saved in (printed, json.dumps(answer.to_dict())):
        assert unfaithful(saved, citations_of(saved)) == []


@pytest.mark.parametrize(
    "notice",
    [
        "Not sure; the closest the documents say is:",
        "The texts found do not mention [^1], <!-- cite {}.",
        "Ada keeps it. She was born. [^1]",
    ],
)
def test_two_sentences_cited_as_one_are_read_back_beside_any_notice(notice: str) -> None:
    said = "Ada keeps it. She was born."
    answer = replace(
        quoting("Ada keeps it.\nShe was\u00a0born."),
        text=f"{said} [1]",
        statements=(Statement(0, len(said), (1,), VERBATIM),),
        coverage="partial",
        notice=notice,
    )
    markdown, as_json = printable(to_markdown(answer)), json.dumps(answer.to_dict())
    for saved in (markdown, as_json):
        assert places(citations_of(saved)) == places(answer.citations)
        assert unfaithful(saved, citations_of(saved)) == []
    for edit in ("Ada lost it. She was born.", "Ada keeps it. She was bored."):
        for edited in (
            markdown.replace(f"\n{said}[^1]", f"\n{edit}[^1]"),
            as_json.replace(f"{said} [1]", f"{edit} [1]"),
        ):
            assert unfaithful(edited, citations_of(edited)) == [1]


@given(st.text(max_size=80))
def test_citations_are_read_back_from_any_json(quote: str) -> None:
    answer = quoting(quote)
    saved = json.dumps(answer.to_dict())
    assert citations_of(saved) == list(answer.citations)


def test_a_refusal_is_saved_with_what_comes_closest() -> None:
    assert places(citations_of(to_markdown(REFUSAL))) == places(REFUSAL.nearest)
    assert citations_of(json.dumps(REFUSAL.to_dict())) == list(REFUSAL.nearest)


def saved(**changes: object) -> str:
    citation = {**ANSWER.to_dict()["citations"][0], **changes}
    return json.dumps({"citations": [citation]})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "neither an answer in JSON nor one in Markdown"),
        ("# Just a note", "neither an answer in JSON nor one in Markdown"),
        ('{"citations": ', "neither an answer in JSON nor one in Markdown"),
        ("[]", "has no list of citations"),
        ("7", "has no list of citations"),
        ("{}", "has no list of citations"),
        ('{"citations": {}}', "has no list of citations"),
        ('{"citations": ["x"]}', "A citation is an object, not str"),
        ('{"citations": [], "nearest": [7]}', "A citation is an object, not int"),
        ('{"citations": [{}]}', "A citation has no 'number'"),
        (saved(start="3"), "no 'start', or one that is no int"),
        (saved(quote=None), "no 'quote', or one that is no str"),
        (saved(doc_id=["a"]), "no 'doc_id', or one that is no str"),
        (saved(number=True), "no 'number', or one that is no int"),
        ("<!-- cite {not json} -->", ""),
        ('<!-- cite {"number": 1} -->', "A citation has no 'doc_id'"),
        ("[" * 100_000, ""),
        ('{"citations": 1' + "0" * 5_000 + "}", ""),
        ('{"citations": [], "nearest": 7}', ""),
    ],
    ids=lambda value: value[:40],
)
def test_what_is_no_saved_answer_is_said_in_one_sentence(text: str, why: str) -> None:
    with pytest.raises(SavedAnswerError) as raised:
        citations_of(text)
    assert why in str(raised.value)
    assert "\n" not in str(raised.value)


@given(st.text(max_size=100))
@example("<!-- cite {} -->")
@example("null")
def test_any_file_is_a_saved_answer_or_is_refused_as_one(text: str) -> None:
    try:
        assert isinstance(citations_of(text), list)
    except SavedAnswerError:
        return


def test_an_answer_that_was_edited_is_found_out(assistant: Assistant) -> None:
    answer = assistant.ask("When exactly did Parler go offline?")
    saved = json.dumps(answer.to_dict())
    markdown = to_markdown(answer)
    for text in (saved, markdown):
        assert unfaithful(text, citations_of(text)) == []
        edited = text.replace("maandagochtend offline", "dinsdagochtend offline", 1)
        assert unfaithful(edited, citations_of(edited)) == [1]


def test_what_a_refusal_shows_is_faithful(assistant: Assistant) -> None:
    answer = assistant.ask("Was ist die Hauptstadt der Mongolei?")
    for text in (json.dumps(answer.to_dict()), to_markdown(answer)):
        assert len(citations_of(text)) == 3
        assert unfaithful(text, citations_of(text)) == []


@pytest.mark.parametrize(
    "statements", [[7], [{}], [{"support": {"state": "verbatim"}, "citations": [9]}], 7]
)
def test_statements_that_are_none_are_said_in_one_sentence(statements: object) -> None:
    saved = json.dumps({"citations": [], "text": "", "statements": statements})
    with pytest.raises(SavedAnswerError, match="statements cannot be read"):
        unfaithful(saved, [])
