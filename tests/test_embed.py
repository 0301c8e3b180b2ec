from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from llama_index.core.base.embeddings.base import BaseEmbedding
from model2vec import StaticModel
from tokenizers import Tokenizer

from index.embed import MODEL_FOLDER, LlamaIndexEmbedder, ShippedEmbedder, shipped, weights_sha256
from tests.odd_texts import ODD_TEXTS

TRANSLATED = [
    ("De regering wil de belasting verlagen.", "Die Regierung will die Steuern senken."),
    ("Hoeveel gebruikers heeft het netwerk?", "How many users does the network have?"),
    ("Das Wetter wird morgen sonnig.", "The weather will be sunny tomorrow."),
]

ODD = [
    *ODD_TEXTS,
    "İstanbul ISTANBUL ıI ΣΑΣ ΌΔΟΣ Σ",
    "cafe\u0301 CAFÉ e\u0323\u0301 n\u0303o \u0301 a\u0345 <\u0338 =\u0338 -\u0301x",
    "network" * 1430,
    "äö" * 5000,
    "\ufdfa" * 600 + " cat",
    "The cat sat on the mat. " * 400,
    # A model2vec text ends after 1,024 tokens, and those unknown count as well.
    *("ᚠ " * unknown + "cat dog" for unknown in (1, 1022, 1023, 1024, 1025)),
    *("7 " * n + "cat dog" for n in (1022, 1023, 1024)),
]


@pytest.fixture(scope="module")
def model2vec() -> StaticModel:
    return StaticModel.from_pretrained(MODEL_FOLDER)


def assert_the_rows_of(model2vec: StaticModel, texts: list[str]) -> None:
    expected = model2vec.encode(texts, use_multiprocessing=False)
    rows = shipped().passages(texts)
    apart = np.abs(rows - expected).max(axis=1) if texts else np.zeros(0)
    assert [text for text, far in zip(texts, apart, strict=True) if far > 1e-5] == []


@pytest.mark.parametrize("text", ODD, ids=lambda text: ascii(text[:20]))
def test_an_odd_text_has_the_row_that_model2vec_gives(model2vec: StaticModel, text: str) -> None:
    assert_the_rows_of(model2vec, [text])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text() | st.text("aAeEjJ ß9İΣ\u0301\u030c\u0323\u0345-_.’ﬁ가ㅏ２"), max_size=5))
def test_any_text_has_the_row_that_model2vec_gives(
    model2vec: StaticModel, texts: list[str]
) -> None:
    if texts:
        assert_the_rows_of(model2vec, texts)


def test_a_letter_with_any_mark_has_the_row_that_model2vec_gives(model2vec: StaticModel) -> None:
    # ǰ is one letter and J with the same mark is two characters: the case matters to what it is.
    marks = [chr(c) for c in range(0x300, 0x370)]
    assert_the_rows_of(model2vec, [f"{c}{mark}o" for c in "aAhHjJtTwWyYsS" for mark in marks])


def test_any_character_between_words_has_the_row_that_model2vec_gives(
    model2vec: StaticModel,
) -> None:
    between = [
        *range(0x600),
        *range(0x1E00, 0x2500),
        *range(0x3000, 0x3200),
        *range(0xFB00, 0xFE10),
    ]
    assert_the_rows_of(model2vec, [f"Big{chr(c)}Cat {chr(c)}s 1{chr(c)}2" for c in between])


def test_half_a_character_is_refused_as_by_model2vec(model2vec: StaticModel) -> None:
    for encode in (model2vec.encode, shipped().passages):
        with pytest.raises(TypeError, match="Input"):
            encode(["half \ud83d of it"])


def test_a_text_has_one_row_bit_for_bit_whatever_came_before_and_beside_it() -> None:
    texts = [*ODD, *(text for pair in TRANSLATED for text in pair)]
    together = ShippedEmbedder().passages(texts)
    another = ShippedEmbedder()
    for n in reversed(range(len(texts))):
        assert another.query(texts[n]).tobytes() == together[n].tobytes()
    assert another.sentences(texts).tobytes() == together.tobytes()


def test_words_that_were_forgotten_have_the_same_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"word{n} and {n} other words, such as cat{n % 7}" for n in range(60)]
    expected = shipped().passages(texts)
    monkeypatch.setattr("index.embed._REMEMBERED", 20)
    forgetful = ShippedEmbedder()
    with ThreadPoolExecutor(4) as threads:
        for rows in threads.map(forgetful.passages, [texts, texts[::-1]] * 4):
            assert np.array_equal(rows, expected) or np.array_equal(rows[::-1], expected)
    known = forgetful._model._known
    assert len(known) - known._n_tokens <= 20 + 4  # each thread may be one ahead


def test_every_token_is_what_its_own_word_is_cut_into() -> None:
    tokenizer = Tokenizer.from_file(str(MODEL_FOLDER / "tokenizer.json"))
    cut = {word: tokenizer.encode(word).ids for word in tokenizer.get_vocab() if word != "[UNK]"}
    assert {word: ids for word, ids in cut.items() if ids != [tokenizer.token_to_id(word)]} == {}


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


def test_a_word_weighs_what_its_heaviest_token_does(model2vec: StaticModel) -> None:
    words = ["the", "Users", "covid19", "e\u0301tat", "Donaudampfschifffahrt", "a-b", "ᚠcat"]
    _, weights = shipped().words(words)
    tokens = model2vec.encode_as_sequence(words)
    heaviest = [np.linalg.norm(rows, axis=1).max() for rows in tokens]
    assert weights == pytest.approx(heaviest, rel=1e-5)


def test_a_word_without_a_token_weighs_nothing() -> None:
    rows, weights = shipped().words([""])
    assert weights.tolist() == [0.0]
    assert not rows.any()


def test_the_id_names_the_weights() -> None:
    weights = (MODEL_FOLDER / "model.safetensors").read_bytes()
    digest = hashlib.sha256(weights).hexdigest()
    assert weights_sha256() == digest
    assert shipped().id == f"shipped-{digest[:16]}"


def test_the_card_names_these_weights_and_the_folder_is_small() -> None:
    assert weights_sha256() in (MODEL_FOLDER / "README.md").read_text("utf-8")
    assert sum(path.stat().st_size for path in MODEL_FOLDER.iterdir()) <= 16_000_000


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


@pytest.mark.parametrize(
    ("word", "known"),
    [
        ("bridge", True),
        ("BRIDGE", True),
        ("Brücke", True),
        ("brug", True),
        ("brigde", False),
        ("touristensteuer", False),  # cut into words that are known
        ("the bridge", False),
        ("", False),
        ("ᚠ", False),
    ],
)
def test_a_word_is_known_that_has_a_vector_of_its_own(word: str, known: bool) -> None:
    assert shipped().knows(word) is known
