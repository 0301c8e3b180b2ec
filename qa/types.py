"""What a question turns into: an ``Answer`` and its parts, as the JSON contract has them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Role = Literal["user", "assistant"]
Coverage = Literal["full", "partial", "none"]
Position = Literal["supports", "differs", "silent"]
Mode = Literal["extractive", "llm"]
Checked = Literal[
    "citation", "markup", "value", "quotation", "name", "negation", "role", "meaning", "opinion"
]


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
class Check:
    """One thing that was looked for in the cited sentences of a statement.

    ==========  ================================================================================
    what        holds if
    ==========  ================================================================================
    citation    the statement cites, and all that it cites was given to whoever wrote it
    markup      it has no link, image or HTML that the sentences do not have
    value       each number, amount, share, date and time of it is in them, in whatever words
    quotation   each phrase it has in quotation marks is in them to the letter
    name        each proper name is in them
    negation    it denies what they deny, and says the opposite of nothing they say
    role        who does what to whom is as they have it
    meaning     it means about the same, and has no part that nothing in them comes near
    opinion     the model that wrote it, asked again, does not take it back
    ==========  ================================================================================
    """

    what: Checked
    holds: bool
    found: tuple[str, ...] = ()  # the statement's words that hold, or if it does not, that do not


@dataclass(frozen=True, slots=True)
class Support:
    """How a statement was checked against the sentences it cites, and what was found."""

    state: Literal["verbatim", "supported", "unsupported"]
    checks: tuple[Check, ...] = ()  # of "verbatim" none: it is the first sentence, to the letter

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks that did not hold."""
        return tuple(check for check in self.checks if not check.holds)


VERBATIM = Support("verbatim")


@dataclass(frozen=True, slots=True)
class Statement:
    """A span of ``Answer.text``, its markers left out, and the citations that hold it."""

    start: int
    end: int
    citations: tuple[int, ...]
    support: Support


@dataclass(frozen=True, slots=True)
class Withheld:
    """What a language model wrote and its sources do not hold: no part of the answer."""

    text: str
    support: Support


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
    mode: Mode = "extractive"
    model: str | None = None  # which language model wrote it; None if none did
    withheld: tuple[Withheld, ...] = ()
    notice: str | None = None
    index: dict[str, str] = field(default_factory=dict)  # generation, fingerprint
    elapsed_ms: dict[str, float] = field(default_factory=dict)  # stage -> milliseconds

    def to_dict(self) -> dict[str, Any]:
        """The answer as dicts, tuples, strings and numbers, ready for ``json.dumps``."""
        return asdict(self)
