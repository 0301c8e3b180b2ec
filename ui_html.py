"""What a person sees, as HTML: answers, sources, lists and reports, in three languages.

Pure functions of plain data; Gradio is not known here. Whatever comes from a document, a question,
an answer or a file name passes through ``plain`` on its way to the screen.
"""

from __future__ import annotations

import json
import string
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import quote

from index.types import BuildReport, Document, DocumentEntry, Refused
from qa.phrases import PHRASES
from qa.render import why_withheld, with_notice, written_by
from qa.types import Answer, Check, Citation, Support

Texts = dict[str, str]  # the words of the page in one language, by name
TEXTS: dict[str, Texts] = json.loads(Path(__file__).with_name("ui_texts.json").read_text("utf-8"))

WINDOW_CHARS = 20_000  # of a long document: about seven printed pages, which a phone draws at once
MAX_LISTED = 200  # rows of a list that a person scrolls through

_AS_REFERENCE = {ord(sign): f"&#{ord(sign)};" for sign in string.punctuation + "\t\n\r"}
_AS_REFERENCE |= dict.fromkeys(range(0xD800, 0xE000), "\N{REPLACEMENT CHARACTER}")


def plain(text: str) -> str:
    r"""HTML that shows exactly ``text``: every sign that HTML or Markdown knows is a reference.

    Line ends too, so that a block of HTML has no blank line, at which Markdown would wake up.

    >>> plain("<b>\n*a*")
    '&#60;b&#62;&#10;&#42;a&#42;'
    """
    return text.translate(_AS_REFERENCE)


def cite_reference(turn: int, number: int) -> str:
    """The link to citation ``number`` of the ``turn``-th answer; both count from 1."""
    return f"#cite-{turn}-{number}"


def document_reference(doc_id: str, offset: int = 0) -> str:
    """The link to a document, opened at ``offset``; ``@`` cannot occur in a quoted id.

    >>> document_reference("a b@c.md", 7)
    '#doc-a%20b%40c.md@7'
    """
    return f"#doc-{quote(doc_id, safe='', errors='replace')}@{offset}"


def language_tag(language: str, t: Texts) -> str:
    """The small sign that names a source's language."""
    name = t.get(f"lang_{language}", t["lang_other"])
    return f'<abbr class="lang" title="{plain(name)}">{plain(language.upper() or "?")}</abbr>'


def place(citation: Citation, t: Texts) -> list[str]:
    """Where a citation stands: title, date and page, as far as they are known.

    >>> place(Citation(1, "a", "A", "a", "nl", "2021", 3, 0, 1, "q", ""), {"page": "page {n}"})
    ['A', '2021', 'page 3']
    """
    page = t["page"].format(n=citation.page) if citation.page else ""
    return [part for part in (citation.title or citation.doc_id, citation.date, page) if part]


def place_html(citation: Citation, t: Texts) -> str:
    """The same on one line, on which a date stays in one piece."""
    return " · ".join(f"<span>{plain(part)}</span>" for part in place(citation, t))


def chip(citation: Citation, turn: int, t: Texts) -> str:
    """The number that opens a citation; its title tells the quote and where it stands."""
    told = plain(f"{' · '.join(place(citation, t))}: “{citation.quote}”")
    hidden = f'<span class="unseen">{plain(t["source_number"].format(n=""))}</span>'
    href = cite_reference(turn, citation.number)
    return f'<a class="cite" href="{href}" title="{told}">{hidden}{citation.number}</a>'


def passages(citations: Iterable[Citation], turn: int, t: Texts, *, quoted: bool) -> str:
    """A list of citations as links, with their words if ``quoted``."""
    rows = []
    for c in citations:
        words = f'<q lang="{plain(c.language)}">{plain(c.quote)}</q>' if quoted else ""
        rows.append(
            f'<li><a href="{cite_reference(turn, c.number)}"><span class="number">{c.number}</span>'
            f'<span class="about">{language_tag(c.language, t)} {place_html(c, t)}{words}</span>'
            "</a></li>"
        )
    return f'<ul class="passages">{"".join(rows)}</ul>'


