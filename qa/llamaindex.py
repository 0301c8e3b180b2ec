"""What programs built on LlamaIndex plug in: a retriever, a query engine and an embedding."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.base.response.schema import RESPONSE_TYPE, Response
from llama_index.core.callbacks import CallbackManager
from llama_index.core.prompts.mixin import PromptMixinType
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from index import Chunk, Document, Library
from index.embed import shipped
from index.snapshot import Snapshot
from qa.assistant import Assistant
from qa.render import with_notice
from qa.types import Citation


class LibraryRetriever(BaseRetriever):
    """Chunks of a library as LlamaIndex nodes.

    A node's id is the chunk's, ``start_char_idx`` and ``end_char_idx`` are its exact place in
    the document, and its metadata names the document.
    """

    def __init__(
        self,
        library: Library,
        k: int = 10,
        *,
        sources: Sequence[str] | None = None,
        languages: Sequence[str] | None = None,
    ) -> None:
        """Retrieve the ``k`` best chunks, of those documents or languages alone if given."""
        super().__init__()
        self._library = library
        self._k = k
        self._sources = sources
        self._languages = languages

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return self._library.read(lambda snapshot: self._found(snapshot, query_bundle.query_str))

    def _found(self, snapshot: Snapshot, query: str) -> list[NodeWithScore]:
        hits = snapshot.search(query, self._k, sources=self._sources, languages=self._languages)
        return [
            NodeWithScore(
                node=_chunk_node(hit.chunk, snapshot.document(hit.chunk.doc_id)), score=hit.score
            )
            for hit in hits
        ]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return await asyncio.to_thread(self._retrieve, query_bundle)


class AssistantQueryEngine(BaseQueryEngine):
    """An assistant as a LlamaIndex query engine.

    The response's text is the answer's, its source nodes are the cited sentences in order,
    and ``metadata["answer"]`` is the whole answer.
    """

    def __init__(self, assistant: Assistant) -> None:
        super().__init__(callback_manager=CallbackManager([]))
        self._assistant = assistant

    def _get_prompt_modules(self) -> PromptMixinType:
        return {}

    def _query(self, query_bundle: QueryBundle) -> RESPONSE_TYPE:
        answer = self._assistant.ask(query_bundle.query_str)
        return Response(
            response=with_notice(answer),
            source_nodes=[NodeWithScore(node=_cited_node(c)) for c in answer.citations],
            metadata={"answer": answer.to_dict()},
        )

    async def _aquery(self, query_bundle: QueryBundle) -> RESPONSE_TYPE:
        return await asyncio.to_thread(self._query, query_bundle)


class ShippedEmbedding(BaseEmbedding):
    """The shipped Dutch, German and English model, which needs no download."""

    def __init__(self) -> None:
        super().__init__(model_name=shipped().id)

    def _get_query_embedding(self, query: str) -> list[float]:
        return [float(x) for x in shipped().query(query)]

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._get_text_embeddings([text])[0]

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return [[float(x) for x in row] for row in shipped().passages(texts)]

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_query_embedding(query)  # microseconds: no thread is worth it


def _chunk_node(chunk: Chunk, document: Document) -> TextNode:
    return TextNode(
        id_=chunk.id,
        text=chunk.text,
        start_char_idx=chunk.start,
        end_char_idx=chunk.end,
        metadata={
            "doc_id": document.id,
            "title": document.title,
            "language": document.language,
            "date": document.date,
            "source": document.source,
            "page": document.page_at(chunk.start),
        },
    )


def _cited_node(citation: Citation) -> TextNode:
    return TextNode(
        id_=f"{citation.doc_id}:{citation.start}-{citation.end}",
        text=citation.quote,
        start_char_idx=citation.start,
        end_char_idx=citation.end,
        metadata={
            "doc_id": citation.doc_id,
            "title": citation.title,
            "language": citation.language,
            "date": citation.date,
            "source": citation.source,
            "page": citation.page,
        },
    )
