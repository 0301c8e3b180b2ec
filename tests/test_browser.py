"""The page in a real browser, over the real answers from the shipped articles."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Dialog,
    FilePayload,
    Locator,
    Page,
    ViewportSize,
    expect,
    sync_playwright,
)

from tests.llm_server import Good, LLMServer, Messages, silent

ROOT = Path(__file__).parent.parent
DESKTOP: ViewportSize = {"width": 1280, "height": 800}
SWITCHES = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
ASKED = "How many active users does Parler have?"

expect.set_options(timeout=15_000)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("QA_BROWSER") or next(filter(None, map(shutil.which, names)), None)
    if found is None:
        missing = "no browser: install Chromium, or name one in QA_BROWSER"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=SWITCHES)
        yield started
        started.close()


@contextmanager
def serving(store: Path, **settings: str) -> Iterator[str]:
    """The address of a server of its own over ``store``, with those settings."""
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "qa", "serve", "--port", str(port)],
        cwd=ROOT,
        env={**os.environ, "QA_STORE": str(store), **settings},
        stdout=subprocess.PIPE,
        text=True,
    )
    too_late = threading.Timer(60, server.kill)
    too_late.start()
    assert server.stdout is not None
    ready = next((line for line in server.stdout if line.startswith("Ready: ")), None)
    too_late.cancel()
    try:
        assert ready == f"Ready: http://127.0.0.1:{port}\n"
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)
        server.stdout.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def address(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server over a new store, which it builds from the shipped articles."""
    with serving(tmp_path_factory.mktemp("store")) as address:
        yield address


@dataclass
class Visit:
    """One person at the page, and everything that went wrong there."""

    page: Page
    address: str
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", lambda m: self._note(m.type == "error", f"console: {m.text}"))
        self.page.on("pageerror", lambda error: self._note(True, f"error: {error}"))
        self.page.on("request", lambda r: self._note(self._foreign(r.url), f"request: {r.url}"))
        self.page.on("dialog", self._dismiss)
        self.page.goto(self.address)
        expect(self.page.locator("html.qa-ready")).to_be_visible()

    def _note(self, wrong: bool, what: str) -> None:
        if wrong:
            self.wrong.append(what)

    def _dismiss(self, dialog: Dialog) -> None:
        self.wrong.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _foreign(self, url: str) -> bool:
        return not url.startswith((self.address + "/", "data:", "blob:"))

    @property
    def question(self) -> Locator:
        return self.page.locator("#question textarea")

    @property
    def replies(self) -> Locator:
        return self.page.locator("#chat .answer, #chat .failure")

    def ask(self, question: str) -> Locator:
        """Ask, wait until the reply is whole, and return it."""
        before = self.replies.count()
        self.question.fill(question)
        self.question.press("Enter")
        expect(self.replies).to_have_count(before + 1)
        whole = self.page.locator("#chat .actions, #chat .failure")
        expect(whole).to_have_count(before + 1)
        return self.replies.nth(before)

    def upload(self, name: str, text: str) -> Locator:
        """Add a file and return the report."""
        self.page.get_by_role("tab").nth(2).click()
        self.page.locator("#side input[type=file]").set_input_files(
            FilePayload(name=name, mimeType="text/plain", buffer=text.encode())
        )
        report = self.page.locator("#report .report")
        expect(report).to_be_visible()
        return report


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport=DESKTOP, locale="en-GB")
    yield context
    context.close()


@pytest.fixture
def visit(context: BrowserContext, address: str) -> Iterator[Visit]:
    visit = Visit(context.new_page(), address)
    yield visit
    wrong = list(visit.wrong)  # a page that is closed complains of the connections it loses
    visit.page.close()
    assert wrong == []


def test_a_citation_is_reached_and_opened_by_keyboard_and_shows_the_exact_words(
    visit: Visit,
) -> None:
    answer = visit.ask("Why did Amazon drop Parler?")
    chip = answer.locator(".said a.cite").first
    for _ in range(20):
        visit.page.keyboard.press("Shift+Tab")
        if chip.evaluate("chip => chip === document.activeElement"):
            break
    expect(chip).to_be_focused()
    title = chip.get_attribute("title") or ""
    visit.page.keyboard.press("Enter")

    mark = visit.page.locator("#source mark")
    expect(mark).to_be_in_viewport()
    expect(mark).to_be_focused()
    quote = mark.inner_text()
    assert title.endswith(f"“{quote}”")
    assert any(quote in seed.read_text("utf-8") for seed in (ROOT / "seeds").glob("*.md"))

    visit.page.keyboard.press("Escape")
    expect(chip).to_be_focused()


