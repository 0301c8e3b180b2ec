"""The page: Gradio's only door.

A handler gathers what the person chose, calls the assistant or its library once, and renders with
``ui_html``. How a question is answered is not known here.
"""

from __future__ import annotations

import logging
import math
import os
import re
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
import unicodedata
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote

# Gradio asks its home for news and looks for a model hub as soon as it is imported.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["HF_HUB_OFFLINE"] = "1"

import gradio as gr
from gradio.components.chatbot import Message, MessageDict

import ui_html as html
from index.errors import LibraryError, NoStoreError, UnknownDocumentError
from index.library import UPLOADS
from index.parse import KINDS
from index.types import LANGUAGES, DocumentEntry, Refused
from qa.errors import QuestionError
from qa.types import Answer, Citation, Turn
from ui_html import TEXTS, Texts

if TYPE_CHECKING:
    from qa import Assistant
    from qa.llm import LanguageModel

log = logging.getLogger(__name__)

HERE = Path(__file__).parent
SUFFIXES = (*KINDS, ".jsonl")
MAX_FILE_MB = 50
EXAMPLES = (
    "How many active users does Parler have?",
    "Warum hat Amazon Parler abgeschaltet?",
    "Waar studeerde Henry Goodwin?",
    "How many new users does Gab report each day?",
)

# A second fence behind the escaping: whatever slipped through could load and send nothing.
# Gradio itself needs inline scripts, and makes functions of the templates of its HTML parts.
CONTENT_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "object-src 'none'; form-action 'none'"
)

# --- Uploads --------------------------------------------------------------------------------


def safe_name(name: str) -> str:
    """The last part of ``name`` with nothing in it that a file system might act upon.

    Empty if no letter or digit is left.

    >>> safe_name("../../etc/.pass<wd>.TXT")
    'pass_wd_.txt'
    """
    base = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    kept = "".join(c if c.isalnum() or c in " ._-()" else "_" for c in base).strip(" .-")
    stem, dot, suffix = kept.rpartition(".")
    # 60 characters of at most 4 bytes: within the 255 bytes that file systems allow.
    return stem[:60] + dot + suffix[:8].lower() if any(map(str.isalnum, stem)) else ""


def refusal(name: str, size: int, t: Texts) -> str | None:
    """Why a file of that name and size is not taken in; None if it is."""
    if not name:
        return t["no_name"]
    if not name.endswith(SUFFIXES):
        return t["wrong_kind"].format(kinds=t["kinds"])
    return t["too_large"].format(megabytes=MAX_FILE_MB) if size > MAX_FILE_MB * 2**20 else None


@dataclass(frozen=True)
class Uploads:
    """Files on their way into ``folder``; ``aside`` keeps what they replace until it is decided."""

    folder: Path
    aside: Path

    def take(self, files: Iterable[Path], t: Texts) -> tuple[list[Path], list[Refused]]:
        """Copy the files that may come in; where they now are, and those refused at the door."""
        taken: list[Path] = []
        refused = []
        self.folder.mkdir(parents=True, exist_ok=True)
        for file in files:
            name = safe_name(file.name)
            reason = refusal(name, file.stat().st_size, t)
            if reason:
                refused.append(Refused(file.name, reason))
                continue
            target = self.folder / name
            if target.exists() and target not in taken:
                shutil.copyfile(target, self.aside / name)
            taken.append(target)
            shutil.copyfile(file, target)
        return taken, refused

    def put_back(self, targets: Iterable[Path]) -> bool:
        """Take ``targets`` out again; True if an earlier file of that name is back instead."""
        restored = False
        for target in targets:
            earlier = self.aside / target.name
            if earlier.exists():
                shutil.copyfile(earlier, target)
                restored = True
            else:
                target.unlink(missing_ok=True)
        return restored


# --- The conversation -----------------------------------------------------------------------


