"""The page without a browser: what is escaped, what is drawn, what is taken in."""

from __future__ import annotations

import ast
import asyncio
import doctest
import importlib
import inspect
import logging
import re
import socket
import string
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ui
import ui_html as html
from index.errors import NoStoreError, StoreBusyError, UnknownDocumentError
from index.read import list_files
from index.types import BuildReport, Document, DocumentEntry, Refused
from qa.errors import QuestionError
from qa.phrases import PHRASES
from qa.question import clean
from qa.types import (
    VERBATIM,
    Answer,
    Check,
    Citation,
    Disagreement,
    Statement,
    Support,
    Turn,
    Withheld,
)

EN = html.TEXTS["en"]
Progress = Callable[[str, int, int], None]
NASTY = (
    "<script>alert(1)</script> ![x](http://evil.example/x.png) [l](javascript:alert(1)) "
    "<img src=x onerror=alert(1)> $$x^2$$ `code` **bold**\n\n# head\n\n```mermaid\ngraph\n``` "
    "</div></p>\"'>&lt;b&gt; {{value}} ${value} [3] <details open ontoggle=alert(1)>"
)


class Reader(HTMLParser):
    """The tags and the text that a browser would find."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, name: str) -> list[str | None]:
        return [value for key, value in self.attributes if key == name]


def cite(number: int, quote: str, **changes: Any) -> Citation:  # noqa: ANN401 -- any field
    known = Citation(
        number,
        f"d{number}",
        f"Title {number}",
        "a.md",
        "nl",
        "2021-01",
        3,
        0,
        len(quote),
        quote,
        "",
    )
    return replace(known, **changes)


def answered(**changes: Any) -> Answer:  # noqa: ANN401 -- any field
    """Two statements; the first is found in two places, the second holds a "[1]" of its own."""
    text = "It grew. [1][2] See [1] there. [3]"
    known = Answer(
        question="?",
        standalone_question="?",
        language="en",
        text=text,
        refused=False,
        coverage="full",
        confidence=0.9,
        statements=(
            Statement(0, 8, (1, 2), VERBATIM),
            Statement(16, 30, (3,), VERBATIM),
        ),
        citations=(cite(1, "It grew."), cite(2, "It did grow."), cite(3, "See [1] there.")),
    )
    return replace(known, **changes)


def told_by_model(**changes: Any) -> Answer:  # noqa: ANN401 -- any field
    """The same by a model: one statement in other words, one exact, and one left out."""
    compared = (Check("citation", True, ("[1]",)), Check("value", True, ("4 %", "10")))
    known = replace(
        answered(),
        mode="llm",
        model="small <b>",
        statements=(
            Statement(0, 8, (1, 2), Support("supported", (*compared, Check("meaning", True)))),
            Statement(16, 30, (3,), VERBATIM),
        ),
        withheld=(left_out("It shrank by 5 %.", Check("value", False, ("5 %",))),),
        notice=PHRASES["withheld"]["en"].format(n=1),
    )
    return replace(known, **changes)


def left_out(text: str, *checks: Check) -> Withheld:
    return Withheld(text, Support("unsupported", checks))


# Escaping


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_plain_text_is_shown_as_it_is_and_holds_no_sign_of_any_markup(text: str) -> None:
    shown = html.plain(text)
    assert Reader(shown).text == text
    assert not set(shown) - set("&#;") & set(string.punctuation + "\r\n\t")


def test_a_lone_surrogate_is_replaced() -> None:
    assert html.plain("a\ud800b") == "a\N{REPLACEMENT CHARACTER}b"


def test_nothing_from_outside_adds_a_tag_an_attribute_or_a_line() -> None:
    def drawn(words: str) -> list[str]:
        quoted = cite(1, words, title=words, doc_id=words, date=words, source=words, language=words)
        answer = answered(
            text=f"{words} [1]",
            statements=(Statement(0, len(words), (1,), VERBATIM),),
            citations=(quoted,),
            nearest=(replace(quoted, number=2),),
            notice=words,
            language=words,
        )
        failed = Check("value", False, (words,))
        held = Support("supported", (Check("name", True, (words,)),))
        written = replace(
            answer,
            language="en",
            mode="llm",
            model=words,
            statements=(Statement(0, len(words), (1,), held),),
            withheld=(left_out(words, failed, replace(failed, what="markup")),),
        )
        document = Document(words, words, words, words, words, words)
        entry = DocumentEntry(words, words, words, words, words, 1, "")
        report = BuildReport("g", (words,), (), (words,), (), (Refused(words, words),), 0, 1)
        return [
            html.answer_html(answer, 1, EN),
            html.answer_html(replace(answer, disagreement=(Disagreement(words, (1,)),)), 1, EN),
            html.answer_html(replace(answer, refused=True), 1, EN),
            html.answer_html(replace(answer, clarify=words), 1, EN),
            html.answer_html(written, 1, EN, has_model=True),
            html.answer_html(replace(written, refused=True), 1, EN, has_model=True),
            html.waiting_html(EN, words),
            html.writing_html(EN, words),
            html.trouble_html(words, EN),
            html.failure_html(words, EN),
            html.question_html(words),
            html.source_html(document, EN, quoted),
            html.source_html(document, EN, replace(quoted, quote=words + "!")),
            html.documents_html([entry], EN, searched=False),
            html.report_html(report, (), EN),
        ]

    for nasty, harmless in zip(drawn(NASTY), drawn("words"), strict=True):
        assert "\n" not in nasty
        assert Reader(nasty).tags == Reader(harmless).tags
        assert [key for key, _ in Reader(nasty).attributes] == [
            key for key, _ in Reader(harmless).attributes
        ]
        assert all(link and link.startswith("#") for link in Reader(nasty).all("href"))


# Answers


def test_each_statement_is_followed_by_its_own_numbers_and_keeps_its_own_brackets() -> None:
    shown = Reader(html.statements_html(answered(), 2, EN))
    assert shown.text == "It grew.Source 1Source 2 See [1] there.Source 3"
    assert shown.all("href") == ["#cite-2-1", "#cite-2-2", "#cite-2-3"]
    assert shown.all("title")[0] == "Title 1 · 2021-01 · page 3: “It grew.”"


def test_a_statement_speaks_the_language_of_its_source() -> None:
    shown = Reader(html.answer_html(answered(), 1, EN))
    assert shown.all("lang")[:2] == ["en", "nl"]


def test_words_between_and_after_the_statements_are_kept() -> None:
    text = "Well: It grew. [1] That is all."
    answer = answered(text=text, statements=(Statement(6, 14, (1,), VERBATIM),))
    assert Reader(html.statements_html(answer, 1, EN)).text == "Well: It grew.Source 1 That is all."


def test_a_refusal_looks_like_one_and_links_the_nearest_passages() -> None:
    answer = answered(
        text="The documents do not answer this.",
        refused=True,
        coverage="none",
        statements=(),
        citations=(),
        nearest=(cite(1, "Close."),),
    )
    shown = html.answer_html(answer, 4, EN)
    assert 'class="answer refused"' in shown
    assert Reader(shown).text.startswith(EN["refused"] + "The documents do not answer this.")
    assert Reader(shown).all("href") == ["#cite-4-1"]
    assert "Close." in Reader(shown).text


def test_a_question_back_is_no_refusal() -> None:
    back = "What is your question about?"
    shown = html.answer_html(answered(text=back, refused=True, clarify=back, statements=()), 1, EN)
    assert 'class="answer clarify"' in shown
    assert Reader(shown).text.count(back) == 1
    assert EN["refused"] not in Reader(shown).text


@pytest.mark.parametrize(
    ("notice", "before"),
    [
        ("The sources disagree.", ""),
        (
            "The texts found do not mention Utrecht. The sources disagree.",
            "The texts found do not mention Utrecht.",
        ),
        (
            "De bronnen spreken elkaar tegen. Niet zeker; dit komt er het dichtst bij:",
            "Niet zeker; dit komt er het dichtst bij:",
        ),
    ],
)
def test_values_that_differ_are_a_table_of_who_says_what(notice: str, before: str) -> None:
    sides = (Disagreement("10 million", (1,)), Disagreement("4 million", (2, 3)))
    answer = answered(disagreement=sides, notice=notice)
    shown = Reader(html.disagreement_html(answer, 1, EN))
    assert shown.tags.count("tr") == 3
    assert shown.all("href") == ["#cite-1-1", "#cite-1-2", "#cite-1-3"]
    assert shown.text.startswith(f"The sources disagree{EN['value']}")
    whole = Reader(html.answer_html(answer, 1, EN)).text
    assert whole.startswith(f"{EN['stated']}{before}It grew.")
    assert whole.count("The sources disagree") == 1
    assert "tegen" not in whole


@pytest.mark.parametrize("language", ["nl", "de", "en"])
def test_how_sure_an_answer_is_is_said_in_words_and_has_a_look(language: str) -> None:
    t = html.TEXTS[language]
    refused = {"text": "No.", "refused": True, "coverage": "none", "statements": ()}
    standings = {
        "stated": answered(language="nl"),
        "unsure": answered(coverage="partial", notice="Closest:", language="nl"),
        "refused": answered(**refused, notice="No Utrecht.", language="nl"),
        "clarify": answered(**refused, clarify="No.", language="nl"),
    }
    assert len({t[name] for name in standings}) == 4
    for name, answer in standings.items():
        shown = html.answer_html(answer, 1, t)
        lead = f'<div class="answer {name}"><p class="lead">{html.plain(t[name])}</p>'
        assert shown.startswith(lead)
        heard = Reader(html.announcement_html(answer, t))
        assert heard.text.startswith(f"{t['announce']} {t[name]}. ")
        assert heard.all("lang") == ["nl"]


def test_a_notice_leads_into_an_answer_and_adds_to_a_refusal() -> None:
    unsure = answered(coverage="partial", notice="The closest is:")
    shown = Reader(html.answer_html(unsure, 1, EN))
    assert shown.text.startswith(f"{EN['unsure']}The closest is:It grew.")
    heard = Reader(html.announcement_html(unsure, EN)).text
    assert heard == f"Answer: {EN['unsure']}. The closest is: {unsure.text}"
    refusal = answered(
        text="No.", refused=True, coverage="none", statements=(), notice="No Utrecht."
    )
    shown = Reader(html.answer_html(refusal, 1, EN))
    assert shown.text.startswith(f"{EN['refused']}No.No Utrecht.")
    heard = Reader(html.announcement_html(refusal, EN)).text
    assert heard == f"Answer: {EN['refused']}. No. No Utrecht."


@pytest.mark.parametrize("language", ["nl", "de", "en"])
def test_a_damaged_index_is_told_before_an_answer_and_after_a_refusal(language: str) -> None:
    t, damaged = html.TEXTS[language], PHRASES["damaged"][language]
    sides = (Disagreement("10 million", (1,)), Disagreement("4 million", (2, 3)))
    both = f"{damaged} {PHRASES['disagreement'][language]}"
    answer = answered(language=language, notice=both, disagreement=sides)
    assert Reader(html.answer_html(answer, 1, t)).text.startswith(f"{t['stated']}{damaged}It grew.")
    assert damaged in Reader(html.announcement_html(answer, t)).text
    no = PHRASES["refusal"][language]
    none = {"text": no, "refused": True, "coverage": "none", "statements": (), "citations": ()}
    refusal = answered(**none, language=language, notice=damaged)
    assert Reader(html.answer_html(refusal, 1, t)).text == f"{t['refused']}{no}{damaged}"
    assert Reader(html.announcement_html(refusal, t)).text.endswith(f"{no} {damaged}")


def test_the_words_of_the_page_and_of_the_answer_each_have_their_own_language() -> None:
    answer = answered(language="de", coverage="partial", notice="Nicht sicher:")
    shown = html.answer_html(answer, 1, EN)
    assert '<p class="notice" lang="de">' in shown
    assert '<p class="said" lang="de"><span class="statement" lang="nl">' in shown
    assert '<p class="lead">' in shown  # in the page's, as what stands around the answer
    assert 'class="answer unsure">' in shown


def test_two_sentences_cited_as_one_are_shown_as_they_stand() -> None:
    quote = "Ada keeps the light.\nShe was born in 1931."
    said = "Ada keeps the light. She was born in 1931."
    answer = answered(
        text=f"{said} [1]",
        statements=(Statement(0, len(said), (1,), VERBATIM),),
        citations=(cite(1, quote),),
    )
    assert f"{said}Source 1" in Reader(html.answer_html(answer, 1, EN)).text
    document = Document("d1", f"# Light\n\n{quote} So it is.", "Light", "en", None, "a.md")
    opened = html.source_html(document, EN, cite(1, quote, start=9, end=9 + len(quote)))
    marked = opened.split('<mark tabindex="-1">')[1].split("</mark>")[0]
    assert Reader(marked).text == quote


# Who wrote it


def test_a_models_answer_names_it_and_tells_of_each_statement_how_it_is_held() -> None:
    shown = Reader(html.answer_html(told_by_model(), 1, EN, has_model=True))
    line = "Written by small <b>; each sentence was compared with the source it cites."
    other = "in other words, compared with the source: numbers and dates (4 %; 10), meaning"
    exact = "exact words of the source"
    assert f"{line}It grew.{other}See [1] there.{exact}Sources" in shown.text
    assert f"It grew. ({other})Source 1Source 2" in shown.text  # heard where it is said
    assert f"See [1] there. ({exact})Source 3" in shown.text
    assert [title for title in shown.all("title") if title in (other, exact)] == [other, exact]
    assert shown.all("open") == []


def test_a_statement_in_other_words_is_in_the_language_of_the_answer() -> None:
    shown = html.statements_html(told_by_model(language="de"), 1, EN)
    assert re.findall('class="statement" lang="(..)"', shown) == ["de", "nl"]


def test_exact_sentences_are_said_to_be_that_only_where_a_model_might_have_written() -> None:
    assert EN["exact"] in Reader(html.answer_html(answered(), 1, EN, has_model=True)).text
    alone = html.answer_html(answered(), 1, EN)
    assert EN["exact"] not in Reader(alone).text
    assert "held" not in alone
    refusal = answered(text="No.", refused=True, coverage="none", statements=(), citations=())
    assert Reader(html.answer_html(refusal, 1, EN, has_model=True)).text == f"{EN['refused']}No."
    by_model = replace(refusal, mode="llm", model="small")
    said = EN["none_by_model"].format(model="small")
    shown = Reader(html.answer_html(by_model, 1, EN, has_model=True)).text
    assert shown == f"{EN['refused']}No.{said}"


@pytest.mark.parametrize("language", ["nl", "de", "en"])
@pytest.mark.parametrize("n", [1, 2])
def test_what_was_left_out_is_shut_away_struck_through_and_no_part_of_the_answer(
    language: str, n: int
) -> None:
    t = html.TEXTS[language]
    withheld = told_by_model().withheld * n
    notice = f"{PHRASES['damaged'][language]} {PHRASES['withheld'][language].format(n=n)}"
    answer = told_by_model(withheld=withheld, language=language, notice=notice)
    shown = html.answer_html(answer, 1, t, has_model=True)
    before, after = shown.split('<details class="withheld"><summary>')
    key = "withheld_one" if n == 1 else "withheld_many"
    why = PHRASES["failed_value"][language].format(words="5 %")
    row = f"{t['left_out']} It shrank by 5 %.{why}"
    assert Reader(after).text == t[key].format(n=n) + row * n
    assert Reader(after).tags.count("s") == n
    assert "shrank" not in before
    # The summary says it where it is seen, the notice where the answer is read out.
    assert Reader(before).text.count(PHRASES["withheld"][language].format(n=n)) == 0
    assert PHRASES["damaged"][language] in Reader(before).text
    heard = Reader(html.announcement_html(answer, t)).text
    assert PHRASES["withheld"][language].format(n=n) in heard
    assert "shrank" not in heard


def test_where_nothing_held_that_is_told_with_the_exact_sentences() -> None:
    notice = PHRASES["unsupported"]["en"].format(model="small")
    answer = answered(withheld=told_by_model().withheld, notice=notice)
    shown = Reader(html.answer_html(answer, 1, EN, has_model=True)).text
    assert shown.startswith(f"{EN['stated']}{notice}It grew.Source 1")
    assert EN["withheld_one"] in shown


def test_every_check_has_a_name_in_every_language() -> None:
    checks = {key.removeprefix("failed_") for key in PHRASES if key.startswith("failed_")}
    for t in html.TEXTS.values():
        named = {key.removeprefix("check_") for key in t if key.startswith("check_")}
        assert named | {"citation"} == checks


@pytest.mark.parametrize("language", ["nl", "de", "en"])
def test_the_page_says_that_a_model_writes_and_is_given_sentences(language: str) -> None:
    t = html.TEXTS[language]
    for assistant, expected in ((FakeAssistant(model="small <b>"), True), (FakeAssistant(), False)):
        chat, add = (desk_of(assistant).translate(language, (), "", [], [])[n] for n in (2, 10))
        assert ("small <b>" in Reader(chat.placeholder).text) == expected
        assert (t["welcome_more"] in Reader(chat.placeholder).text) != expected
        assert Reader(add).text.endswith(t["add_model"].format(model="small <b>")) == expected


# Sources


def test_the_cited_words_are_marked_in_the_exact_text() -> None:
    text = "First line.\n\nThe **second** <b>.\n"
    document = Document("d", text, "Title", "nl", None, "d.md")
    quote = "The **second** <b>."
    shown = html.source_html(document, EN, cite(1, quote, start=13, end=13 + len(quote)))
    before, rest = shown.split('<mark tabindex="-1">')
    marked, after = rest.split("</mark>")
    assert Reader(marked).text == quote
    assert Reader(before.split('dir="auto">')[1] + marked + after).text == text


def test_of_a_long_document_the_passage_is_shown_with_ways_on() -> None:
    text = "".join(f"{n:09}\n" for n in range(10_000))
    document = Document("d/1", text, "Long", "en", None, "d", pages=(0, 50_000))
    start = text.index("000006000")
    shown = html.source_html(document, EN, cite(1, "000006000", start=start, end=start + 9))
    assert len(Reader(shown).text) < html.WINDOW_CHARS + 500
    assert Reader(shown.split("<mark")[1].split("</mark>")[0][15:]).text == "000006000"
    assert "page 2" in Reader(shown).text
    links = [link for link in Reader(shown).all("href") if link and link.startswith("#doc-")]
    assert links == ["#doc-d%2F1@30005", "#doc-d%2F1@70005"] * 2


@given(st.integers(1, 200_000), st.data())
def test_the_window_lies_in_the_text_and_holds_the_quote(size: int, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, size))
    end = data.draw(st.integers(start, size))
    first, last = html.window(size, start, end)
    assert 0 <= first <= start <= end <= last <= size
    assert last - first <= max(html.WINDOW_CHARS, end - start)
    assert last - first == size or last - first >= min(size, html.WINDOW_CHARS) // 2


def test_a_changed_document_marks_nothing_and_says_what_was_cited() -> None:
    document = Document("d", "New words.", "Title", "en", None, "d")
    shown = html.source_html(document, EN, cite(1, "Old words."))
    assert "mark" not in Reader(shown).tags
    assert EN["quote_gone"] in Reader(shown).text
    assert "Old words." in Reader(shown).text


@given(st.text(min_size=1), st.integers(0, 10**9))
def test_a_document_is_found_again_by_its_reference(doc_id: str, offset: int) -> None:
    asked: list[str] = []

    def document(doc_id: str) -> Document:
        asked.append(doc_id)
        return DOCUMENT

    library = SimpleNamespace(document=document)
    desk = ui.Desk(SimpleNamespace(library=library, model=None))  # type: ignore[arg-type]
    desk._source(html.document_reference(doc_id, offset), (), EN)
    assert asked == [doc_id.encode("utf-8", "replace").decode()]


DOCUMENT = Document("d", "Text.", "Title", "en", None, "d")


@pytest.mark.parametrize(
    "reference", ["", "#cite-1-1", "#cite-0-0", "#cite-9-9", "#doc-", "#doc-a", "../../etc/passwd"]
)
def test_a_reference_that_leads_nowhere_is_said_to(reference: str) -> None:
    desk = ui.Desk(SimpleNamespace(library=None, model=None))  # type: ignore[arg-type]
    with pytest.raises(UnknownDocumentError):
        desk._source(reference, (), EN)


def test_the_list_finds_by_title_id_or_source_and_is_cut_short() -> None:
    entries = [
        DocumentEntry(f"f/{n}.md", f"Titel {n}", "de", None, f"/x/{n}", 1, "") for n in range(300)
    ]
    assert [e.id for e in html.matching(entries, "TITEL 99 /X/")] == [
        "f/99.md",
        "f/199.md",
        "f/299.md",
    ]
    shown = Reader(html.documents_html(entries, EN, searched=False))
    assert shown.tags.count("li") == html.MAX_LISTED
    assert "The first 200 of 300" in shown.text


def test_a_report_names_every_list_that_is_not_empty() -> None:
    report = BuildReport("g", ("a",), (), ("b",), ("c",), (Refused("/x/d.pdf", "is empty"),), 0, 3)
    shown = Reader(html.report_html(report, [Refused("e.exe", "wrong kind")], EN)).text
    assert shown == "DoneAdded (1)aRemoved (1)bNot added (2)e.exe: wrong kindd.pdf: is empty"
    nothing = BuildReport("g", (), (), (), ("c",), (), 0, 3)
    assert EN["report_nothing"] in Reader(html.report_html(nothing, (), EN)).text


@pytest.mark.parametrize("language", ["nl", "de", "en"])
def test_a_report_says_that_a_damaged_part_was_made_anew(language: str) -> None:
    t = html.TEXTS[language]
    report = BuildReport("g", (), (), (), ("c",), (), 0, 3, mended=("vectors", "words"))
    assert Reader(html.report_html(report, (), t)).text == f"{t['report']}{t['mended']}"
    report = replace(report, refused=(Refused("/x/d.pdf", "is empty"),))
    told = f"{t['report_none']}{t['mended']}{t['refused_files']} (1)d.pdf: "
    assert Reader(html.report_html(report, (), t)).text.startswith(told)


# Words


def test_the_page_says_the_same_things_in_every_language() -> None:
    fields = {
        language: {
            key: {field for _, field, _, _ in string.Formatter().parse(words) if field}
            for key, words in texts.items()
        }
        for language, texts in html.TEXTS.items()
    }
    assert set(fields) == {"nl", "de", "en"}
    assert fields["nl"] == fields["de"] == fields["en"]
    assert all(words.strip() for texts in html.TEXTS.values() for words in texts.values())


@pytest.mark.parametrize("module", [ui, html])
def test_the_examples_in_the_docstrings_are_true(module: ModuleType) -> None:
    assert doctest.testmod(module).failed == 0


# Uploads


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\temp\\x.MD", "x.md"),
        ("..", ""),
        ("", ""),
        ("....txt", ""),
        (".hidden.txt", "hidden.txt"),
        ("-rf.txt", "rf.txt"),
        ("a\nb\x00c\u202ed.txt", "a_b_c_d.txt"),
        ("Gro\u0308ße 1 (neu).html", "Größe 1 (neu).html"),
        ("报告.pdf", "报告.pdf"),
        ("x" * 300 + ".pdf", "x" * 60 + ".pdf"),
    ],
)
def test_an_uploaded_name_becomes_a_safe_base_name(name: str, safe: str) -> None:
    assert ui.safe_name(name) == safe


@given(st.text())
def test_no_name_leads_out_of_its_folder(name: str) -> None:
    safe = ui.safe_name(name)
    assert Path("/up", safe).resolve().parent in (Path("/up"), Path("/"))
    assert not safe.startswith((".", "-", " "))
    assert len(safe.encode()) <= 255
    assert ui.safe_name(safe) == safe


def test_what_is_refused_at_the_door_says_why() -> None:
    assert ui.refusal("a.md", 10, EN) is None
    assert ui.refusal("", 10, EN) == EN["no_name"]
    assert EN["kinds"] in (ui.refusal("a.exe", 10, EN) or "")
    assert "50 MB" in (ui.refusal("a.md", 50 * 2**20 + 1, EN) or "")


def test_the_page_takes_in_every_kind_that_the_index_reads_and_no_other(tmp_path: Path) -> None:
    for suffix in (*ui.SUFFIXES, ".exe"):
        name = ui.safe_name(f"Plan{suffix.upper()}")
        (tmp_path / name).write_text("words")
        assert (ui.refusal(name, 10, EN) is None) == (suffix != ".exe")
    listing = list_files([tmp_path])
    assert {file.path.suffix for file in listing.files} == set(ui.SUFFIXES)
    (unread,) = listing.refused
    assert set(unread.reason.partition("; use ")[2].split()) == set(ui.SUFFIXES)


@pytest.mark.parametrize("language", ["nl", "de", "en"])
def test_the_kinds_of_files_are_named_where_they_are_asked_for(language: str) -> None:
    t = html.TEXTS[language]
    desk = ui.Desk(SimpleNamespace(library=None, model=None))  # type: ignore[arg-type]
    told = "".join(Reader(str(shown)).text for shown in desk.translate(language, (), "", [], []))
    assert t["kinds"] in told
    for kind in ("Markdown", "PDF", "Word", "PowerPoint", "Excel", "CSV", "EPUB", "EML", "JSON"):
        assert kind.casefold() in t["kinds"].casefold()


def test_progress_of_nothing_at_all_is_not_shown() -> None:
    shown: list[tuple[tuple[int, int], str]] = []

    def note(done: tuple[int, int], desc: str, unit: str) -> None:
        shown.append((done, desc))

    show = ui._shown_in(note, EN)  # type: ignore[arg-type]
    show("read", 0, 0)
    show("store", 1, 2)
    assert shown == [((1, 2), EN["stage_store"])]


class FakeLibrary:
    """Counts a file as read if it is not empty; refuses the others as the real one does."""

    def __init__(self, store: Path, error: Exception | None = None) -> None:
        self.store = store
        self.error = error

    def add(self, paths: Sequence[Path], progress: Progress | None = None) -> BuildReport:
        if self.error:
            raise self.error
        files = sorted(paths[0].iterdir())
        if progress:
            progress("read", len(files), len(files))
        refused = tuple(Refused(str(f), "is empty") for f in files if not f.read_text())
        added = tuple(f"uploads/{f.name}" for f in files if f.read_text())
        return BuildReport("g", added, (), (), (), refused, 0, 1)

    def documents(self) -> list[DocumentEntry]:
        raise self.error or NoStoreError("There is no index")


def desk_over(library: FakeLibrary) -> ui.Desk:
    return ui.Desk(SimpleNamespace(library=library, model=None))  # type: ignore[arg-type]


def uploaded(tmp_path: Path, **files: str) -> list[str]:
    folder = tmp_path / "incoming"
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)
    return [str(folder / name.replace("_", ".")) for name in files]


def test_a_refused_upload_is_not_kept(tmp_path: Path) -> None:
    desk = desk_over(FakeLibrary(tmp_path))
    shown = Reader(desk.add(uploaded(tmp_path, good_txt="words", bad_txt="", x_exe="words"), "en"))
    assert [f.name for f in (tmp_path / "uploads").iterdir()] == ["good.txt"]
    assert "Added (1)uploads/good.txtNot added (2)x.exe" in shown.text
    assert "bad.txt: is empty" in shown.text


def test_a_refused_new_version_leaves_the_old_one(tmp_path: Path) -> None:
    desk = desk_over(FakeLibrary(tmp_path))
    desk.add(uploaded(tmp_path, a_txt="first"), "en")
    desk.add(uploaded(tmp_path, a_txt=""), "en")
    assert (tmp_path / "uploads" / "a.txt").read_text() == "first"


def test_a_failed_build_takes_nothing_in_and_looks_like_an_error(tmp_path: Path) -> None:
    desk = desk_over(FakeLibrary(tmp_path, StoreBusyError("Process 7 is writing")))
    shown = desk.add(uploaded(tmp_path, a_txt="words"), "de")
    assert list((tmp_path / "uploads").iterdir()) == []
    assert 'role="alert"' in shown
    assert "Process 7 is writing" in Reader(shown).text


# Asking


class FakeAssistant:
    """Answers with what it was given, step by step, or fails; ``calls`` is how it was asked."""

    def __init__(
        self,
        answers: Sequence[Answer] = (),
        error: Exception | None = None,
        *,
        model: str = "",
        pause_s: float = 0.0,
    ) -> None:
        self.answers = answers
        self.error = error
        self.library = SimpleNamespace(documents=list)
        self.model = SimpleNamespace(name=model, problem=lambda: None) if model else None
        self.pause_s = pause_s  # before each answer
        self.calls: list[dict[str, object]] = []
        self.closed = threading.Event()

    def stoppable(self, stop: threading.Event) -> FakeAssistant:
        return self

    def stream(self, question: str, **how: object) -> Iterator[Answer]:
        self.calls.append({"question": question, **how})
        try:
            for answer in self.answers:
                time.sleep(self.pause_s)
                yield answer
            if self.error:
                raise self.error
        finally:
            self.closed.set()

    def ask(self, question: str, **how: object) -> Answer:
        self.calls.append({"question": question, **how})
        if self.error:
            raise self.error
        return answered()


def desk_of(assistant: FakeAssistant) -> ui.Desk:
    return ui.Desk(assistant)  # type: ignore[arg-type]


def last_reply(chat: Any) -> Reader:  # noqa: ANN401 -- what Gradio takes
    return Reader(str(chat[-1]["content"]))


def event(href: str) -> gr.EventData:
    return gr.EventData(None, {"href": href, "serial": 7})


def from_page(name: str) -> gr.Request:
    return SimpleNamespace(session_hash=name)  # type: ignore[return-value]


SKIPPED = (gr.skip(),) * 4


def test_an_answer_grows_and_is_kept_whole() -> None:
    short, whole = answered(text="It grew. [1]", statements=()), answered()
    steps = list(desk_of(FakeAssistant([short, whole])).ask("How?", (), "en", [], []))
    contents = [last_reply(chat).text for _, chat, _, _ in steps]
    assert [EN["searching"] in text for text in contents] == [True, *[False] * 4]
    assert [EN["copy"] in text for text in contents] == [*[False] * 3, True, True]
    assert [exchanges for _, _, exchanges, _ in steps[:-1]] == [gr.skip()] * 4
    assert steps[-1][2] == (ui.Exchange("How?", whole),)
    assert "It grew." in Reader(steps[-1][3]).text


def test_a_follow_up_carries_the_turns_before_but_not_the_failures() -> None:
    assistant = FakeAssistant([answered()])
    before = (ui.Exchange("How?", answered()), ui.Exchange("And?", failure="It broke."))
    list(desk_of(assistant).ask("Why?", before, "en", ["nl"], ["d1"]))
    assert assistant.calls == [
        {
            "question": "Why?",
            "history": [Turn("user", "How?"), Turn("assistant", answered().text)],
            "sources": ["d1"],
            "languages": ["nl"],
        }
    ]


def test_nothing_chosen_means_everything_and_nothing_asked_means_nothing() -> None:
    assistant = FakeAssistant([answered()])
    desk = desk_of(assistant)
    list(desk.ask("Why?", (), "en", [], []))
    assert (assistant.calls[0]["sources"], assistant.calls[0]["languages"]) == (None, None)
    assert list(desk.ask("  ", (), "en", [], [])) == [SKIPPED]
    assert len(assistant.calls) == 1


# Two answers to one question


def test_the_other_answer_is_asked_for_once_and_as_the_first_one_was() -> None:
    assistant = FakeAssistant([told_by_model()], model="small")
    desk = desk_of(assistant)
    before = (ui.Exchange("How?", answered()),)
    *_, (_, chat, first, _) = desk.ask("Why?", before, "en", ["nl"], ["d1"])
    assert "Exact sentences instead" in last_reply(chat).text
    later = (*first, ui.Exchange("And?", answered()))
    chat, exact, heard, told = desk.switch(event("#other-2"), later, "en")
    assert assistant.calls == [
        asked := {
            "question": "Why?",
            "history": [Turn("user", "How?"), Turn("assistant", answered().text)],
            "sources": ["d1"],
            "languages": ["nl"],
        },
        {**asked, "mode": "extractive"},
    ]
    assert [one.answer for one in exact] == [answered()] * 3
    assert Reader(heard).text.startswith("Answer: Found in the documents. It grew.")
    assert told == {"switched": 7, "href": "#other-2"}
    assert "Back to the model’s answer" in Reader(chat[3]["content"]).text
    _, back, _, _ = desk.switch(event("#other-2"), exact, "en")
    _, again, _, _ = desk.switch(event("#other-2"), back, "en")
    assert back[1].answer == told_by_model()
    assert again == exact
    assert len(assistant.calls) == 2


def test_copy_citations_and_follow_ups_are_of_the_answer_that_is_shown() -> None:
    text = "Gab grew a lot. [1]"
    held = Support("supported")
    statements = (Statement(0, 15, (1,), held),)
    model = told_by_model(text=text, statements=statements, citations=(cite(1, "Gab grew."),))
    desk = desk_of(FakeAssistant(model="small"))
    shown = (ui.Exchange("How?", model),)
    assert "Gab grew a lot" in desk.copy_answer(event("#copy-1"), shown)["markdown"]
    _, exact, _, _ = desk.switch(event("#other-1"), shown, "en")
    assert "It grew." in desk.copy_answer(event("#copy-1"), exact)["markdown"]
    assert ui.cited(shown, 1, 1) == cite(1, "Gab grew.")
    assert ui.cited(exact, 1, 3) == cite(3, "See [1] there.")
    assert ui.earlier_turns(exact)[1] == Turn("assistant", answered().text)


def test_an_answer_that_cannot_be_switched_stays_with_the_reason_below_it() -> None:
    desk = desk_of(FakeAssistant(error=StoreBusyError("Process 7 is writing"), model="small"))
    shown = (ui.Exchange("How?", told_by_model()),)
    chat, kept, heard, _ = desk.switch(event("#other-1"), shown, "en")
    assert kept[0].answer == told_by_model()
    assert "Process 7 is writing" in last_reply(chat).text
    assert "Process 7 is writing" in Reader(heard).text


@pytest.mark.parametrize("href", ["#other-0", "#other-2", "#other-x", "#copy-1", "#other-1-1", ""])
def test_a_link_to_no_other_answer_changes_nothing(href: str) -> None:
    desk = desk_of(FakeAssistant(model="small"))
    assert desk.switch(event(href), (ui.Exchange("How?", told_by_model()),), "en") == SKIPPED


def test_no_answer_is_switched_while_another_grows() -> None:
    desk = desk_of(FakeAssistant(model="small"))
    shown = (ui.Exchange("How?", told_by_model()),)
    with desk.running.question("a"):
        assert desk.switch(event("#other-1"), shown, "en", from_page("a")) == SKIPPED
        assert desk.switch(event("#other-1"), shown, "en", from_page("b")) != SKIPPED
    assert desk.switch(event("#other-1"), shown, "en", from_page("a")) != SKIPPED


@pytest.mark.parametrize(
    ("one", "way"),
    [
        (ui.Exchange("?", answered()), ""),
        (ui.Exchange("?", told_by_model()), "to_exact"),
        (ui.Exchange("?", told_by_model(), finished=False), ""),
        (ui.Exchange("?", answered(), other=told_by_model()), "to_model"),
        (ui.Exchange("?", told_by_model(), other=answered()), "to_exact"),
        (ui.Exchange("?", stopped=True), "to_exact"),
        (ui.Exchange("?", failure="It broke."), ""),
    ],
)
def test_there_is_a_way_to_the_other_answer_where_there_can_be_one(
    one: ui.Exchange, way: str
) -> None:
    assert one.way == way
    links = Reader(ui.reply_html(one, 3, EN, "small")).all("href")
    assert ("#other-3" in links) == bool(way)
    assert "#other-3" not in Reader(ui.reply_html(one, 3, EN, "")).all("href")


# Slow answers


def test_a_slow_answer_says_who_writes_and_can_be_stopped_with_what_there_is() -> None:
    assistant = FakeAssistant([told_by_model()] * 9, model="small", pause_s=0.6)
    desk = desk_of(assistant)
    steps = desk.ask("How?", (), "en", [], [], from_page("a"))
    next(steps)
    box, chat, _, _ = next(steps)
    assert (box.submit_btn, box.stop_btn) == (False, True)
    assert last_reply(chat).text == EN["writing"].format(model="small")
    box, chat, exchanges, _ = next(step for step in steps if step != SKIPPED)
    assert "It grew." in last_reply(chat).text
    assert last_reply(chat).text.endswith(EN["writing"].format(model="small"))
    assert exchanges == gr.skip()  # kept when it is whole, or stopped

    desk.stop(from_page("b"))
    assert next(steps) == SKIPPED
    desk.stop(from_page("a"))
    *_, (box, chat, exchanges, _) = steps
    assert (box.submit_btn, box.stop_btn) == (True, False)
    assert exchanges == (ui.Exchange("How?", told_by_model(), stopped=True),)
    assert EN["stopped_part"] in last_reply(chat).text
    assert assistant.closed.wait(5)
    _, exact, _, _ = desk.switch(event("#other-1"), exchanges, "en")
    assert not exact[0].cut_short
    assert desk.switch(event("#other-1"), exact, "en")[1][0].cut_short


def test_an_answer_that_is_stopped_before_it_began_can_be_had_in_exact_sentences() -> None:
    desk = desk_of(FakeAssistant([told_by_model()], model="small", pause_s=1.5))
    steps = desk.ask("How?", (), "en", [], [], from_page("a"))
    next(steps), next(steps)
    desk.stop(from_page("a"))
    *_, (_, chat, exchanges, heard) = steps
    assert last_reply(chat).text == EN["stopped"] + EN["to_exact"]
    assert Reader(heard).text == EN["stopped"]
    assert ui.earlier_turns(exchanges) == []
    _, (one,), _, _ = desk.switch(event("#other-1"), exchanges, "en")
    assert (one.answer, one.way, one.cut_short) == (answered(), "", False)


def test_whoever_leaves_stops_the_answer_and_waits_for_nothing() -> None:
    assistant = FakeAssistant([answered()] * 9, pause_s=0.3)
    desk = desk_of(assistant)
    steps = desk.ask("How?", (), "en", [], [], from_page("a"))
    next(steps), next(steps)
    began = time.monotonic()
    steps.close()  # type: ignore[attr-defined]
    assert time.monotonic() - began < 0.2
    assert assistant.closed.wait(5)
    assert "a" not in desk.running


def test_what_goes_wrong_in_the_thread_that_reads_is_raised_where_it_is_awaited() -> None:
    assistant = FakeAssistant([answered()], RuntimeError("It broke"))
    answers = ui.awaited(lambda: assistant.stream("How?"), threading.Event())
    assert next(answers) == answered()
    with pytest.raises(RuntimeError, match="It broke"):
        next(answers)


# A model that does not work


class Ailing:
    """A model with a trouble of its own, which counts how often it is asked for it."""

    name = "small <b>"

    def __init__(self, problem: str | None) -> None:
        self.told = problem
        self.n_asked = 0

    def problem(self) -> str | None:
        self.n_asked += 1
        return self.told


def desk_with(model: Ailing) -> ui.Desk:
    return ui.Desk(SimpleNamespace(model=model))  # type: ignore[arg-type]


@pytest.mark.parametrize("language", ["nl", "de", "en"])
def test_a_model_that_does_not_work_is_told_in_the_language_of_the_page(
    language: str, caplog: pytest.LogCaptureFixture
) -> None:
    ailing = Ailing("The server at http://10.0.0.1 is gone")
    desk = desk_with(ailing)
    told = Reader(desk.trouble(language))
    assert told.text == html.TEXTS[language]["model_trouble"].format(model="small <b>")
    assert told.all("role") == ["status"]
    assert "http://10.0.0.1 is gone" in caplog.text  # for whoever runs it
    desk.trouble(language)
    assert ailing.n_asked == 1


def test_a_model_is_looked_at_again_after_a_while_and_none_is_never(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ailing = Ailing("It is gone")
    desk = desk_with(ailing)
    assert desk.trouble("en")
    ailing.told = None
    assert desk.trouble("en")
    monkeypatch.setattr(ui.Health, "EVERY_S", 0.0)
    assert desk.trouble("en") == ""
    assert desk.trouble(None) == gr.skip()
    assert desk_of(FakeAssistant()).trouble("en") == gr.skip()


def test_nobody_waits_while_somebody_else_looks_at_the_model() -> None:
    health, looking, done = ui.Health(), threading.Event(), threading.Event()

    class Slow(Ailing):
        def problem(self) -> str | None:
            looking.set()
            done.wait(5)
            return super().problem()

    slow: Any = Slow("It is gone")
    first = threading.Thread(target=health.problem, args=(slow,))
    first.start()
    assert looking.wait(5)
    assert health.problem(slow) is None
    done.set()
    first.join()
    assert health.problem(slow) == "It is gone"


@pytest.mark.parametrize("language", ["nl", "de", "en"])
def test_a_fault_is_told_in_the_persons_language_and_its_cause_only_to_the_log(
    language: str, caplog: pytest.LogCaptureFixture
) -> None:
    desk = desk_of(FakeAssistant([], RuntimeError("password=hunter2")))
    with caplog.at_level(logging.ERROR):
        *_, (_, chat, exchanges, heard) = desk.ask("Why?", (), language, [], [])
    shown = str(chat[-1]["content"])
    assert 'role="alert"' in shown
    assert html.TEXTS[language]["failed"] in Reader(shown).text
    assert "hunter2" not in shown + heard
    assert "hunter2" in caplog.text
    assert caplog.records[0].getMessage() in Reader(shown).text
    assert exchanges[0].answer is None


def test_a_mistake_of_the_person_is_told_in_the_words_of_the_core() -> None:
    desk = desk_of(FakeAssistant([], QuestionError("ask it shorter")))
    *_, (_, chat, _, _) = desk.ask("x" * 9000, (), "en", [], [])
    assert "ask it shorter" in last_reply(chat).text


def test_no_documents_yet_and_a_broken_store_are_two_different_sights(tmp_path: Path) -> None:
    none_yet = desk_over(FakeLibrary(tmp_path)).shelf("", "en", [])
    assert Reader(none_yet[1]).text == EN["none_yet"]
    broken = desk_over(FakeLibrary(tmp_path, StoreBusyError("locked"))).shelf("", "en", [])
    assert 'role="alert"' in broken[1]


# The server


def test_a_taken_port_is_said_in_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert ui.serve("nowhere", port=port) == 1
    said = capsys.readouterr().err
    assert f"Port {port} on 127.0.0.1 cannot be used" in said
    assert said.count("\n") == 1


def test_the_page_is_built_without_touching_the_library_and_offers_no_interface() -> None:
    async def build() -> gr.Blocks:  # Gradio would open an event loop of its own, and leave it
        return ui.build_page(SimpleNamespace(library=None, model=None))  # type: ignore[arg-type]

    page = asyncio.run(build())
    assert all(fn.api_visibility == "private" for fn in page.fns.values())


@pytest.mark.parametrize("language", ["nl", "de", "en"])
@pytest.mark.parametrize("asked", ["?!", "waarom " * 2_000])
def test_what_is_no_question_is_said_in_the_language_of_the_page(language: str, asked: str) -> None:
    with pytest.raises(QuestionError) as caught:
        clean(asked)
    said = ui.failure_text(caught.value, html.TEXTS[language])
    assert said == html.TEXTS[language][f"question_{caught.value.code}"]


def _reasons() -> set[str]:
    """The beginning of each reason that the reading of files gives, up to its first variable."""
    found: set[str] = set()
    for path in sorted((Path(ui.__file__).parent / "index").glob("*.py")):
        if re.search(r"\b(UnreadableError|Refused)\(", path.read_text("utf-8")):
            module = importlib.import_module(f"index.{path.stem}")
            for node in _reason_nodes(ast.parse(inspect.getsource(module))):
                found |= _beginning(node, module)
    return found


def _reason_nodes(tree: ast.Module) -> Iterator[ast.expr]:
    """What is given as a reason, is called ``why``, or comes from a function ``_why``."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(ast.Name(called) | ast.Attribute(attr=called), [*_, reason]):
                if called in {"UnreadableError", "Refused", "_refuse"}:
                    yield reason
            case ast.Assign([ast.Name("why")], reason):
                yield reason
            case ast.FunctionDef("_why"):
                returned = (n.value for n in ast.walk(node) if isinstance(n, ast.Return))
                for value in filter(None, returned):
                    yield from value.values if isinstance(value, ast.BoolOp) else [value]
                for inner in ast.walk(node):
                    yield from inner.values if isinstance(inner, ast.Dict) else []
            case _:
                continue


