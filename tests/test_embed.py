from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from llama_index.core.base.embeddings.base import BaseEmbedding

from index.embed import MODEL_FOLDER, LlamaIndexEmbedder, ShippedEmbedder, shipped, weights_sha256

TRANSLATED = [
    ("De regering wil de belasting verlagen.", "Die Regierung will die Steuern senken."),
    ("Hoeveel gebruikers heeft het netwerk?", "How many users does the network have?"),
    ("Das Wetter wird morgen sonnig.", "The weather will be sunny tomorrow."),
]


def test_every_row_has_unit_length_and_the_order_is_kept() -> None:
    texts = ["De kat zit op de mat.", "The bridge is closed.", "De kat zit op de mat."]
    rows = shipped().passages(texts)
    assert rows.dtype == np.float32
    assert rows.shape == (3, shipped().dim)
    assert np.linalg.norm(rows, axis=1) == pytest.approx([1, 1, 1], abs=1e-5)
    assert np.array_equal(rows[0], rows[2])
    assert np.array_equal(rows[1], shipped().query(texts[1]))


def test_no_texts_make_no_rows_of_the_same_width() -> None:
    empty = shipped()
    for rows in (empty.passages([]), empty.sentences([]), empty.words([])[0]):
        assert rows.shape == (0, empty.dim)
        assert rows.dtype == np.float32
    assert empty.words([])[1].shape == (0,)


@pytest.mark.parametrize("text", ["", " ", "\n"])
def test_a_text_without_a_token_is_all_zero(text: str) -> None:
    assert not shipped().query(text).any()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(), max_size=5))
def test_any_text_has_a_finite_row_of_length_one_or_zero(texts: list[str]) -> None:
    rows = shipped().passages(texts)
    assert rows.shape == (len(texts), shipped().dim)
    lengths = np.linalg.norm(rows, axis=1)
    assert all(length == pytest.approx(1, abs=1e-4) or length == 0 for length in lengths)


@pytest.mark.parametrize(("one", "other"), TRANSLATED)
def test_a_translation_is_nearer_than_another_sentence(one: str, other: str) -> None:
    others = [text for pair in TRANSLATED for text in pair if text not in (one, other)]
    vector = shipped().query(one)
    assert vector @ shipped().query(other) > max(shipped().passages(others) @ vector)


def test_sentences_are_remembered_and_come_back_the_same() -> None:
    embedder = shipped()
    texts = ["Een zin.", "Nog een zin.", "Een zin."]
    first, again = embedder.sentences(texts), embedder.sentences(list(reversed(texts)))
    assert np.array_equal(first, again[::-1])
    assert first == pytest.approx(embedder.passages(texts), abs=1e-6)


def test_a_word_of_content_weighs_more_than_a_function_word() -> None:
    rows, weights = shipped().words(["the", "users", "amazon", "the"])
    assert weights[0] < weights[1] < weights[2]
    assert weights[0] == weights[3]
    assert rows[1] == pytest.approx(shipped().query("users"), abs=1e-6)


def test_a_word_without_a_token_weighs_nothing() -> None:
    rows, weights = shipped().words([""])
    assert weights.tolist() == [0.0]
    assert not rows.any()


def test_the_id_names_the_weights() -> None:
    weights = (MODEL_FOLDER / "model.safetensors").read_bytes()
    digest = hashlib.sha256(weights).hexdigest()
    assert weights_sha256() == digest
    assert shipped().id == f"shipped-{digest[:16]}"


def test_the_model_is_loaded_once() -> None:
    assert shipped() is shipped()


def test_eight_threads_get_the_rows_that_one_gets() -> None:
    texts = [f"Zin nummer {n} over Amazon." for n in range(400)]
    alone = shipped().sentences(texts)
    together = ShippedEmbedder()
    assert together.dim == shipped().dim  # loads it
    with ThreadPoolExecutor(8) as threads:
        for rows in threads.map(together.sentences, [texts] * 8):
            assert np.array_equal(rows, alone)


class Lengths(BaseEmbedding):
    """A text is (its length, the number of its spaces); a question the other way round."""

    def _get_text_embedding(self, text: str) -> list[float]:
        return [float(len(text)), float(text.count(" "))]

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)[::-1]

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_query_embedding(query)


def lengths(**settings_: Any) -> LlamaIndexEmbedder:  # noqa: ANN401 - pydantic's fields
    return LlamaIndexEmbedder(Lengths(**settings_))


def test_any_llama_index_embedding_gives_unit_rows() -> None:
    # "aa b" is (4, 1), and 4² + 1² = 17; "abc" is (3, 0).
    rows = lengths().passages(["aa b", "abc"])
    assert rows.dtype == np.float32
    assert rows == pytest.approx(np.array([[4 / 17**0.5, 1 / 17**0.5], [1, 0]]))


def test_a_llama_index_embedding_may_treat_questions_apart() -> None:
    assert lengths().query("aa b") == pytest.approx(np.array([1 / 17**0.5, 4 / 17**0.5]))


def test_a_llama_index_embedding_of_nothing_is_all_zero() -> None:
    assert lengths().passages([""]).tolist() == [[0, 0]]
    assert lengths().passages([]).shape == (0, 2)
    assert lengths().dim == 2


def test_a_llama_index_embedding_is_named_by_its_class_and_model() -> None:
    assert lengths(model_name="small").id == "llama-index-Lengths-small"
    assert lengths(model_name="small").id != lengths(model_name="large").id
