"""The LlamaIndex side: real LlamaIndex callers over a real store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import numpy as np
from llama_index.core.schema import TextNode

from index import Library
from index.embed import LlamaIndexEmbedder, shipped
from qa import Assistant
from qa.llamaindex import AssistantQueryEngine, LibraryRetriever, ShippedEmbedding
from qa.render import with_notice

QUESTION = "How many new users does Gab report each day?"


def test_a_retrieved_node_is_an_exact_slice_of_its_document(seed_store: Path) -> None:
    library = Library.open(seed_store)
    nodes = LibraryRetriever(library, k=5).retrieve(QUESTION)
    scores = [n.get_score() for n in nodes]
    assert scores == sorted(scores, reverse=True)
    for found in nodes:
        node = found.node
        assert isinstance(node, TextNode)
        text = library.document(node.metadata["doc_id"]).text
        assert text[node.start_char_idx : node.end_char_idx] == node.text


def test_a_retriever_can_be_restricted_to_languages_and_documents(seed_store: Path) -> None:
    library = Library.open(seed_store)
    german = LibraryRetriever(library, languages=["de"]).retrieve(QUESTION)
    assert {n.node.metadata["language"] for n in german} == {"de"}
    only = library.documents()[0].id
    one = LibraryRetriever(library, sources=[only]).retrieve(QUESTION)
    assert {n.node.metadata["doc_id"] for n in one} == {only}


def test_a_query_engine_gives_the_answer_and_its_cited_sentences(seed_store: Path) -> None:
    assistant = Assistant.open(seed_store)
    response = AssistantQueryEngine(assistant).query(QUESTION)
    answer = assistant.ask(QUESTION)
    assert str(response) == with_notice(answer)
    assert [n.node.get_content() for n in response.source_nodes] == [
        citation.quote for citation in answer.citations
    ]
    assert response.metadata is not None
    assert response.metadata["answer"]["statements"] == answer.to_dict()["statements"]


def test_a_query_engine_tells_an_answer_that_is_not_sure_from_a_refusal(
    assistant_over: Callable[[dict[str, str]], Assistant],
) -> None:
    ferry = "The ferry of Ostrenvik was painted green by Mila Torvand."
    engine = AssistantQueryEngine(assistant_over({"a.md": ferry}))
    unsure = engine.query("When was the ferry painted green?")
    assert ferry in str(unsure)
    assert [n.node.get_content() for n in unsure.source_nodes] == [ferry]
    assert unsure.metadata is not None
    assert unsure.metadata["answer"]["coverage"] == "partial"
    assert unsure.metadata["answer"]["notice"].endswith("the closest the documents say is:")
    refused = engine.query("What is the capital of Mongolia?")
    assert str(refused).startswith("The documents do not answer this.")
    assert refused.source_nodes == []
    assert refused.metadata is not None
    assert refused.metadata["answer"]["coverage"] == "none"
    assert refused.metadata["answer"]["notice"] == "The texts found do not mention Mongolia."
    assert [near["quote"] for near in refused.metadata["answer"]["nearest"]] == [ferry]


def test_asynchronous_callers_get_the_same(seed_store: Path) -> None:
    assistant = Assistant.open(seed_store)
    engine = AssistantQueryEngine(assistant)
    retriever = LibraryRetriever(assistant.library, k=3)

    async def both() -> tuple[str, list[str]]:
        response, nodes = await asyncio.gather(
            engine.aquery(QUESTION), retriever.aretrieve(QUESTION)
        )
        return str(response), [n.node.node_id for n in nodes]

    text, ids = asyncio.run(both())
    assert text == str(engine.query(QUESTION))
    assert ids == [n.node.node_id for n in retriever.retrieve(QUESTION)]


def test_the_shipped_model_is_a_llama_index_embedding() -> None:
    embedding = ShippedEmbedding()
    texts = ["vier miljoen gebruikers", "four million users"]
    rows = np.array(embedding.get_text_embedding_batch(texts), np.float32)
    assert np.allclose(rows, shipped().passages(texts))
    assert np.allclose(embedding.get_query_embedding(texts[0]), rows[0])


def test_a_library_can_be_built_with_any_llama_index_embedding(tmp_path: Path) -> None:
    source = tmp_path / "fact.txt"
    source.write_text("The lighthouse of Zandoord is 41 metres tall.", "utf-8")
    library = Library.open(tmp_path / "store", embedder=LlamaIndexEmbedder(ShippedEmbedding()))
    library.build([source])
    hits = library.search("Hoe hoog is de vuurtoren van Zandoord?")
    assert [hit.chunk.text for hit in hits] == ["The lighthouse of Zandoord is 41 metres tall."]
