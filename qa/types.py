"""What a question turns into: an ``Answer`` and its parts, as the JSON contract has them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Role = Literal["user", "assistant"]
Coverage = Literal["full", "partial", "none"]
Position = Literal["supports", "differs", "silent"]


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier message of the conversation."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class Citation:
    """The exact words of a source: ``document.text[start:end] == quote``."""

    number: int  # 1, 2, 3 … in order of first use; continues in ``nearest``
    doc_id: str
    title: str
    source: str
    language: str
    date: str | None
    page: int | None
    start: int
    end: int
    quote: str
    sha256: str  # of the document's whole text, so that a later reader can tell whether it changed


@dataclass(frozen=True, slots=True)
class Statement:
    """A span of ``Answer.text``, its markers left out, and the citations that hold it."""

    start: int
    end: int
    citations: tuple[int, ...]
    support: str  # how it was checked: "verbatim" for an exact sentence of the source


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One of several values that the sources give for the same thing."""

    value: str
    citations: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Stance:
    """Where one document stands on the answer."""

    doc_id: str
    stance: Position


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one question. ``to_dict`` gives the JSON of the contract."""

    question: str
    standalone_question: str
    language: str
    text: str
    refused: bool
    coverage: Coverage
    confidence: float  # 0..1: how likely the documents answer the question
    statements: tuple[Statement, ...] = ()
    citations: tuple[Citation, ...] = ()
    disagreement: tuple[Disagreement, ...] = ()
    stances: tuple[Stance, ...] = ()
    retrieved: tuple[str, ...] = ()  # document ids, best first
    nearest: tuple[Citation, ...] = ()  # not used in the text; all there is when refused
    clarify: str | None = None  # a question back
    mode: Literal["extractive", "llm"] = "extractive"
    notice: str | None = None
    index: dict[str, str] = field(default_factory=dict)  # generation, fingerprint
    elapsed_ms: dict[str, float] = field(default_factory=dict)  # stage -> milliseconds

    def to_dict(self) -> dict[str, Any]:
        """The answer as dicts, tuples, strings and numbers, ready for ``json.dumps``."""
        return asdict(self)
