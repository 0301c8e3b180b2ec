"""What a language model wrote → sentences, each with the ids it cites.

It knows nothing of which ids there are, nor whether a sentence is true.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# Whatever stands in brackets on one line is taken for ids: "[k7f2]", "[k7f2, m3x9]", "[5,7]",
# "[0]", "【k7f2】", "[[k7f2]]". Invented ids are ids, too: a sentence that cites one is to be found
# out, not cleaned up. So is a link, "[text](address)", which therefore stays.
_INSIDE = 120
_MARKER = re.compile(rf"[ \t]{{0,9}}[\[【]{{1,2}}([^\[\]【】\n]{{0,{_INSIDE}}})[\]】]{{1,2}}(?!\()")
_ID = re.compile(r"[^\s,;&^]+")
# One that has begun and does not end on its line, or not yet: it is never text.
_BEGUN = re.compile(rf"[ \t]{{0,9}}[\[【][^\]】\n]{{0,{_INSIDE}}}$", re.MULTILINE)
# "[k7f2], [m3x9]", "[k7f2] and [m3x9]".
_JOINT = re.compile(r"(?<=[\]】])[ \t]{0,3}(?:[,;&]|and|en|und)[ \t]{0,3}(?=[\[【])")
_THOUGHTS = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL | re.IGNORECASE)
# What may be the beginning of something that is no text.
_UNCERTAIN = re.compile(
    r"<t?h?i?n?k?i?n?g?\Z|(?<=[\]】])[ \t]{0,3}(?:[,;&]|an?d?|en?|un?d?)[ \t]{0,3}\Z",
    re.IGNORECASE,
)
_UNCERTAIN_CHARS = " \t\n*_`<>"
_EMPHASIS = re.compile(
    r"\*\*|__|`+|(?<!\S)\*(?=\w)|(?<=[\w.!?…])\*(?!\w)|^[ \t]*>[ \t]?", re.MULTILINE
)
_LABEL = re.compile(r"\A\s*(?:answer|antwoord|antwort)\s*:\s*", re.IGNORECASE)
_ENDS = {".", "!", "?"}
# So much of the next sentence says that one has ended: "am 10." may go on with "Januar".
_BEYOND = 16
# In a quotation or brackets no sentence ends; whether they are any tells what closes them, or that
# nothing does before the line ends.
_OPENING = re.compile(r"[\"“”„‘‚‛‟»«‹›(\[{<《「（]|(?<!\w)['’]|['’](?!\w)")
_PAIR = re.compile(r"\([^()\n.!?…]*\)|“[^“”\n.!?…]*”|„[^„“”\n.!?…]*[“”]|\"[^\"\n.!?…]*\"")

_Mark = tuple[int, tuple[str, ...]]
"""Where a marker was, and the ids in it."""
_Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence of a reply, its markers taken out."""

    text: str  # on one line
    ids: tuple[str, ...]  # what it cites, as it stands, each once; perhaps invented


def said(reply: str, language: str, *, whole: bool = True) -> list[Said]:
    """The sentences of a reply, in order; markers count for the sentence that they end or are in.

    A line is never wrapped. Of a reply that is not ``whole`` those sentences alone that nothing
    that follows can change: half a marker is never taken for text.

    >>> said("Gab grew [k7f2]. It **said** so. [m3x9][k7f2] And then it", "en", whole=False)
    [Said(text='Gab grew.', ids=('k7f2',))]
    >>> said("Gab grew [k7", "en", whole=False), said("It grew [5,7].", "en")
    ([], [Said(text='It grew.', ids=('5', '7'))])
    """
    text = _BEGUN.sub("", without_thoughts(reply))
    text = text if whole else _certain(text)
    plain, marks = _without_markers(_JOINT.sub("", _LABEL.sub("", _EMPHASIS.sub("", text))))
    spans = _spans(plain, language)
    n_said = len(spans) if whole else _n_certain(plain, spans)
    found = (
        Said(" ".join(plain[start:end].split()), tuple(cited))
        for (start, end), cited in zip(spans[:n_said], _cited(plain, spans, marks), strict=False)
    )
    return [one for one in found if any(c.isalnum() for c in one.text)]


def without_thoughts(reply: str) -> str:
    """The reply without what a reasoning model thinks aloud, even if it has not done so yet.

    >>> without_thoughts("<think>1932? Yes.</think>In 1932.")
    ' In 1932.'
    """
    return _THOUGHTS.sub(" ", reply)


def _certain(text: str) -> str:
    """The text without what at its end may not be text."""
    return _UNCERTAIN.sub("", text.rstrip(_UNCERTAIN_CHARS)).rstrip(_UNCERTAIN_CHARS)


def _without_markers(text: str) -> tuple[str, list[_Mark]]:
    """The text without its markers, and what these were."""
    plain, marks, at = "", list[_Mark](), 0
    for marker in _MARKER.finditer(text):
        plain += text[at : marker.start()]
        marks.append((len(plain), tuple(_ID.findall(marker[1]))))
        at = marker.end()
        if text[at : at + 1] == "." and plain.rstrip()[-1:] in _ENDS:
            at += 1  # "It grew. [k7f2]."
        if text[at : at + 1].isalnum() and plain[-1:] not in {"", "\n"}:
            plain += " "  # "It grew.[k7f2]It fell."
    return plain + text[at:], marks


def _spans(text: str, language: str) -> list[_Span]:
    """Where the sentences of each line are."""
    from index.chunk import sentences  # which imports LlamaIndex

    spans, at = list[_Span](), 0
    for line in text.split("\n"):
        spans += [(at + start, at + end) for start, end in sentences(line, language)]
        at += len(line) + 1
    return spans


def _n_certain(text: str, spans: list[_Span]) -> int:
    """How many of the first sentences nothing that follows can change."""
    begun = [n for n, (start, _) in enumerate(spans) if len(text) - start >= _BEYOND]
    plain = _PAIR.sub(lambda pair: "x" * len(pair[0]), text)
    opened = _OPENING.search(plain, text.rfind("\n") + 1)
    until = opened.start() if opened else len(text)
    return sum(start < until for start, _ in spans[1 : begun[-1] + 1]) if begun else 0


def _cited(text: str, spans: list[_Span], marks: list[_Mark]) -> list[dict[str, None]]:
    """The ids of each sentence."""
    ids: list[dict[str, None]] = [{} for _ in spans]
    for offset, cited in marks if spans else ():
        n = sum(start < offset for start, _ in spans) - 1
        # One that opens a line, as some models put them, is of the sentence behind it.
        is_first = n < 0 or "\n" in text[spans[n][1] : offset]
        if is_first and text[offset:].partition("\n")[0].strip():
            n += 1
        ids[min(max(n, 0), len(spans) - 1)] |= dict.fromkeys(cited)
    return ids