@dataclass(frozen=True)
class How:
    """What a question was asked with, so that it can be asked again."""

    history: tuple[Turn, ...] = ()
    sources: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()

    def words(self) -> dict[str, Any]:
        """The same as the assistant takes it, to whom nothing chosen is everything."""
        return {
            "history": list(self.history),
            "sources": list(self.sources) or None,
            "languages": list(self.languages) or None,
        }


@dataclass(frozen=True)
class Exchange:
    """A question and what came of it: an answer, a failure to tell, or nothing yet."""

    question: str
    answer: Answer | None = None  # the one that is shown
    failure: str = ""
    finished: bool = True
    how: How = How()
    other: Answer | None = None  # the model's in place of exact sentences, or these in its place
    slow: bool = False  # it takes so long that the person is told why, and may stop it
    stopped: bool = False

    @property
    def way(self) -> Literal["to_exact", "to_model", ""]:
        """The words of the link that leads to the other answer; none if there is no other."""
        if self.other and self.other.mode == "llm":
            return "to_model"
        asked = self.answer.mode == "llm" if self.answer else self.stopped
        return "to_exact" if self.finished and asked else ""

    @property
    def cut_short(self) -> bool:
        """Whether the person stopped the answer that is shown."""
        return self.stopped and self.way != "to_model"


Exchanges = tuple[Exchange, ...]


def messages(exchanges: Exchanges, t: Texts, model: str = "") -> list[MessageDict | Message]:
    """The conversation as the chat shows it; ``model``: the one that may write, by its name.

    Each message is one block of HTML without a line end: Markdown leaves it as it is, and
    Gradio's sanitizer goes over it.
    """
    shown: list[MessageDict | Message] = []
    for turn, exchange in enumerate(exchanges, 1):
        reply = reply_html(exchange, turn, t, model)
        shown.append({"role": "user", "content": html.question_html(exchange.question)})
        shown.append({"role": "assistant", "content": reply})
    return shown


def reply_html(exchange: Exchange, turn: int, t: Texts, model: str) -> str:
    """What came of one question, and what can be done with it."""
    answer, way = exchange.answer, exchange.way if model else ""
    failure = html.failure_html(exchange.failure, t) if exchange.failure else ""
    if answer is None and not exchange.finished:
        return html.waiting_html(t, model if exchange.slow else "")
    if answer is None:
        stopped = html.stopped_html(t) if exchange.stopped else ""
        return stopped + failure + html.actions_html(turn, t, copy=False, way=way)
    reply = html.answer_html(answer, turn, t, has_model=bool(model))
    if not exchange.finished:
        return reply + (html.writing_html(t, model) if answer.mode == "llm" else "")
    reply += html.paragraph_html(t["stopped_part"], "stopped") if exchange.cut_short else ""
    return reply + html.actions_html(turn, t, copy=True, way=way) + failure


def earlier_turns(exchanges: Exchanges) -> list[Turn]:
    """What the assistant may look back on: every question that got an answer, and the answer."""
    turns = []
    for exchange in exchanges:
        if exchange.answer:
            turns += [Turn("user", exchange.question), Turn("assistant", exchange.answer.text)]
    return turns


def answer_of(exchanges: Exchanges, turn: int) -> Answer | None:
    """The answer to the ``turn``-th question, counted from 1; None if there is none."""
    return exchanges[turn - 1].answer if 1 <= turn <= len(exchanges) else None


def cited(exchanges: Exchanges, turn: int, number: int) -> Citation | None:
    """The citation behind a link of the chat; None if there is no such answer or number."""
    answer = answer_of(exchanges, turn)
    listed = (*answer.citations, *answer.nearest) if answer else ()
    return next((c for c in listed if c.number == number), None)


def turn_of(kind: str, event: gr.EventData) -> int:
    """The turn that a link of that kind speaks of; 0 if it is another link."""
    match = re.fullmatch(re.escape(kind) + r"(\d{1,9})", str(event.href))
    return int(match[1]) if match else 0


