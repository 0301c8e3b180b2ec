"""An ``Answer`` as text for a terminal and as Markdown, and the citations of saved answers."""

from __future__ import annotations

import json
import re
import textwrap
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qa.errors import SavedAnswerError
from qa.phrases import PHRASES
from qa.types import Answer, Citation, Withheld

_WIDTH = 88
_BRACKETED = re.compile(r"\[(\d+(?:\s*[,;–-]\s*\d+)*)\]")


def shown(quote: str) -> str:
    r"""A quote as it stands in an answer: on one line, and free of what looks like a marker.

    >>> shown("It grew\n by 4 %. [3]")
    'It grew by 4 %. (3)'
    """
    return _BRACKETED.sub(r"(\1)", " ".join(quote.split()))


def to_text(answer: Answer) -> str:
    """An answer as a person reads it in a terminal: the text, then its sources."""
    parts = [_wrapped(with_notice(answer))]
    if answer.mode == "llm":
        parts.append(_wrapped(written_by(answer)))
    if answer.refused and answer.nearest:
        parts.append(PHRASES["nearest"][answer.language])
    parts += [_source(c, answer.language) for c in (answer.citations or answer.nearest)]
    return printable("\n\n".join(parts))


def with_notice(answer: Answer) -> str:
    """The text with what is to be known of it: before an answer, after a refusal."""
    said = (answer.text, answer.notice) if answer.refused else (answer.notice, answer.text)
    return " ".join(part for part in said if part)


def written_by(answer: Answer) -> str:
    """Which model wrote the answer, and what was done about it."""
    return PHRASES["written_by"][answer.language].format(model=answer.model)


def withheld_text(answer: Answer) -> str:
    """What the model wrote and the sources do not hold, a line each with the reason."""
    lines = (f"✗ {one.text} ({why_withheld(one, answer.language)})" for one in answer.withheld)
    return printable("\n".join(map(_wrapped, lines)))


def why_withheld(one: Withheld, language: str) -> str:
    """Why a statement was left out, in a few words of a language."""
    return "; ".join(
        PHRASES[f"failed_{check.what}"][language].format(words=", ".join(check.found)).rstrip(": ")
        for check in one.support.failed
    )


def _source(citation: Citation, language: str) -> str:
    head = f"[{citation.number}] {_where(citation, language)}"
    quote = _wrapped(f"“{' '.join(citation.quote.split())}”", indent="    ")
    return f"{head}\n{quote}\n    {citation.source}"


def _where(citation: Citation, language: str) -> str:
    page = citation.page and f"{PHRASES['page'][language]} {citation.page}"
    named = [citation.title or citation.doc_id, citation.language, citation.date, page]
    return ", ".join(str(part) for part in named if part)


def _wrapped(text: str, indent: str = "") -> str:
    return textwrap.fill(text, _WIDTH, initial_indent=indent, subsequent_indent=indent)


def one_line(text: str) -> str:
    """``printable`` text on one line, so that no name can forge another line."""
    return printable(" ".join(text.split()))


def printable(text: str) -> str:
    r"""``text`` without what could steer a terminal: controls but line ends, and bidi overrides.

    >>> printable("a\x1b[31mb\n")
    'a[31mb\n'
    """
    return "".join(c for c in text if c == "\n" or unicodedata.category(c) not in {"Cc", "Cf"})


def to_markdown(answer: Answer) -> str:
    """An answer with its citations as footnotes, which ``citations_of`` reads back."""
    said = [_marked(answer), ""]
    notice = [f"*{escaped(answer.notice)}*", ""] if answer.notice else []
    lines = [f"**{escaped(answer.question)}**", ""]
    lines += said + notice if answer.refused else notice + said
    shown = answer.citations or answer.nearest
    if answer.refused and shown:
        marks = " ".join(f"[^{citation.number}]" for citation in shown)
        lines += [f"{PHRASES['nearest'][answer.language]} {marks}", ""]
    if answer.mode == "llm":
        lines += [f"*{escaped(written_by(answer))}* {_hidden_statements(answer)}", ""]
    lines += [_footnote(citation, answer.language) for citation in shown]
    return "\n".join(lines) + "\n"


def _hidden_statements(answer: Answer) -> str:
    """A comment with what a program needs to check the statements again."""
    statements = [
        {"text": answer.text[s.start : s.end], "citations": s.citations} for s in answer.statements
    ]
    return f"<!-- said {_in_comment(statements)} -->"


def _marked(answer: Answer) -> str:
    """The text, each statement followed by its footnote marks instead of ``[n]``."""
    if not answer.statements:
        return escaped(answer.text)
    return " ".join(
        escaped(answer.text[s.start : s.end]) + "".join(f"[^{n}]" for n in s.citations)
        for s in answer.statements
    )


def _footnote(citation: Citation, language: str) -> str:
    # The comment holds what a program needs to find the words again; readers do not see it.
    place = {
        "number": citation.number,
        "doc_id": citation.doc_id,
        "language": citation.language,
        "start": citation.start,
        "end": citation.end,
        "sha256": citation.sha256,
        "quote": citation.quote,
    }
    quote = escaped(" ".join(citation.quote.split()))
    where = escaped(_where(citation, language))
    return f"[^{citation.number}]: “{quote}” — {where} <!-- cite {_in_comment(place)} -->"


def _in_comment(data: object) -> str:
    return json.dumps(data, ensure_ascii=True).replace("--", "\\u002d\\u002d")