def test_a_new_answer_is_announced_once_and_no_message_reads_out_its_source(visit: Visit) -> None:
    answer = visit.ask(ASKED)
    announced = visit.page.get_by_role("status").filter(has_text="Answer:")
    expect(announced).to_contain_text(answer.locator(".statement").first.inner_text())
    expect(visit.page.locator("#chat [aria-label*='<']")).to_have_count(0)


def test_what_is_not_in_the_documents_is_refused_with_the_nearest_passages(visit: Visit) -> None:
    answer = visit.ask("What is the capital of Mongolia?")
    expect(answer).to_have_class(re.compile("refused"))
    expect(answer).to_contain_text("Not in the documents")
    answer.locator(".passages a").first.click()
    expect(visit.page.locator("#source mark")).to_be_in_viewport()


FERRY = "The ferry of Ostrenvik was painted green by Mila Torvand."
# What answers it, what comes near and does not hold the day, and what is not in the documents;
# then the words over each, and what leads into the second.
STANDINGS = {
    "en-GB": (
        (
            "Who painted the ferry of Ostrenvik green?",
            "When was the ferry of Ostrenvik painted green?",
            "What is the capital of Mongolia?",
        ),
        ("Found in the documents", "Perhaps in the documents", "Not in the documents"),
        "Not sure; the closest the documents say is:",
        "The documents do not answer this. The texts found do not mention Mongolia.",
    ),
    "de-DE": (
        (
            "Wer hat die Fähre von Ostrenvik grün gestrichen?",
            "Wann wurde die Fähre von Ostrenvik grün gestrichen?",
            "Was ist die Hauptstadt der Mongolei?",
        ),
        ("In den Dokumenten gefunden", "Vielleicht in den Dokumenten", "Nicht in den Dokumenten"),
        "Nicht sicher; am nächsten kommt in den Dokumenten:",
        "Die Dokumente geben darauf keine Antwort. Die gefundenen Texte erwähnen Mongolei nicht.",
    ),
    "nl-NL": (
        (
            "Wie verfde de veerboot van Ostrenvik groen?",
            "Wanneer werd de veerboot van Ostrenvik groen geverfd?",
            "Wat is de hoofdstad van Mongolië?",
        ),
        ("Gevonden in de documenten", "Misschien in de documenten", "Niet in de documenten"),
        "Niet zeker; dit komt er in de documenten het dichtst bij:",
        "De documenten geven hierop geen antwoord. Gevonden teksten noemen Mongolië niet.",
    ),
}
# The contrast of an element's words with what lies behind them, as WCAG 2 counts it.
CONTRAST = """element => {
  const light = ([r, g, b]) => [r, g, b].map(c => c / 255)
    .map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, n) => sum + c * [0.2126, 0.7152, 0.0722][n], 0);
  const colour = (of, name) => (getComputedStyle(of)[name].match(/[0-9.]+/g) ?? []).map(Number);
  let behind = element;
  while (colour(behind, "backgroundColor")[3] === 0) behind = behind.parentElement;
  const both = [light(colour(element, "color")), light(colour(behind, "backgroundColor"))];
  return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
}"""