def heard(exchange: Exchange, t: Texts) -> str:
    """What is read out when an answer is there, or is known not to come."""
    if exchange.failure:
        return html.paragraph_html(exchange.failure)
    if exchange.answer:
        return html.announcement_html(exchange.answer, t)
    return html.paragraph_html(t["stopped"] if exchange.stopped else "")


def visit(request: gr.Request | None) -> str:
    """Whose request it is: a name for one open page."""
    return (request.session_hash if request else None) or ""


def failure_text(error: Exception, t: Texts) -> str:
    """An error in words for the person; what was not foreseen goes to the log, under a number."""
    if isinstance(error, QuestionError):
        return t.get(f"question_{error.code}", str(error))
    if isinstance(error, UnknownDocumentError):
        return t["document_gone"]
    if isinstance(error, LibraryError):
        log.warning("%s: %s", type(error).__name__, error)
        return f"{t['library_failed']} {error}"
    reference = uuid.uuid4().hex[:8]
    log.error("%s", reference, exc_info=error)
    return t["broke"].format(reference=reference)


def spoken(language: str | None) -> Texts:
    """The words of the page in ``language``; in English until the browser has said which."""
    return TEXTS[language or "en"]


# --- An answer that a person may not wait for -----------------------------------------------

# How soon a person who stops, or leaves, is let go. Gradio sees that one has left whenever
# something is yielded to it, and can end nothing that is still at work on the next yield.
_TICK_S = 0.25


class Running:
    """The questions that are being answered, one a visit, and the way to stop each."""

    def __init__(self) -> None:
        self._stops: dict[str, threading.Event] = {}

    @contextmanager
    def question(self, visit: str) -> Iterator[threading.Event]:
        """What is set once nobody waits for the answer any more: at the latest behind this."""
        stopped = self._stops[visit] = threading.Event()
        try:
            yield stopped
        finally:
            stopped.set()
            if self._stops.get(visit) is stopped:
                del self._stops[visit]

    def stop(self, visit: str) -> None:
        """Have the question of that visit stopped, if there is one."""
        if stopped := self._stops.get(visit):
            stopped.set()

    def __contains__(self, visit: str) -> bool:
        return visit in self._stops


@dataclass(frozen=True)
class _End:
    error: Exception | None = None


def awaited(
    stream: Callable[[], Iterator[Answer]], stopped: threading.Event
) -> Iterator[Answer | None]:
    """The answers of ``stream`` as they come, and None now and then while none does.

    They are read in a thread of its own, so that whoever sets ``stopped`` waits for nothing.
    """
    came: SimpleQueue[Answer | _End] = SimpleQueue()

    def read() -> None:
        try:
            for answer in stream():
                came.put(answer)
                if stopped.is_set():
                    return  # and with this frame the stream is closed
        except Exception as error:  # noqa: BLE001 -- raised below, where somebody waits
            came.put(_End(error))
        else:
            came.put(_End())

    threading.Thread(target=read, name="qa-answer", daemon=True).start()
    while not stopped.is_set():
        try:
            answer = came.get(timeout=_TICK_S)
        except Empty:
            yield None
            continue
        if isinstance(answer, _End):
            if answer.error:
                raise answer.error
            return
        yield answer


class Health:
    """Whether the language model works, looked at now and then, by one at a time."""

    EVERY_S = 30.0

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._looked = -math.inf
        self._problem: str | None = None

    def problem(self, model: LanguageModel) -> str | None:
        """What is wrong with it; what was last known, if somebody else is looking right now."""
        if self._lock.acquire(blocking=False):
            try:
                if time.monotonic() - self._looked >= self.EVERY_S:
                    self._look(model)
            finally:
                self._lock.release()
        return self._problem

    def _look(self, model: LanguageModel) -> None:
        problem = model.problem()
        if problem and problem != self._problem:
            log.warning("%s", problem)
        self._problem, self._looked = problem, time.monotonic()


# --- Handlers: gather, call once, render ----------------------------------------------------