def escaped(text: str) -> str:
    """Text in which no character of a source acts as Markdown or HTML."""
    return re.sub(r"([\\`*_{}\[\]<>#|!$~&])", r"\\\1", text)


_HIDDEN = re.compile(r"<!-- cite (\{.*?\}) -->")
_HIDDEN_STATEMENTS = re.compile(r"<!-- said (\[.*?\]) -->")
_FOOTNOTE = re.compile(r"^\[\^\d+\]: ", re.MULTILINE)
_FIELDS = {"number": int, "doc_id": str, "start": int, "end": int, "sha256": str, "quote": str}


@dataclass(frozen=True, slots=True)
class SavedStatement:
    """What a language model wrote, in a saved answer."""

    text: str
    citations: tuple[int, ...]
    is_shown: bool  # whether the saved answer shows it as it was written


def statements_of(saved: str) -> list[SavedStatement]:
    """The statements of a saved answer that a language model wrote.

    Raises:
        SavedAnswerError: its statements are not those of an answer.
    """
    try:
        try:
            loaded = json.loads(saved)
        except ValueError:
            return _statements_in_markdown(saved)
        return [
            SavedStatement(loaded["text"][s["start"] : s["end"]], tuple(s["citations"]), True)
            for s in loaded.get("statements") or ()
            if loaded.get("mode") == "llm" or s["support"]["state"] != "verbatim"
        ]
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise SavedAnswerError(f"Its statements cannot be read ({error!r})") from error


def _statements_in_markdown(saved: str) -> list[SavedStatement]:
    body, *_ = _FOOTNOTE.split(printable(saved))
    hidden = [said for found in _HIDDEN_STATEMENTS.findall(saved) for said in json.loads(found)]
    return [
        SavedStatement(
            said["text"],
            tuple(said["citations"]),
            printable(escaped(said["text"])) + "".join(f"[^{n}]" for n in said["citations"])
            in body,
        )
        for said in hidden
    ]


def unfaithful(saved: str, citations: Sequence[Citation]) -> list[int]:
    """The numbers of the citations whose words a saved answer does not show as they are.

    Its sentences and quotes may have been edited since; what is cited beside them then still
    holds, and proves nothing.

    Raises:
        SavedAnswerError: its statements are not those of an answer.
    """
    try:
        loaded = json.loads(saved)
    except ValueError:
        body, *notes = _FOOTNOTE.split(printable(saved))
        retold = {number for said in statements_of(saved) for number in said.citations}
        return [
            c.number
            for c in citations
            if not _shows(c, body, "".join(notes), retold=c.number in retold)
        ]
    quotes = {citation.number: shown(citation.quote) for citation in citations}
    try:
        return [
            statement["citations"][0]
            for statement in loaded.get("statements") or ()
            if statement["support"]["state"] == "verbatim"
            and loaded["text"][statement["start"] : statement["end"]]
            != quotes[statement["citations"][0]]
        ]
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        raise SavedAnswerError(f"Its statements cannot be read ({error!r})") from error


def _shows(citation: Citation, body: str, notes: str, *, retold: bool) -> bool:
    """Whether Markdown shows a citation's words in its note and, if it leads one, its sentence.

    What is ``retold`` has a sentence in other words.
    """
    mark = f"[^{citation.number}]"
    at = body.find(mark)
    leads = at > 0 and body[at - 1] not in "] " and not retold
    # As it is printed, without characters that steer a terminal.
    sentence = printable(escaped(shown(citation.quote)))
    quote = printable(f"“{escaped(' '.join(citation.quote.split()))}”")
    return quote in notes and (not leads or body[:at].endswith(sentence))


def citations_of(saved: str) -> list[Citation]:
    """The citations of a saved answer, JSON or Markdown; of a refusal the nearest passages.

    Raises:
        SavedAnswerError: it is neither, or a citation lacks a field.
    """
    try:
        loaded = json.loads(saved)
    except RecursionError as error:
        raise SavedAnswerError("It is JSON, but nested too deep to be an answer") from error
    except ValueError:
        found = _hidden(saved)
    else:
        found = _saved(loaded)
    return [_citation(fields) for fields in found]


def _hidden(markdown: str) -> list[object]:
    try:
        found = [json.loads(match) for match in _HIDDEN.findall(markdown)]
    except (ValueError, RecursionError) as error:
        raise SavedAnswerError(f"A citation in it cannot be read ({error})") from error
    if not found:
        raise SavedAnswerError("It is neither an answer in JSON nor one in Markdown")
    return found


def _saved(loaded: object) -> list[object]:
    cited = loaded.get("citations") if isinstance(loaded, dict) else None
    nearest = loaded.get("nearest", []) if isinstance(loaded, dict) else None
    if not isinstance(cited, list) or not isinstance(nearest, list):
        raise SavedAnswerError("It is JSON, but not an answer: it has no list of citations")
    return cited or nearest


def _citation(fields: object) -> Citation:
    if not isinstance(fields, dict):
        raise SavedAnswerError(f"A citation is an object, not {type(fields).__name__}")
    for name, kind in _FIELDS.items():
        if type(fields.get(name)) is not kind:  # isinstance would take True for a number
            raise SavedAnswerError(f"A citation has no {name!r}, or one that is no {kind.__name__}")
    described = {"title": "", "source": "", "language": "", "date": None, "page": None}
    known: dict[str, Any] = {name: fields.get(name, value) for name, value in described.items()}
    return Citation(**known, **{name: fields[name] for name in _FIELDS})