@pytest.mark.parametrize("locale", STANDINGS)
def test_how_sure_an_answer_is_is_seen_without_colour_and_heard(
    locale: str, browser: Browser, address: str
) -> None:
    questions, leads, closest, refusal = STANDINGS[locale]
    context = browser.new_context(viewport=DESKTOP, locale=locale)
    visit = Visit(context.new_page(), address)
    visit.upload("ostrenvik.txt", f"About Ostrenvik.\n\n{FERRY}\n")
    said = (FERRY, f"{closest} {FERRY}", refusal)
    signs = set()
    for question, kind, lead, words in zip(
        questions, ("stated", "unsure", "refused"), leads, said, strict=True
    ):
        answer = visit.ask(question)
        expect(answer).to_have_class(f"answer {kind}")
        expect(answer.locator(".lead")).to_have_text(lead)
        paragraphs = answer.locator("> p:not(.label)").all()
        shown = " ".join(p.inner_text() for p in paragraphs)
        assert re.sub(r"\s*(Source|Quelle|Bron)?\s+1$", "", shown) == f"{lead} {words}"
        expect(visit.page.locator("#announce")).to_contain_text(f"{lead}. {words}")
        sign = "lead => getComputedStyle(lead, '::before').content"
        signs.add(answer.locator(".lead").evaluate(sign))
        for scheme in ("light", "dark"):
            visit.page.emulate_media(color_scheme=scheme)
            for paragraph in paragraphs:
                assert paragraph.evaluate(CONTRAST) >= 4.5
        visit.page.emulate_media(color_scheme="light")
        # Only now does an empty chat tell that the click was answered: the next question,
        # asked before that, would go with the old conversation.
        visit.page.locator("#new-chat").click()
        expect(visit.replies).to_have_count(0)
    assert len(signs) == 3
    assert all(sign.endswith('/ ""') for sign in signs)  # seen, and not read out
    assert visit.wrong == []
    context.close()


def test_two_sentences_cited_as_one_are_marked_together(visit: Visit) -> None:
    both = "Mila Torvand is the captain of Ostrenvik.\nShe was born in Drovel in 1931."
    visit.upload("torvand.txt", f"About Ostrenvik.\n\n{both}\n")
    answer = visit.ask("Where was Mila Torvand born?")
    expect(answer.locator(".statement")).to_have_text(both)
    answer.locator(".said a.cite").first.click()
    expect(visit.page.locator("#source mark")).to_be_in_viewport()
    assert visit.page.locator("#source mark").inner_text() == both


def test_sources_that_differ_are_a_table_whose_numbers_open_them(visit: Visit) -> None:
    rows = visit.ask(ASKED).locator("table.differ tbody tr")
    expect(rows).to_have_count(2)
    marks = []
    for n in range(2):
        number = rows.nth(n).locator("a.cite").first
        title = number.get_attribute("title") or ""
        number.click()
        mark = visit.page.locator("#source mark")
        expect(mark).to_have_text(title.rpartition(": “")[2].removesuffix("”"))
        marks.append(mark.inner_text())
    assert marks[0] != marks[1]


def test_an_uploaded_document_is_reported_and_answered_from(visit: Visit) -> None:
    fact = "The lighthouse of Drovelmar was painted violet by Ines Tarkwell in 1931."
    report = visit.upload("drovelmar notes.txt", f"About Drovelmar.\n\n{fact}\n")
    expect(report).to_contain_text("Added (1)")
    expect(report).to_contain_text("uploads/drovelmar notes.txt")
    answer = visit.ask("Who painted the lighthouse of Drovelmar violet?")
    answer.locator(".said a.cite").first.click()
    expect(visit.page.locator("#source mark")).to_have_text(fact)


def test_a_refused_upload_says_why(visit: Visit) -> None:
    report = visit.upload("photo.exe", "MZ")
    expect(report).to_contain_text("Not added (1)")
    expect(report).to_contain_text("photo.exe: this kind of file cannot be read")


def test_markup_in_names_questions_and_documents_is_only_text(visit: Visit) -> None:
    fact = (
        "The Quillon beacon <script>alert(1)</script> <img src=x onerror=alert(2)> "
        "$$x^2$$ was lit by Ada Brandt in 1847."
    )
    document = (
        f"# Beacon <iframe src='http://evil.example/'></iframe>\n\n{fact}\n\n"
        "![a](http://evil.example/a.png) [b](javascript:alert(3)) <base href='http://evil.example'>"
        "\n\n```mermaid\ngraph TD\n```\n<svg onload=alert(4)><details open ontoggle=alert(5)>\n"
        "<meta http-equiv=refresh content='0;url=http://evil.example'>\n"
    )
    visit.upload("quillon <img src=x onerror=alert(6)>.md", document)
    nasty = "<img src=x onerror=alert(7)> ![q](http://evil.example/q.png) $$y$$"
    answer = visit.ask(f"{nasty} Who lit the Quillon beacon in 1847?")
    expect(visit.page.locator("#chat .asked").last).to_contain_text(nasty)
    answer.locator(".passages a").first.click()
    expect(visit.page.locator("#source .text")).to_contain_text("![a](http://evil.example/a.png)")
    expect(visit.page.locator("#source mark")).to_contain_text("<script>alert(1)</script>")
    for drawn in ("#chat .message", "#source", "#documents", "#report"):
        inside = visit.page.locator(drawn).locator("img, iframe, script, svg, base, meta, .katex")
        expect(inside).to_have_count(0)
    outside = visit.page.locator("#chat a, #source a").evaluate_all(
        "links => links.map(a => a.getAttribute('href')).filter(href => !href.startsWith('#'))"
    )
    assert outside == []