_PROGRESS = gr.Progress()  # Gradio looks for it among the defaults


@dataclass(frozen=True)
class Desk:
    """What the page does, one method an event; ``build_page`` says which."""

    assistant: Assistant
    running: Running = field(default_factory=Running)
    health: Health = field(default_factory=Health)

    @property
    def model(self) -> str:
        """The name of the model that may write the answers; empty if none may."""
        return self.assistant.model.name if self.assistant.model else ""

    def ask(
        self,
        question: str,
        exchanges: Exchanges,
        language: str,
        languages: list[str],
        sources: list[str],
        request: gr.Request | None = None,
    ) -> Iterator[tuple[Any, Any, Any, Any]]:
        """The growing conversation: question box, chat, exchanges, announcement."""
        t = spoken(language)
        if not question.strip():
            yield (gr.skip(),) * 4
            return
        how = How(tuple(earlier_turns(exchanges)), tuple(sources), tuple(languages))
        one, box = Exchange(question, how=how, finished=False), gr.Textbox("")
        yield box, messages((*exchanges, one), t, self.model), gr.skip(), ""
        with self.running.question(visit(request)) as stopped:
            for grown in self._answered(one, t, stopped):
                if grown is None:
                    yield (gr.skip(),) * 4
                    continue
                one, box = grown, gr.Textbox(submit_btn=not grown.slow, stop_btn=grown.slow)
                yield box, messages((*exchanges, one), t, self.model), gr.skip(), gr.skip()
        done, box = (*exchanges, one), gr.Textbox(submit_btn=True, stop_btn=False)
        yield box, messages(done, t, self.model), done, heard(one, t)

    def _answered(
        self, one: Exchange, t: Texts, stopped: threading.Event
    ) -> Iterator[Exchange | None]:
        """What comes of a question, until it is finished; None now and then while nothing does."""
        assistant = self.assistant.stoppable(stopped)
        stream = partial(assistant.stream, one.question, **one.how.words())
        try:
            for answer in awaited(stream, stopped):
                if answer is None and one.slow:
                    yield None
                    continue
                one = replace(one, answer=answer or one.answer, slow=one.slow or answer is None)
                yield one
        except Exception as error:  # noqa: BLE001 -- the screen's edge: told, logged, kept apart
            one = replace(one, answer=None, failure=failure_text(error, t))
        yield replace(one, finished=True, slow=False, stopped=stopped.is_set())

    def ask_example(
        self,
        event: gr.SelectData,
        exchanges: Exchanges,
        language: str,
        request: gr.Request | None = None,
    ) -> Iterator[tuple[Any, Any, Any, Any]]:
        """Ask one of the examples, of all documents."""
        yield from self.ask(event.value["text"], exchanges, language, [], [], request)

    def stop(self, request: gr.Request) -> None:
        """Stop the answer that is being written; what there is of it stays."""
        self.running.stop(visit(request))

    def start_anew(self) -> tuple[Any, ...]:
        """An empty conversation, in ``ask``'s order."""
        return gr.Textbox("", submit_btn=True, stop_btn=False), [], (), ""

    def switch(
        self,
        event: gr.EventData,
        exchanges: Exchanges,
        language: str,
        request: gr.Request | None = None,
    ) -> tuple[Any, Any, Any, Any]:
        """Exact sentences in the place of the model's answer, or the reverse.

        Chat, exchanges, announcement, and word to the script. Not while another answer grows,
        which is of the conversation as it was.
        """
        t, turn = spoken(language), turn_of("#other-", event)
        if not 1 <= turn <= len(exchanges) or visit(request) in self.running:
            return (gr.skip(),) * 4
        one = self._switched(exchanges[turn - 1], t)
        done = (*exchanges[: turn - 1], one, *exchanges[turn:])
        told = {"switched": event.serial, "href": event.href}
        return messages(done, t, self.model), done, heard(one, t), told

    def _switched(self, one: Exchange, t: Texts) -> Exchange:
        """The exchange with its other answer, which is asked for once."""
        try:
            other = one.other or self.assistant.ask(
                one.question, **one.how.words(), mode="extractive"
            )
        except Exception as error:  # noqa: BLE001 -- the screen's edge
            return replace(one, failure=failure_text(error, t))
        was_cut = one.stopped and one.answer is not None
        return replace(one, answer=other, other=one.answer, failure="", stopped=was_cut)

    def trouble(self, language: str | None) -> Any:  # noqa: ANN401 -- text, or Gradio's "leave it"
        """That the language model does not work, if it does not; empty if it does."""
        if language is None or self.assistant.model is None:
            return gr.skip()
        problem = self.health.problem(self.assistant.model)
        return html.trouble_html(self.model, spoken(language)) if problem else ""

    def open_source(
        self, event: gr.EventData, exchanges: Exchanges, language: str
    ) -> tuple[str, gr.Tabs, dict[str, Any]]:
        """The source panel for the link that was followed, and word to the script to show it."""
        t = spoken(language)
        try:
            panel = self._source(str(event.href), exchanges, t)
        except Exception as error:  # noqa: BLE001 -- the screen's edge
            panel = html.failure_html(failure_text(error, t), t)
        return panel, gr.Tabs(selected="source"), {"opened": event.serial}

    def _source(self, reference: str, exchanges: Exchanges, t: Texts) -> str:
        """The document a reference leads to, as HTML.

        Raises:
            UnknownDocumentError: it leads nowhere, or nowhere any more.
        """
        library = self.assistant.library
        if match := re.fullmatch(r"#cite-(\d{1,9})-(\d{1,9})", reference):
            citation = cited(exchanges, int(match[1]), int(match[2]))
            if citation:
                return html.source_html(library.document(citation.doc_id), t, citation)
        if match := re.fullmatch(r"#doc-([^@]+)@(\d{1,12})", reference):
            return html.source_html(library.document(unquote(match[1])), t, at=int(match[2]))
        raise UnknownDocumentError(reference)

    def copy_answer(self, event: gr.EventData, exchanges: Exchanges) -> dict[str, Any]:
        """The answer as Markdown with footnotes, for the script to copy."""
        from qa.render import to_markdown

        answer = answer_of(exchanges, turn_of("#copy-", event))
        return {"copied": event.serial, "markdown": to_markdown(answer) if answer else ""}

    def shelf(self, words: str, language: str | None, chosen: list[str]) -> tuple[Any, ...]:
        """What the documents decide: heading, list, and the two ways to restrict a question.

        The list and the choice of documents show those that match ``words``; the choice also
        keeps those already ``chosen``. A ``language`` of None: the page does not speak yet.
        """
        if language is None:
            return (gr.skip(),) * 4
        t, entries, failure = spoken(language), list[DocumentEntry](), ""
        try:
            entries = self.assistant.library.documents()
        except NoStoreError:
            pass  # a library without documents yet, which the list says in its own words
        except Exception as error:  # noqa: BLE001 -- the screen's edge
            failure = html.failure_html(failure_text(error, t), t)
        found = html.matching(entries, words)
        kept = [e for e in entries if e.id in chosen]
        offered = dict.fromkeys((*kept, *found[: html.MAX_LISTED]))
        present = {e.language for e in entries}
        return (
            html.heading_html(len(entries), t),
            failure or html.documents_html(found, t, searched=bool(words.strip())),
            gr.CheckboxGroup(
                [(t[f"lang_{code}"], code) for code in LANGUAGES if code in present],
                label=t["scope_languages"],
            ),
            gr.Dropdown(
                [(f"{e.title or e.id} ({e.language.upper() or '?'})", e.id) for e in offered],
                value=[e.id for e in kept],
                multiselect=True,
                label=t["scope_documents"],
            ),
        )

    def scope(self, language: str, languages: list[str], sources: list[str]) -> gr.Accordion:
        """Where is searched, in the words over the two ways to restrict it."""
        t = spoken(language)
        where = [t[f"lang_{code}"] for code in languages]
        where += [html.counted(len(sources), t)] if sources else []
        return gr.Accordion(t["scope"].format(where=", ".join(where) or t["scope_all"]))

    def speak(
        self,
        event: gr.EventData,
        exchanges: Exchanges,
        words: str,
        languages: list[str],
        chosen: list[str],
    ) -> tuple[Any, ...]:
        """The whole page in the language that the browser asks for."""
        language = event.language if event.language in TEXTS else "en"
        empty = html.paragraph_html(spoken(language)["source_empty"], "empty")
        return (language, empty, *self.translate(language, exchanges, words, languages, chosen))

    def translate(
        self,
        language: str,
        exchanges: Exchanges,
        words: str,
        languages: list[str],
        chosen: list[str],
    ) -> tuple[Any, ...]:
        """Everything that holds words but what is open in the panel, in ``build_page``'s order."""
        t = spoken(language)
        return (
            {"language": language, **{key: t[key] for key in _SCRIPT_WORDS}},
            gr.Radio(label=t["language"]),
            gr.Chatbot(
                messages(exchanges, t, self.model), placeholder=html.welcome_html(t, self.model)
            ),
            gr.Textbox(label=t["question"], placeholder=t["question_hint"]),
            self.scope(language, languages, chosen),
            gr.Button(t["new_chat"]),
            gr.Tab(t["tab_source"]),
            gr.Tab(t["tab_documents"]),
            gr.Textbox(label=t["find"], placeholder=t["find_hint"]),
            gr.Tab(t["tab_add"]),
            html.add_html(MAX_FILE_MB, t, self.model),
            gr.UploadButton(t["choose_files"]),
            html.paragraph_html(t["refresh_lead"]),
            gr.Button(t["refresh"]),
            *self.shelf(words, language, chosen),
        )

    def add(self, files: list[str] | None, language: str, progress: gr.Progress = _PROGRESS) -> str:
        """Take files in, index them, and report what became of each."""
        t, library = spoken(language), self.assistant.library
        folder = (library.store / UPLOADS).absolute()
        with tempfile.TemporaryDirectory() as aside:
            uploads, taken = Uploads(folder, Path(aside)), list[Path]()
            try:
                taken, refused = uploads.take(map(Path, files or ()), t)
                report = library.add([folder], _shown_in(progress, t)) if taken else None
                unread = {r.source for r in report.refused} if report else set()
                if uploads.put_back(path for path in taken if str(path) in unread):
                    library.add([folder])
            except Exception as error:  # noqa: BLE001 -- the screen's edge
                uploads.put_back(taken)
                return html.failure_html(failure_text(error, t), t)
        return html.report_html(report, refused, t)

    def refresh(self, language: str, progress: gr.Progress = _PROGRESS) -> str:
        """Read all folders again and report what has changed."""
        t = spoken(language)
        try:
            report = self.assistant.library.build(progress=_shown_in(progress, t))
        except Exception as error:  # noqa: BLE001 -- the screen's edge
            return html.failure_html(failure_text(error, t), t)
        return html.report_html(report, (), t)