def statements_html(answer: Answer, turn: int, t: Texts) -> str:
    """The answer's text, each statement followed by its citations as links.

    Built from the spans alone: a source may hold a "[3]" of its own.
    """
    by_number = {c.number: c for c in answer.citations}
    pieces, at = [], 0
    for statement in sorted(answer.statements, key=lambda s: s.start):
        cited = [by_number[n] for n in statement.citations if n in by_number]
        exact = cited and statement.support.state == "verbatim"
        language = cited[0].language if exact else answer.language
        words = plain(answer.text[statement.start : statement.end])
        pieces.append(plain(answer.text[at : statement.start]))
        pieces.append(f'<span class="statement" lang="{plain(language)}">{words}</span>')
        # Where no model wrote, everything is exact words, and needs no sign.
        pieces.append(_sign(statement.support, t) if answer.mode == "llm" else "")
        pieces += [chip(c, turn, t) for c in cited]
        at = past_markers(answer.text, statement.end, statement.citations)
    pieces.append(plain(answer.text[at:]))
    return "".join(pieces)


def _sign(support: Support, t: Texts) -> str:
    """A small sign of how a statement is held by its source, which says so in words, too."""
    told = plain(held(support, t))
    unseen = f'<span class="unseen"> ({told})</span>'
    return f'<span class="held {support.state}" title="{told}">{unseen}</span>'


def held(support: Support, t: Texts) -> str:
    """How a statement is held by its source, and what of it was compared.

    >>> held(Support("supported", (Check("value", True, ("4 %", "10")),)), TEXTS["en"])
    'in other words, compared with the source: numbers and dates (4 %; 10)'
    """
    # That it cites something is seen from its numbers.
    compared = [_compared(check, t) for check in support.checks if check.what != "citation"]
    told = t[f"held_{support.state}"]
    return f"{told}: {', '.join(compared)}" if compared else told


def _compared(check: Check, t: Texts) -> str:
    found = f" ({'; '.join(check.found)})" if check.found else ""
    return t[f"check_{check.what}"] + found


def past_markers(text: str, at: int, numbers: Iterable[int]) -> int:
    """The offset behind the markers of ``numbers`` that follow ``at``; ``at`` if none do.

    >>> past_markers("So. [1] [2] More", 3, (1, 2))
    11
    """
    for number in numbers:
        marker = f"[{number}]"
        start = at + text[at:].startswith(" ")
        if not text.startswith(marker, start):
            break
        at = start + len(marker)
    return at


def answer_html(answer: Answer, turn: int, t: Texts, *, has_model: bool = False) -> str:
    """One answer as the chat shows it: asked back, refused, or stated, and how surely.

    Where there is a language model, it is said who wrote the answer.
    """
    language, kind = plain(answer.language), standing(answer)
    said = plain(answer.text) if answer.refused else statements_html(answer, turn, t)
    body = f'<p class="said" lang="{language}">{said}</p>'
    notice = _notice(answer)
    if notice:
        told = f'<p class="notice" lang="{language}">{plain(notice)}</p>'
        # It leads into an answer, and adds to a refusal.
        body = body + told if answer.refused else told + body
    table = disagreement_html(answer, turn, t) if answer.disagreement else ""
    writer = writer_html(answer, t) if has_model else ""
    return (
        f'<div class="answer {kind}"><p class="lead">{plain(t[kind])}</p>'
        f"{body}{table}{writer}{_sources(answer, turn, t)}{withheld_html(answer, t)}</div>"
    )


def writer_html(answer: Answer, t: Texts) -> str:
    """Who wrote the answer; if a model did, behind it how each statement was checked."""
    if answer.mode == "extractive":
        return "" if answer.refused else f'<p class="written">{plain(t["exact"])}</p>'
    if answer.refused:
        return f'<p class="written">{plain(t["none_by_model"].format(model=answer.model))}</p>'
    rows = "".join(
        f'<li><span lang="{plain(answer.language)}">{plain(answer.text[s.start : s.end])}</span>'
        f'<span class="why">{plain(held(s.support, t))}</span></li>'
        for s in answer.statements
    )
    told = f'<summary lang="{plain(answer.language)}">{plain(written_by(answer))}</summary>'
    return f'<details class="written">{told}<ul>{rows}</ul></details>'