def test_the_page_speaks_the_browsers_language_and_the_one_chosen_later(
    browser: Browser, address: str
) -> None:
    context = browser.new_context(viewport=DESKTOP, locale="de-AT")
    visit = Visit(context.new_page(), address)
    expect(visit.page.get_by_role("textbox", name="Ihre Frage")).to_be_visible()
    expect(visit.page.get_by_role("tab", name="Dokumente")).to_be_visible()
    visit.ask("Warum hat Amazon Parler abgeschaltet?").locator("a.cite").first.click()
    expect(visit.page.locator("#source mark")).to_be_in_viewport()
    visit.page.get_by_label("Nederlands").check()
    expect(visit.page.get_by_role("textbox", name="Je vraag")).to_be_visible()
    expect(visit.page.get_by_role("heading", name="Vraag het je documenten")).to_be_visible()
    expect(visit.page.get_by_role("button", name="Nieuw gesprek")).to_be_visible()
    expect(visit.page.locator("html[lang=nl]")).to_be_visible()
    expect(visit.page.locator("#chat .answer .label").first).to_have_text("Bronnen")
    expect(visit.page.locator("#source mark")).to_be_visible()
    later = Visit(context.new_page(), address)
    expect(later.page.get_by_role("textbox", name="Je vraag")).to_be_visible()
    assert visit.wrong + later.wrong == []
    context.close()


def test_a_choice_of_language_restricts_what_is_cited(visit: Visit) -> None:
    visit.page.get_by_role("button", name="Where to search: all documents").click()
    visit.page.locator("#scope").get_by_label("German", exact=True).check()
    expect(visit.page.get_by_role("button", name="Where to search: German")).to_be_visible()
    answer = visit.ask("Why did Amazon drop Parler?")
    tags = answer.locator(".passages .lang").all_text_contents()
    assert tags
    assert set(tags) == {"DE"}


def test_the_list_of_documents_finds_and_opens_one(visit: Visit) -> None:
    listed = visit.page.locator("#documents li")
    visit.page.get_by_role("textbox", name="Find a document").fill("matze")
    expect(listed).to_have_count(1)
    listed.get_by_role("link").click()
    heading = visit.page.locator("#source h2")
    expect(heading).to_contain_text("Matze")
    expect(heading).to_be_focused()
    expect(visit.page.locator("#source .facts")).to_contain_text("DE2021-01")


def test_all_folders_are_read_again_on_request(visit: Visit) -> None:
    visit.page.get_by_role("tab", name="Add").click()
    visit.page.get_by_role("button", name="Read all folders again").click()
    expect(visit.page.locator("#report .report")).to_be_visible()
    expect(visit.page.locator("#report")).to_contain_text("Nothing has changed.")


def test_an_answer_is_copied_with_its_footnotes(visit: Visit, context: BrowserContext) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=visit.address)
    visit.ask("Why did Amazon drop Parler?")
    visit.page.get_by_role("link", name="Copy with footnotes").click()
    expect(visit.page.locator("#chat .actions")).to_contain_text("Copied")
    copied = visit.page.evaluate("navigator.clipboard.readText()")
    assert "[^1]" in copied
    assert "\n[^1]: “" in copied


def test_an_error_looks_like_an_error(visit: Visit) -> None:
    failure = visit.ask("x" * 20_000)
    expect(failure).to_have_attribute("role", "alert")
    expect(failure).to_contain_text("That did not work")