# The words that Gradio's parts lack, and that ui.js gives them.
_SCRIPT_WORDS = ("name", "conversation", "send", "stop", "copied", "panel", "source_empty")


def _shown_in(progress: gr.Progress, t: Texts) -> Callable[[str, int, int], None]:
    def show(stage: str, done: int, total: int) -> None:
        if total:  # of nothing at all, Gradio would show "NaN %"
            progress((done, total), desc=t.get(f"stage_{stage}", stage), unit="")

    return show


# --- The page and its server ----------------------------------------------------------------

# HTML of ours, sanitized by Gradio all the same; no other markup is looked for in it.
_AS_GIVEN: dict[str, Any] = {"latex_delimiters": [], "sanitize_html": True}
_QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
# However slow a model is, so many people at once have an answer written; each holds one of the
# server's threads, of which there must be some left for the rest of the page.
_AT_ONCE, _THREADS = 32, 80
_ASKING: dict[str, Any] = {**_QUIET, "concurrency_id": "ask", "concurrency_limit": _AT_ONCE}
_BUILDING: dict[str, Any] = {
    "api_visibility": "private",
    "show_progress": "full",
    "concurrency_id": "build",
    "concurrency_limit": 1,
}


def build_page(assistant: Assistant) -> gr.Blocks:
    """The page, ready to be launched or mounted with ``appearance()``; nothing runs yet."""
    desk = Desk(assistant)
    page = gr.Blocks(title=TEXTS["en"]["name"], fill_width=True, delete_cache=(3600, 3600))
    with page:
        exchanges = gr.State(())
        script = (HERE / "ui.js").read_text("utf-8")
        bridge = gr.HTML({}, html_template="", js_on_load=script, visible="hidden")
        with gr.Row(elem_id="top"):
            heading = gr.Markdown(elem_id="heading", **_AS_GIVEN)
            names = [("Nederlands", "nl"), ("Deutsch", "de"), ("English", "en")]
            language = gr.Radio(names, elem_id="language")
        trouble = gr.Markdown(elem_id="trouble", **_AS_GIVEN)
        with gr.Row(elem_id="desk"):
            with gr.Column(elem_id="talk"):
                chat = gr.Chatbot(
                    elem_id="chat",
                    examples=[{"text": example} for example in EXAMPLES],
                    latex_delimiters=[],
                    autoscroll=False,
                    show_label=False,
                    buttons=[],
                    feedback_options=None,
                )
                question = gr.Textbox(elem_id="question", max_lines=6, submit_btn=True)
                with gr.Row(elem_id="tools"):
                    with gr.Accordion(open=False, elem_id="scope") as scope:
                        languages = gr.CheckboxGroup()
                        sources = gr.Dropdown(multiselect=True)
                    new_chat = gr.Button(elem_id="new-chat", size="sm")
                announce = gr.Markdown(elem_id="announce", **_AS_GIVEN)
            with gr.Column(elem_id="side"), gr.Tabs(selected="documents") as tabs:
                with gr.Tab(id="source") as source_tab:
                    panel = gr.Markdown(elem_id="source", **_AS_GIVEN)
                with gr.Tab(id="documents") as documents_tab:
                    find = gr.Textbox("", elem_id="find")
                    listed = gr.Markdown(elem_id="documents", **_AS_GIVEN)
                with gr.Tab(id="add") as add_tab:
                    add_lead = gr.Markdown(**_AS_GIVEN)
                    files = gr.UploadButton(file_count="multiple", elem_id="upload")
                    refresh_lead = gr.Markdown(**_AS_GIVEN)
                    refresh = gr.Button(elem_id="refresh")
                    report = gr.Markdown(elem_id="report", **_AS_GIVEN)

        talk = [question, chat, exchanges, announce]
        shelf = [heading, listed, languages, sources]
        worded = [bridge, language, chat, question, scope, new_chat, source_tab, documents_tab]
        worded += [find, add_tab, add_lead, files, refresh_lead, refresh, *shelf]

        asked = [question, exchanges, language, languages, sources]
        of_questions = question.submit(desk.ask, asked, talk, **_ASKING)
        shown = [exchanges, language]
        of_examples = chat.example_select(desk.ask_example, shown, talk, **_ASKING)
        question.stop(desk.stop, None, None, queue=False, **_QUIET)
        cancels: list[dict[str, Any]] = [of_questions, of_examples]
        new_chat.click(desk.start_anew, None, talk, cancels=cancels, **_QUIET)
        opened = [panel, tabs, bridge]
        bridge.open_source(desk.open_source, shown, opened, **_QUIET)
        bridge.copy_answer(desk.copy_answer, [exchanges], [bridge], **_QUIET)
        switched = [chat, exchanges, announce, bridge]
        bridge.switch_answer(desk.switch, shown, switched, **_QUIET)
        chosen = [languages, sources]
        said = [exchanges, find, *chosen]
        spoke = bridge.speak(desk.speak, said, [language, panel, *worded], **_QUIET)
        translated = language.input(desk.translate, [language, *said], worded, **_QUIET)
        if assistant.model:
            for before in (spoke, translated, of_questions, of_examples):
                before.then(desk.trouble, language, trouble, **_QUIET)
        gr.on([languages.input, sources.input], desk.scope, [language, *chosen], scope, **_QUIET)
        looked = [find, language, sources]
        gr.on([find.change, documents_tab.select], desk.shelf, looked, shelf, **_QUIET)
        files.upload(desk.add, [files, language], report, **_BUILDING).then(
            desk.shelf, looked, shelf, **_QUIET
        )
        refresh.click(desk.refresh, language, report, **_BUILDING).then(
            desk.shelf, looked, shelf, **_QUIET
        )
    page.queue(default_concurrency_limit=16, max_size=64, api_open=False)
    return page