def withheld_html(answer: Answer, t: Texts) -> str:
    """What a model wrote and the sources do not hold: shut away, struck through, and why."""
    if not answer.withheld:
        return ""
    language, left_out = plain(answer.language), plain(t["left_out"])
    rows = "".join(
        f'<li><span class="unseen">{left_out} </span><s lang="{language}">{plain(one.text)}</s>'
        f'<span class="why" lang="{language}">'
        f"{plain(why_withheld(one, answer.language).strip())}</span></li>"
        for one in answer.withheld
    )
    key = "withheld_one" if len(answer.withheld) == 1 else "withheld_many"
    told = plain(t[key].format(n=len(answer.withheld)))
    return f'<details class="withheld"><summary>{told}</summary><ul>{rows}</ul></details>'


def standing(answer: Answer) -> str:
    """How sure the answer is: the name of its look, and of the words that say so."""
    if answer.refused:
        return "clarify" if answer.clarify else "refused"
    return "stated" if answer.coverage == "full" else "unsure"


def _notice(answer: Answer) -> str:
    """What is to be known of the answer, without what is said below it already."""
    notice = answer.notice or ""
    said = [*PHRASES["disagreement"].values()] if answer.disagreement else []
    if answer.withheld:
        said += [phrase.format(n=len(answer.withheld)) for phrase in PHRASES["withheld"].values()]
    for phrase in said:
        notice = notice.replace(phrase, "")
    return " ".join(notice.split())


def announcement_html(answer: Answer, t: Texts) -> str:
    """The answer as it is read out once it is whole: how sure it is, then all that it says."""
    lead = plain(f"{t['announce']} {t[standing(answer)]}.")
    said = f'<span lang="{plain(answer.language)}">{plain(with_notice(answer))}</span>'
    return f"<p>{lead} {said}</p>"


