"""What is true of every answer, whatever was asked of whatever documents."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from index.types import LANGUAGES, Document
from qa.types import Answer
from qa.values import values

# The contract: names that other programs read.
ANSWER_KEYS = {
    "question",
    "standalone_question",
    "language",
    "text",
    "refused",
    "coverage",
    "clarify",
    "confidence",
    "mode",
    "model",
    "withheld",
    "notice",
    "statements",
    "citations",
    "disagreement",
    "stances",
    "retrieved",
    "nearest",
    "index",
    "elapsed_ms",
}
CITATION_KEYS = {
    "number",
    "doc_id",
    "title",
    "source",
    "language",
    "date",
    "page",
    "start",
    "end",
    "quote",
    "sha256",
}
SUPPORT_KEYS = {"state", "checks"}
CHECK_KEYS = {"what", "holds", "found"}
PART_KEYS = {
    "withheld": {"text", "support"},
    "statements": {"start", "end", "citations", "support"},
    "citations": CITATION_KEYS,
    "nearest": CITATION_KEYS,
    "disagreement": {"value", "citations"},
    "stances": {"doc_id", "stance"},
}
_BRACKETS = str.maketrans("[]", "()")


def as_json(answer: Answer) -> dict[str, Any]:
    """The answer as another program reads it: written as JSON and read back."""
    loaded: dict[str, Any] = json.loads(json.dumps(answer.to_dict(), ensure_ascii=False))
    return loaded


def untimed(answer: Answer | Mapping[str, Any]) -> dict[str, Any]:
    """The answer without how long it took, the only thing that may differ between runs."""
    fields = as_json(answer) if isinstance(answer, Answer) else dict(answer)
    return {key: value for key, value in fields.items() if key != "elapsed_ms"}


def check_answer(answer: Answer | Mapping[str, Any], document: Callable[[str], Document]) -> None:
    """Assert everything that the contract promises of an answer.

    ``document`` gives the text of a source, by its id.
    """
    fields = as_json(answer) if isinstance(answer, Answer) else answer
    assert set(fields) == ANSWER_KEYS
    for part, keys in PART_KEYS.items():
        assert [set(item) for item in fields[part]] == [keys] * len(fields[part]), part
    _check_citations([*fields["citations"], *fields["nearest"]], document)
    _check_text(fields["text"], fields["statements"], fields["citations"])
    _check_stances(fields)
    _check_model(fields)
    assert fields["language"] in LANGUAGES
    assert 0 <= fields["confidence"] <= 1
    assert set(fields["index"]) == {"generation", "fingerprint"}
    assert all(ms >= 0 for ms in fields["elapsed_ms"].values())
    if fields["refused"]:
        assert fields["coverage"] == "none"
        assert fields["citations"] == fields["statements"] == fields["disagreement"] == []
    else:
        assert fields["coverage"] in {"full", "partial"}
        assert fields["citations"]
        assert fields["statements"]


def _check_citations(
    citations: Sequence[Mapping[str, Any]], document: Callable[[str], Document]
) -> None:
    assert [c["number"] for c in citations] == list(range(1, len(citations) + 1))
    for citation in citations:
        source = document(citation["doc_id"])
        assert source.text[citation["start"] : citation["end"]] == citation["quote"] != ""
        assert citation["sha256"] == source.sha256
        assert (citation["title"], citation["source"]) == (source.title, source.source)
        assert (citation["language"], citation["date"]) == (source.language, source.date)
        assert citation["page"] == source.page_at(citation["start"])


def _check_text(
    text: str, statements: Sequence[Mapping[str, Any]], citations: Sequence[Mapping[str, Any]]
) -> None:
    """The text is its statements and their markers, and nothing else."""
    quotes = {c["number"]: c["quote"] for c in citations}
    used = [n for statement in statements for n in statement["citations"]]
    assert list(dict.fromkeys(used)) == sorted(quotes)
    assert [int(n) for n in re.findall(r"\[(\d+)\]", text)] == used
    said = [text[s["start"] : s["end"]] for s in statements]
    marks = ["".join(f"[{n}]" for n in s["citations"]) for s in statements]
    if statements:
        assert text == " ".join(f"{one} {mark}" for one, mark in zip(said, marks, strict=True))
    for statement, sentence in zip(statements, said, strict=True):
        quote = " ".join(quotes[statement["citations"][0]].split())
        is_quote = sentence.translate(_BRACKETS) == quote.translate(_BRACKETS)
        support = statement["support"]
        assert set(support) == SUPPORT_KEYS
        assert support["state"] == ("verbatim" if is_quote else "supported")
        assert all(set(check) == CHECK_KEYS and check["holds"] for check in support["checks"])
        whats = [check["what"] for check in support["checks"]]
        assert len(set(whats)) == len(whats)
        assert not whats if is_quote else {"citation", "meaning"} <= set(whats)


def _check_model(fields: Mapping[str, Any]) -> None:
    """Who wrote it, and what it wrote that is not shown."""
    assert fields["mode"] in {"extractive", "llm"}
    assert bool(fields["model"]) == (fields["mode"] == "llm")
    states = {statement["support"]["state"] for statement in fields["statements"]}
    assert fields["mode"] == "llm" or states <= {"verbatim"}
    said = {fields["text"][s["start"] : s["end"]] for s in fields["statements"]}
    for withheld in fields["withheld"]:
        assert set(withheld["support"]) == SUPPORT_KEYS
        assert withheld["support"]["state"] == "unsupported"
        assert not all(check["holds"] for check in withheld["support"]["checks"])
        assert withheld["text"] not in said or fields["mode"] == "extractive"
    assert fields["notice"] or not fields["withheld"]


def _check_stances(fields: Mapping[str, Any]) -> None:
    cited = {c["number"]: c["doc_id"] for c in fields["citations"]}
    quotes = {c["number"]: c["quote"] for c in fields["citations"]}
    assert len(set(fields["retrieved"])) == len(fields["retrieved"])
    if fields["clarify"] is None:
        stances = [s["doc_id"] for s in fields["stances"]]
        assert stances[: len(fields["retrieved"])] == fields["retrieved"]
    speaking = {s["doc_id"] for s in fields["stances"] if s["stance"] != "silent"}
    assert speaking >= set(cited.values())  # copies of what is cited speak too
    assert bool(speaking) == bool(cited)
    for value in fields["disagreement"]:
        # Of one who was there first; a model may cite another.
        known = {v.key for n in value["citations"] for v in values(quotes[n])}
        assert fields["mode"] == "llm" or value["value"] in quotes[value["citations"][0]]
        assert known.issuperset(v.key for v in values(value["value"]))
    if fields["disagreement"]:
        assert len(fields["disagreement"]) >= 2
        assert fields["notice"]