def _beginning(node: ast.expr, module: ModuleType) -> set[str]:
    if isinstance(node, ast.Name):
        told = getattr(module, node.id, None)
        return {told} if isinstance(told, str) else set()
    if isinstance(node, ast.JoinedStr):
        node = node.values[0]
    return {node.value} if isinstance(node, ast.Constant) and isinstance(node.value, str) else set()


def test_every_reason_for_a_refusal_is_told_in_the_language_of_the_page() -> None:
    reasons = _reasons()
    assert {
        "is a broken PDF",
        "is empty",
        "has an empty 'id'",
        "is not JSON: ",
        "has more than 1,000,000 cells; split it",
        "looks like a binary file",
        "may not be read: permission denied",
        "could not be read: it ended the process that read it",
        "unsupported kind ",
        "was removed; name its path to take it back",
    } <= reasons
    for said in sorted(reasons):
        whole = {"its ": "its 'x' is not a string", "has no ": "has no 'id'"}.get(said, said)
        for language in ("nl", "de"):
            assert html.reason(whole, html.TEXTS[language]) != whole, (language, said)
        assert html.reason(whole, EN) == whole


def test_no_reason_is_translated_that_nothing_gives() -> None:
    reasons = _reasons()
    known = {key.removeprefix("reason ") for key in EN if key.startswith("reason ")}
    unused = {k for k in known if not any(r.startswith(k) or k.startswith(r) for r in reasons)}
    assert not unused


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("is cut off: the end of its last part is missing", "het einde van het laatste deel"),
        ("is cut off: the end of the PDF is missing", "het einde van de pdf"),
        ("declares XML entities, which no e-book does", "XML-entiteiten"),
        ("is locked with a password", "is met een wachtwoord beveiligd"),
        ("is locked with a password, or an old .doc file under another name", "oud .doc-bestand"),
        ("is locked with a password, or an old .ppt file under another name", "oud .ppt-bestand"),
        ("is locked with a password, or an old .xls file; save it as .xlsx", "oud .xls-bestand"),
        ("holds no text: its pages seem to be scanned pictures", "gescande afbeeldingen"),
        ("has no 'text'", "geen ‘text’"),
        ("is no e-book: its 'book.opf' is too large", "is geen e-book"),
        ("its chapter 'one.html' is nested too deep", "een hoofdstuk"),
        ("its 'id' is not a string", "een veld"),
        ("its text is not in utf-7, as it says", "opgegeven tekencodering"),
        ("could not be read: it took more than 60 s", "het duurde te lang"),
        ("could not be read: it ended the process that read it", "liep daarbij vast"),
        ("is larger than 100 MB when written out; split it", "splits het bestand"),
    ],
)
def test_a_reason_is_not_taken_for_another_that_begins_alike(reason: str, said: str) -> None:
    translated = html.reason(reason, html.TEXTS["nl"])
    assert said in translated
    assert "Word" not in translated