def disagreement_html(answer: Answer, turn: int, t: Texts) -> str:
    """The values that the sources give, and who gives them."""
    by_number = {c.number: c for c in (*answer.citations, *answer.nearest)}
    rows = []
    for side in answer.disagreement:
        who = "".join(
            f'<span class="by">{chip(c, turn, t)} {place_html(c, t)}</span>'
            for c in map(by_number.get, side.citations)
            if c
        )
        rows.append(f'<tr><th scope="row">{plain(side.value)}</th><td>{who}</td></tr>')
    head = f'<th scope="col">{plain(t["value"])}</th><th scope="col">{plain(t["stated_by"])}</th>'
    return (
        f'<table class="differ"><caption>{plain(t["differ"])}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def _sources(answer: Answer, turn: int, t: Texts) -> str:
    """The list of what is cited, and of what came close."""
    near = passages(answer.nearest, turn, t, quoted=True)
    if not answer.citations:
        return f'<p class="label">{plain(t["nearest"])}</p>{near}' if answer.nearest else ""
    listed = passages(answer.citations, turn, t, quoted=False)
    more = f"<details><summary>{plain(t['nearest_more'])}</summary>{near}</details>"
    label = f'<p class="label">{plain(t["sources"])}</p>'
    return label + listed + (more if answer.nearest else "")


def actions_html(turn: int, t: Texts, *, copy: bool, way: str = "") -> str:
    """The links below an answer, outside of which the answer itself stays quotable.

    ``copy``: it can be copied. ``way``: the words of the link to the other answer, if there is one.
    """
    links = [f'<a href="#copy-{turn}">{plain(t["copy"])}</a>'] if copy else []
    links += [f'<a href="#other-{turn}">{plain(t[way])}</a>'] if way else []
    return f'<p class="actions">{" ".join(links)}</p>' if links else ""


def waiting_html(t: Texts, writer: str = "") -> str:
    """What stands in the answer's place until there is one; ``writer``: the model that writes."""
    said = t["writing"].format(model=writer) if writer else t["searching"]
    return f'<div class="answer waiting">{plain(said)}</div>'


def writing_html(t: Texts, writer: str) -> str:
    """What stands below an answer that a model is still writing."""
    return paragraph_html(t["writing"].format(model=writer), "waiting")


def stopped_html(t: Texts) -> str:
    """What stands in the place of an answer that was stopped before there was any of it."""
    return f'<div class="answer stopped">{plain(t["stopped"])}</div>'


def trouble_html(model: str, t: Texts) -> str:
    """That the language model cannot be used, and what there is instead."""
    said = plain(t["model_trouble"].format(model=model))
    return f'<p class="notice" role="status">{said}</p>'


def question_html(question: str) -> str:
    """What the person asked."""
    return f'<div class="asked" dir="auto">{plain(question)}</div>'


def failure_html(message: str, t: Texts) -> str:
    """What went wrong and what to do, set apart from every answer."""
    said = f'<p class="lead">{plain(t["failed"])}</p><p>{plain(message)}</p>'
    return f'<div class="failure" role="alert">{said}</div>'


def window(size: int, start: int, end: int) -> tuple[int, int]:
    """The part of a text of ``size`` characters to show around ``start:end``, at most WINDOW_CHARS.

    >>> window(100_000, 50_000, 50_100)
    (40050, 60050)
    >>> window(300, 10, 20)
    (0, 300)
    """
    spare = max(0, WINDOW_CHARS - (end - start))
    first = max(0, min(start - spare // 2, size - WINDOW_CHARS))
    return first, min(size, max(first + WINDOW_CHARS, end))


def source_html(document: Document, t: Texts, citation: Citation | None = None, at: int = 0) -> str:
    """A document as the panel shows it: around ``citation``, marked, or else from ``at`` on."""
    size, start, end, note = len(document.text), at, at, ""
    if citation and document.text[citation.start : citation.end] == citation.quote:
        start, end = citation.start, citation.end
    elif citation:
        changed = f"{plain(t['quote_gone'])}<q>{plain(citation.quote)}</q>"
        note = f'<p class="notice" role="note">{changed}</p>'
    first, last = window(size, start, end) if citation else (at, min(size, at + WINDOW_CHARS))
    before, words, after = (
        plain(document.text[a:b]) for a, b in ((first, start), (start, end), (end, last))
    )
    mark = f'<mark tabindex="-1">{words}</mark>' if words else ""
    text = f'<div class="text" lang="{plain(document.language)}" dir="auto">'
    steps = _steps(document, first, last, t)
    return (
        f"<article>{_about(document, start, t, back=citation is not None)}{note}{steps}"
        f"{text}{before}{mark}{after}</div>{steps}</article>"
    )


def _about(document: Document, offset: int, t: Texts, *, back: bool) -> str:
    """The head of the panel: what the document is, where ``offset`` lies, and the way back."""
    page = document.page_at(offset)
    facts = [
        language_tag(document.language, t),
        plain(document.date or ""),
        plain(t["page"].format(n=page)) if page else "",
        f'<span class="where">{plain(document.source)}</span>',
    ]
    listed = "".join(f"<span>{fact}</span>" for fact in facts if fact)
    title = plain(document.title or document.id)
    link = f'<a class="back" href="#back">{plain(t["back"])}</a>' if back else ""
    return (
        f'<header><h2 tabindex="-1" lang="{plain(document.language)}">{title}</h2>'
        f'<p class="facts">{listed}</p>{link}</header>'
    )


def _steps(document: Document, first: int, last: int, t: Texts) -> str:
    """Which part of a long text is shown, and links to the parts before and after it."""
    size = len(document.text)
    if last - first >= size:
        return ""
    shown = plain(t["window"].format(start=f"{first + 1:,}", end=f"{last:,}", n=f"{size:,}"))
    earlier = document_reference(document.id, max(0, first - WINDOW_CHARS))
    later = document_reference(document.id, last)
    return (
        '<p class="steps">'
        + (f'<a href="{plain(earlier)}">← {plain(t["earlier"])}</a>' if first else "")
        + f"<span>{shown}</span>"
        + (f'<a href="{plain(later)}">{plain(t["later"])} →</a>' if last < size else "")
        + "</p>"
    )


def matching(entries: Iterable[DocumentEntry], words: str) -> list[DocumentEntry]:
    """The documents whose title, id or source holds all of ``words``, in whatever case."""
    wanted = words.casefold().split()
    return [
        e for e in entries if all(w in f"{e.title}\n{e.id}\n{e.source}".casefold() for w in wanted)
    ]


def documents_html(entries: Sequence[DocumentEntry], t: Texts, *, searched: bool) -> str:
    """The list of documents, each a link that opens it; ``searched``: there may be others."""
    if not entries:
        return f'<p class="empty">{plain(t["none_found" if searched else "none_yet"])}</p>'
    rows = "".join(
        f'<li><a href="{plain(document_reference(e.id))}">{language_tag(e.language, t)}'
        f'<span class="about"><span class="title" lang="{plain(e.language)}">'
        f"{plain(e.title or e.id)}</span>"
        f'<span class="where">{plain(" · ".join(filter(None, (e.date, e.id))))}</span></span>'
        "</a></li>"
        for e in entries[:MAX_LISTED]
    )
    more = t["more_documents"].format(shown=MAX_LISTED, n=f"{len(entries):,}")
    note = f'<p class="empty">{plain(more)}</p>' if len(entries) > MAX_LISTED else ""
    return f'<ul class="documents">{rows}</ul>{note}'


def reason(words: str, t: Texts) -> str:
    """Why a file was refused, in the page's language: by the longest beginning that it knows.

    >>> reason("is larger than 50 MB", TEXTS["nl"]), reason("is larger than 50 MB", TEXTS["en"])
    ('is te groot; splits het bestand', 'is larger than 50 MB')
    """
    known = [key for key in t if key.startswith("reason ") and f"reason {words}".startswith(key)]
    if not known:
        return words
    longest = max(known, key=len)
    english = TEXTS["en"][longest]
    return words if t[longest] == english else t[longest]


def report_html(report: BuildReport | None, refused: Sequence[Refused], t: Texts) -> str:
    """What a build did, list by list; ``refused`` are files that never reached it."""
    done = {key: getattr(report, key, ()) for key in ("added", "changed", "removed")}
    lists = [_named_list(t[key], [plain(d) for d in ids], t) for key, ids in done.items() if ids]
    if report and report.mended:
        lists.insert(0, paragraph_html(t["mended"]))
    refused = [*refused, *(report.refused if report else ())]
    if refused:
        rows = [
            f"<strong>{plain(Path(r.source).name)}</strong>: {plain(reason(r.reason, t))}"
            for r in refused
        ]
        lists.append(_named_list(t["refused_files"], rows, t))
    lead = t["report_none" if refused and not any(done.values()) else "report"]
    body = "".join(lists) or f"<p>{plain(t['report_nothing'])}</p>"
    return f'<div class="report" role="status"><p class="lead">{plain(lead)}</p>{body}</div>'


def _named_list(name: str, rows: Sequence[str], t: Texts) -> str:
    shown = "".join(f"<li>{row}</li>" for row in rows[:MAX_LISTED])
    rest = len(rows) - MAX_LISTED
    more = f"<li>{plain(t['and_more'].format(n=rest))}</li>" if rest > 0 else ""
    return f'<p class="label">{plain(name)} ({len(rows)})</p><ul>{shown}{more}</ul>'


def counted(n_documents: int, t: Texts) -> str:
    """So many documents, as text."""
    key = "documents_one" if n_documents == 1 else "documents_many"
    return t[key].format(n=f"{n_documents:,}")


def heading_html(n_documents: int, t: Texts) -> str:
    """The name of the page and what it rests on."""
    count = f"<span>{plain(counted(n_documents, t))}</span>"
    return f"<h1>{plain(t['name'])}</h1><p>{plain(t['tagline'])} {count}</p>"


def welcome_html(t: Texts, model: str = "") -> str:
    """What stands in an empty conversation; ``model``: the one that writes the answers."""
    more = t["welcome_model"].format(model=model) if model else t["welcome_more"]
    said = f"<h2>{plain(t['welcome'])}</h2><p>{plain(more)}</p>"
    return f'<div class="welcome">{said}</div>'


def add_html(megabytes: int, t: Texts, model: str = "") -> str:
    """What files may be added, and who gets to see them."""
    said = t["add_lead"].format(megabytes=megabytes, kinds=t["kinds"])
    return paragraph_html(f"{said} {t['add_model'].format(model=model)}" if model else said)


def paragraph_html(text: str, kind: str = "") -> str:
    """One paragraph of the page's own words."""
    return f'<p class="{kind}">{plain(text)}</p>'