def test_two_visits_do_not_share_a_conversation(visit: Visit, context: BrowserContext) -> None:
    visit.ask(ASKED)
    other = Visit(context.new_page(), visit.address)
    expect(other.page.locator("#chat .welcome")).to_be_visible()
    expect(other.replies).to_have_count(0)
    other.page.close()


def test_nothing_is_wider_than_a_phone(visit: Visit) -> None:
    def assert_fits() -> None:
        for width in (360, 390):
            visit.page.set_viewport_size({"width": width, "height": 844})
            wide = visit.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0

    assert_fits()
    answer = visit.ask(ASKED)
    assert_fits()
    answer.locator("a.cite").first.click()
    expect(visit.page.locator("#source mark")).to_be_in_viewport()
    assert_fits()
    visit.ask("W" * 300)
    assert_fits()


# With a language model


GAB = "How many new users does Gab report each day?"
EXACT = "Gab krijgt er naar eigen opgave nu elke dag 600.000 nieuwe gebruikers bij."
TOLD, FALSE = "Gab reports 600,000 new users a day.", "Gab reports 700,000 new users a day."


def citing(*said: str, words: str = "600.000") -> Callable[[Messages], str]:
    """Says that, each sentence citing the one in the prompt that holds those words."""

    def reply(messages: Messages) -> str:
        lines = re.findall(r"^\[(\w+)\] \(.*\) (.*)$", str(messages[-1]["content"]), re.MULTILINE)
        cited = next(id_ for id_, sentence in lines if words in sentence)
        return " ".join(f"{one} [{cited}]" for one in said)

    return reply


@pytest.fixture(scope="module")
def writer() -> Iterator[LLMServer]:
    """Where the model is; a test sets what it answers."""
    with LLMServer(Good(""), models=("llama-test",)) as server:
        yield server


@pytest.fixture(scope="module")
def model_address(browser: Browser, seed_store: Path, writer: LLMServer) -> Iterator[str]:
    """A server whose answers a language model may write."""
    with serving(seed_store, QA_LLM=writer.url, QA_LLM_MODEL="llama-test") as address:
        yield address


@pytest.fixture
def told(context: BrowserContext, model_address: str) -> Iterator[Visit]:
    """A visit to that one."""
    told = Visit(context.new_page(), model_address)
    yield told
    wrong = list(told.wrong)
    told.page.close()
    assert wrong == []


def wait_for(happened: Callable[[], object], seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)


def test_a_models_answer_names_it_and_shows_what_holds_and_what_was_left_out(
    told: Visit, writer: LLMServer
) -> None:
    writer.play = Good(citing(TOLD, FALSE, EXACT))
    answer = told.ask(GAB)
    expect(answer.locator(".statement")).to_have_text([TOLD, EXACT])
    written = answer.locator("details.written")
    expect(written.locator("summary")).to_have_text(
        "Written by llama-test; each sentence was compared with the source it cites."
    )
    expect(written.locator("li")).to_have_count(2)
    expect(written.locator("li").first).not_to_be_visible()
    written.locator("summary").click()
    expect(written.locator(".why").first).to_contain_text("numbers and dates (600,000)")
    for n in range(2):
        chip = answer.locator(".said a.cite").nth(n)
        chip.click()
        mark = told.page.locator("#source mark")
        expect(mark).to_have_text(EXACT)
        expect(mark).to_be_focused()
        told.page.keyboard.press("Escape")
        expect(chip).to_be_focused()
    left_out = answer.locator("details.withheld")
    struck = left_out.locator("s")
    expect(left_out.locator("summary")).to_have_text(
        "Left out: 1 sentence that the sources do not hold"
    )
    expect(struck).not_to_be_visible()
    left_out.locator("summary").press("Enter")
    expect(struck).to_be_visible()
    expect(struck).to_have_text(FALSE)
    expect(struck).to_have_css("text-decoration-line", "line-through")
    expect(left_out.locator(".why")).to_have_text("not in the source: 700,000")
    expect(told.page.locator("#announce")).to_contain_text(TOLD)
    expect(told.page.locator("#announce")).not_to_contain_text("700,000")


