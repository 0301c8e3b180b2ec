"""Document → chunks: exact slices of the text that begin and end on sentence borders.

Documents run through LlamaIndex's ingestion pipeline as nodes; the node parser is ours,
because LlamaIndex's own find a chunk's place by searching its text (wrong where a text
repeats itself) and cut sentences with an untrained English tokenizer.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import sentencex
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.node_parser import NodeParser
from llama_index.core.schema import BaseNode, NodeRelationship, TextNode
from llama_index.core.schema import Document as LlamaDocument

from index.types import MAX_SENTENCE_CHARS, TARGET_CHARS, Chunk, Document

_BLOCK = re.compile(r"[^\n]+(?:\n[^\n]+)*")
_LINE = re.compile(r"[^\n]+")
_SENTENCE_ENDS = (".", "!", "?", ":", ";", "…")
# What people wrap text to; narrower blocks are addresses and verse, wider ones not wrapped.
_NARROW, _WIDE = 50, 130
# What Markdown puts before a heading, a list item or a quoted line is not part of the sentence.
# "10. " before a month is a date, not a list item.
_MONTH = r"Jan|Feb|Mär|Mar|Apr|Ma[iy]|Jun|Jul|Aug|Sep|O[kc]t|Nov|De[zc]"
_MARKER = re.compile(rf"\s*(?:(?:#{{1,6}}|[-*+•>]|\d{{1,3}}[.)](?!\s+(?:{_MONTH})))\s+)*")
# Full stops at which sentencex ends a sentence and a reader does not: abbreviations, and in
# German a bare one- or two-digit number ("am Sonntag, 10. Januar, um"), mostly an ordinal.
_NO_END = {
    "nl": re.compile(
        r"\b(?:o\.a|d\.w\.z|m\.n|t\.a\.v|mevr|mw|dhr|drs|ir|ing|incl|excl|max|min|ca)\.\s*$", re.I
    ),
    "de": re.compile(
        r"(?:(?<![\w.,:])\d{1,2}|\b(?:Abs|Nr|Bd|inkl|exkl|max|min|ca|bzw|Dipl|Ing|Bgm|u\.a|z\.B))\.\s*$",
        re.I,
    ),
    "en": re.compile(r"\b(?:approx|incl|excl|vol)\.\s*$", re.I),
}
_LONGEST_NO_END = 16
_HYPHENATED = re.compile(r"-\w")
_HEADING = re.compile(r"\s*#{1,6}\s")


def sentences(text: str, language: str) -> list[tuple[int, int]]:
    r"""The (start, end) of each sentence in ``text``, in order.

    A line end ends a sentence unless the line was wrapped there. Spans hold no white space
    at their ends and no Markdown marker at their start; what they leave out is white space
    and markers, so that they cover every word.

    >>> [
    ...     ("# News\n- It fell. Dr. May left."[a:b])
    ...     for a, b in sentences("# News\n- It fell. Dr. May left.", "en")
    ... ]
    ['News', 'It fell.', 'Dr. May left.']
    """
    spans = []
    for first, last in _lines(text):
        marker = _MARKER.match(text, first, last)
        begin = marker.end() if marker else first
        if begin == last:  # nothing but a marker: keep it, so that no word is lost
            begin = first
        # One character for another, so that the places stay the same.
        for start, end in _borders(text[begin:last].replace("\n", " "), language):
            spans += _trimmed(text, begin + start, begin + end)
    return spans


def _lines(text: str) -> Iterator[tuple[int, int]]:
    """The (start, end) of each line as it was before it was wrapped."""
    for block in _BLOCK.finditer(text):
        lines = list(_LINE.finditer(text, block.start(), block.end()))
        width = max(len(line.group()) for line in lines)
        first = lines[0].start()
        for line, after in pairwise(lines):
            if not _wrapped(line.group(), after.group(), width):
                yield first, line.end()
                first = after.start()
        yield first, lines[-1].end()


def _wrapped(line: str, after: str, width: int) -> bool:
    """Whether ``after`` goes on with ``line``.

    It does where it begins in lower case in mid-sentence, or where its first word had no
    room any more in a block of lines that is ``width`` characters wide.
    """
    marker = _MARKER.match(after)
    if _HEADING.match(line) or (marker and marker.group().strip()):
        return False
    if after.lstrip()[:1].islower() and not line.rstrip().endswith(_SENTENCE_ENDS):
        return True
    words = after.split(maxsplit=1)
    return _NARROW <= width <= _WIDE and bool(words) and len(line) + 1 + len(words[0]) > width


def _borders(line: str, language: str) -> Iterator[tuple[int, int]]:
    """The sentences of one line, none longer than ``MAX_SENTENCE_CHARS``."""
    found = sentencex.get_sentence_boundaries(language or "en", line)
    ends = [b["end_index"] for b in found]
    # No sentence begins with a hyphen and a letter: "Dipl.-Ing."
    ends = [end for end in ends if not _HYPHENATED.match(line, end)]
    if language in _NO_END:
        # Looking back a few characters only: a line may have a million.
        ends = [
            end
            for end in ends
            if end == len(line)
            or not _NO_END[language].search(line, max(0, end - _LONGEST_NO_END), end)
        ]
    start = 0
    for end in ends:
        while end - start > MAX_SENTENCE_CHARS:
            space = line.rfind(" ", start + 1, start + MAX_SENTENCE_CHARS)
            cut = space if space > 0 else start + MAX_SENTENCE_CHARS
            yield start, cut
            start = cut
        yield start, end
        start = end


def _trimmed(text: str, start: int, end: int) -> list[tuple[int, int]]:
    stripped = text[start:end].strip()
    if not stripped:
        return []
    start += len(text[start:end]) - len(text[start:end].lstrip())
    return [(start, start + len(stripped))]


class SentenceChunker(NodeParser):
    """Cuts LlamaIndex documents into nodes of whole sentences with exact offsets.

    ``metadata["sentences"]`` of a node lists the (start, end) of its sentences, and
    ``start_char_idx`` and ``end_char_idx`` are known, not searched for.
    """

    def _parse_nodes(
        self,
        nodes: Sequence[BaseNode],
        show_progress: bool = False,  # noqa: ARG002 - LlamaIndex's signature
        **kwargs: Any,  # noqa: ANN401, ARG002 - LlamaIndex's signature
    ) -> list[BaseNode]:
        return [piece for node in nodes for piece in _cut(node)]

    def _postprocess_parsed_nodes(
        self,
        nodes: list[BaseNode],
        parent_doc_map: dict[str, LlamaDocument],  # noqa: ARG002 - LlamaIndex's signature
    ) -> list[BaseNode]:
        # LlamaIndex would search for each node's text here, and set a wrong place in a
        # text that repeats itself.
        return nodes


def _cut(node: BaseNode) -> Iterator[TextNode]:
    text = node.get_content()
    source = node.as_related_node_info()  # hashes the whole text
    for run in _runs(text, sentences(text, str(node.metadata.get("language", "")))):
        start, end = run[0][0], run[-1][1]
        yield TextNode(
            id_=_chunk_id(node.node_id, start, text[start:end]),
            text=text[start:end],
            start_char_idx=start,
            end_char_idx=end,
            metadata={"sentences": run},
            relationships={NodeRelationship.SOURCE: source},
        )


def _runs(text: str, spans: list[tuple[int, int]]) -> Iterator[list[tuple[int, int]]]:
    """Sentences in runs of about ``TARGET_CHARS``, a heading beginning a new one."""
    run: list[tuple[int, int]] = []
    before = line_start = 0
    for start, end in spans:
        # From the sentence before on: a line may have a million of them.
        line_start = text.rfind("\n", before, start) + 1 or line_start
        before = start
        heading = _HEADING.match(text, line_start, start) is not None
        if run and (heading or end - run[0][0] > TARGET_CHARS):
            yield run
            run = []
        run.append((start, end))
    if run:
        yield run


def _chunk_id(doc_id: str, start: int, text: str) -> str:
    """A hash of the document, the place and the words, so that equal texts never collide."""
    return hashlib.sha256(f"{doc_id}\0{start}\0{text}".encode()).hexdigest()[:24]


def chunk(documents: Sequence[Document]) -> list[Chunk]:
    """Every chunk of every document, in order.

    Chunks of one document do not overlap and hold all of its sentences; a document without
    a single word has none.
    """
    nodes = IngestionPipeline(transformations=[SentenceChunker()], disable_cache=True).run(
        documents=[
            LlamaDocument(id_=d.id, text=d.text, metadata={"language": d.language})
            for d in documents
        ]
    )
    return [_chunk(node) for node in nodes if isinstance(node, TextNode)]


def _chunk(node: TextNode) -> Chunk:
    assert node.start_char_idx is not None
    assert node.end_char_idx is not None
    return Chunk(
        id=node.node_id,
        doc_id=str(node.ref_doc_id),
        start=node.start_char_idx,
        end=node.end_char_idx,
        text=node.text,
        sentences=tuple((a, b) for a, b in node.metadata["sentences"]),
    )