def appearance() -> dict[str, Any]:
    """What Gradio takes when a page is launched or mounted rather than when it is built."""
    policy = f'<meta http-equiv="Content-Security-Policy" content="{CONTENT_POLICY}">'
    # Not as css_paths: Gradio would put a prefix of its own before every rule inside @media.
    style = f"<style>{(HERE / 'ui.css').read_text('utf-8')}</style>"
    fonts = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"]
    theme = gr.themes.Base(font=fonts, font_mono=["ui-monospace", "monospace"])
    return {"theme": theme, "head": policy + style, "footer_links": []}


class PortTakenError(OSError):
    """Something else listens at that address."""


def check_port(host: str, port: int) -> None:
    """Return if ``port`` is free.

    Raises:
        PortTakenError: it is not; names the port and what to do.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortTakenError(
                f"Port {port} on {host} cannot be used ({error.strerror}); "
                f"stop what uses it, or choose another: qa serve --port {port + 1}"
            ) from error


def serve(
    assistant_or_store: Assistant | Path | str, *, host: str = "127.0.0.1", port: int = 7860
) -> int:
    """Serve the page until it is stopped, and say where once it answers; the exit status.

    A taken port is said in one sentence and is status 1; it never moves to another.

    Raises:
        LibraryError: the store cannot be opened.
    """
    try:
        check_port(host, port)
    except PortTakenError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    assistant = _opened(assistant_or_store)
    with tempfile.TemporaryDirectory(prefix="qa-uploads-") as incoming:  # ours alone: mode 0700
        os.environ["GRADIO_TEMP_DIR"] = incoming
        page = build_page(assistant)
        page.launch(
            server_name=host,
            server_port=port,
            share=False,
            quiet=True,
            prevent_thread_lock=True,
            show_error=False,
            enable_monitoring=False,
            run_history=False,
            max_file_size=f"{MAX_FILE_MB}mb",
            state_session_capacity=200,
            max_threads=_THREADS,
            allowed_paths=[],
            ssr_mode=False,
            pwa=False,
            mcp_server=False,
            app_kwargs={"docs_url": None, "redoc_url": None, "openapi_url": None},
            **appearance(),
        )
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        sys.stdout.write(f"Ready: http://{f'[{host}]' if ':' in host else host}:{port}\n")
        sys.stdout.flush()
        try:
            threading.Event().wait()
        finally:
            page.close(verbose=False)
    return 0


def _opened(assistant_or_store: Assistant | Path | str) -> Assistant:
    from qa import Assistant

    if isinstance(assistant_or_store, (str, Path)):
        return Assistant.open(assistant_or_store)
    return assistant_or_store


def main() -> int:
    """Serve the default store, made from the shipped articles if there is none."""
    from qa import Assistant

    try:
        return serve(Assistant.open_default())
    except LibraryError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