def test_a_person_switches_to_exact_sentences_and_back_and_the_model_is_asked_once(
    told: Visit, writer: LLMServer, context: BrowserContext
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=told.address)
    writer.play = Good(citing(TOLD))
    n_asked = len(writer.asked)
    answer = told.ask(GAB)
    said = answer.locator(".statement")

    def copied() -> str:
        told.page.get_by_role("link", name="Copy with footnotes").click()
        expect(told.page.locator("#chat .actions")).to_contain_text("Copied")
        return str(told.page.evaluate("navigator.clipboard.readText()"))

    assert "600,000 new users" in copied()
    told.page.get_by_role("link", name="Exact sentences instead").press("Enter")
    expect(said).to_have_text(EXACT)
    expect(answer.locator(".written")).to_have_text("Exact sentences of the sources")
    assert "600,000 new users" not in copied()
    back = told.page.get_by_role("link", name="Back to the model’s answer")
    back.focus()
    told.page.keyboard.press("Enter")
    expect(said).to_have_text(TOLD)
    expect(told.page.get_by_role("link", name="Exact sentences instead")).to_be_focused()
    assert len(writer.asked) == n_asked + 1


def test_what_is_hostile_in_a_reply_is_only_text_that_was_left_out(
    told: Visit, writer: LLMServer
) -> None:
    nasty = (
        "Gab <img src=x onerror=alert(1)> grew to 600,000 a day.",
        "Gab ![grew](http://evil.example/a.png) by 600,000 a day.",
        "Gab [grew](javascript:alert(2)) by 600,000 a day.",
        "<script>alert(3)</script><details open ontoggle=alert(4)> Gab gains 600,000 a day.",
        "</s></details><iframe src='http://evil.example'></iframe> Gab gains 600,000 a day.",
        "$$x^2$$ <svg onload=alert(5)> Gab gains 600,000 a day.",
    )
    writer.play = Good(citing(TOLD, *nasty))
    answer = told.ask(GAB)
    expect(answer.locator(".statement")).to_have_text(TOLD)
    answer.locator("details.withheld summary").click()
    struck = answer.locator("details.withheld s")
    expect(struck.first).to_be_visible()
    shown = " ".join(struck.all_inner_texts())
    assert "<img src=x onerror=alert(1)>" in shown
    assert "![grew](http://evil.example/a.png)" in shown
    drawn = told.page.locator("#chat .message").locator("img, iframe, script, svg, .katex")
    expect(drawn).to_have_count(0)
    expect(told.page.locator("#chat details[open]")).to_have_count(1)
    links = told.page.locator("#chat a").evaluate_all(
        "links => links.map(a => a.getAttribute('href')).filter(href => !href.startsWith('#'))"
    )
    assert links == []


def test_a_model_that_is_not_there_is_told_of_and_exact_sentences_are_given(
    browser: Browser, seed_store: Path
) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}/v1"
    with serving(seed_store, QA_LLM=nowhere, QA_LLM_MODEL="llama-test") as address:
        context = browser.new_context(viewport=DESKTOP, locale="nl-NL")
        visit = Visit(context.new_page(), address)
        expect(visit.page.locator("#trouble")).to_have_text(
            "Het taalmodel llama-test is nu niet bruikbaar. "
            "Tot het weer werkt, krijg je letterlijke zinnen uit je documenten."
        )
        visit.page.get_by_label("Deutsch").check()
        expect(visit.page.locator("#trouble")).to_contain_text("Sprachmodell llama-test")
        answer = visit.ask("Hoeveel nieuwe gebruikers krijgt Gab elke dag?")
        expect(answer.locator(".notice")).to_contain_text("llama-test gaf geen antwoord")
        expect(answer.locator(".statement").first).to_have_text(EXACT)
        expect(answer.locator(".written")).to_have_text("Wörtliche Sätze der Quellen")
        expect(visit.page.locator("#chat a[href^='#other-']")).to_have_count(0)
        assert visit.wrong == []
        context.close()


def test_where_the_model_works_there_is_no_word_of_trouble(told: Visit) -> None:
    told.page.wait_for_timeout(500)
    expect(told.page.locator("#trouble")).not_to_be_visible()


def test_an_answer_grows_and_is_stopped_with_what_there_is(told: Visit, writer: LLMServer) -> None:
    writer.play = Good(
        citing(TOLD, EXACT, *(f"Gab gains {n},000 users." for n in range(99))), 7, 0.1
    )
    told.question.fill(GAB)
    told.question.press("Enter")
    expect(told.page.locator("#chat .waiting")).to_contain_text("llama-test is writing.")
    expect(told.page.locator("#chat .statement")).to_have_text(TOLD)
    expect(told.page.locator("#chat p.waiting")).to_be_visible()
    told.question.fill("my next question")
    expect(told.page.locator("#chat .statement")).to_have_text([TOLD, EXACT])
    assert told.question.input_value() == "my next question"
    told.page.get_by_role("button", name="Stop").click()
    expect(told.page.locator("#chat p.stopped")).to_have_text(
        "Stopped; there may have been more to say."
    )
    expect(told.question).to_be_focused()
    expect(told.page.get_by_role("button", name="Ask")).to_be_visible()
    expect(told.page.get_by_role("button", name="Stop")).to_have_count(0)
    wait_for(lambda: writer.asked[-1].hung_up)
    writer.play = Good(citing(TOLD))
    expect(told.ask(GAB).locator(".statement")).to_have_text(TOLD)
    expect(told.page.locator("#chat .asked")).to_have_count(2)


@pytest.mark.parametrize("how", ["leaves", "starts anew"])
def test_who_leaves_or_starts_anew_stops_the_model(
    how: str, writer: LLMServer, context: BrowserContext, model_address: str
) -> None:
    writer.play = Good("word " * 2_000, 7, 0.1)
    visit = Visit(context.new_page(), model_address)
    n_asked = len(writer.asked)
    visit.question.fill(GAB)
    visit.question.press("Enter")
    wait_for(lambda: len(writer.asked) > n_asked)
    expect(visit.page.get_by_role("button", name="Stop")).to_be_visible()
    if how == "leaves":
        visit.page.close()
    else:
        visit.page.locator("#new-chat").click()
        expect(visit.replies).to_have_count(0)
    wait_for(lambda: writer.asked[-1].hung_up)
    if how == "starts anew":
        visit.page.wait_for_timeout(600)
        expect(visit.replies).to_have_count(0)
        writer.play = Good(citing(TOLD))
        expect(visit.ask(GAB).locator(".statement")).to_have_text(TOLD)
        visit.page.close()


def test_several_people_ask_a_slow_model_at_once_and_the_page_goes_on(
    writer: LLMServer, browser: Browser, model_address: str
) -> None:
    writer.play = silent
    n_asked = len(writer.asked)
    # Of one browser all pages share six connections, of which each holds two.
    contexts = [browser.new_context(viewport=DESKTOP, locale="en-GB") for _ in range(4)]
    visits = [Visit(context.new_page(), model_address) for context in contexts]
    for visit in visits:
        visit.question.fill(GAB)
        visit.question.press("Enter")
    wait_for(lambda: len(writer.asked) == n_asked + 4)
    visits[0].page.locator("#documents a").first.click()
    expect(visits[0].page.locator("#source h2")).to_be_visible()
    for visit in visits:
        visit.page.get_by_role("button", name="Stop").click()
        expect(visit.page.locator("#chat .stopped")).to_have_text("Stopped.")
    visits[0].page.get_by_role("link", name="Exact sentences instead").click()
    expect(visits[0].page.locator("#chat .statement").first).to_have_text(EXACT)
    assert [visit.wrong for visit in visits] == [[]] * 4
    for context in contexts:
        context.close()


def test_a_models_answer_fits_a_phone_and_can_be_read_in_the_dark(
    told: Visit, writer: LLMServer
) -> None:
    writer.play = Good(citing(TOLD, EXACT, FALSE, "W" * 300 + " 7."))
    answer = told.ask(GAB)
    for summary in answer.locator("summary").all():
        summary.click()
    for scheme in ("light", "dark"):
        told.page.emulate_media(color_scheme=scheme)
        small = answer.locator(".written li span, .withheld s, .why, summary").all()
        assert all(one.evaluate(CONTRAST) >= 4.5 for one in small)
    for width in (360, 390):
        told.page.set_viewport_size({"width": width, "height": 844})
        wide = told.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0
