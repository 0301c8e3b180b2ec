"""Any embedding that a setting can name: folders made here, a server of the tests' own."""

from __future__ import annotations

import base64
import json
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from model2vec import StaticModel
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import Lowercase
from tokenizers.pre_tokenizers import Whitespace

from index import BuildError, EmbeddingError, EmbeddingMismatchError, Library
from index.embed import MODEL_FOLDER, Vectors, shipped
from index.embedders import CheckedEmbedder, Encoder, embedder, prefixes
from qa import Assistant
from qa.__main__ import main
from qa.settings import Settings, open_library
from tests.embedding_server import (
    DIM,
    EmbeddingServer,
    Handler,
    compressed,
    cut,
    huge,
    page,
    redirect,
    sends,
    silent,
    status,
    vector,
)

SECRET = "sk-very-secret"
TEXTS = {
    "bridge.md": "# The river\n\nThe bridge is closed until May because of repairs.\n",
    "cats.md": "# Animals\n\nA cat sleeps for sixteen hours in most of its days.\n",
    "bread.md": "# The kitchen\n\nThe bread rises for two hours before it is baked.\n",
}


def passage(name: str) -> str:
    """What is embedded of a file: its title, and the one chunk that it is."""
    text = TEXTS[name].removeprefix("# ").strip()
    return f"{text.splitlines()[0]}\n{text}"


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server() -> Iterator[EmbeddingServer]:
    opened = EmbeddingServer()
    yield opened
    opened.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.embed_server._WAITS_S", (0.0, 0.0))
    monkeypatch.setattr("index.embed_server._TIMEOUT_S", 0.5)


@pytest.fixture
def docs(write: Callable[[str, str], Path]) -> Path:
    return [write(f"docs/{name}", text) for name, text in TEXTS.items()][-1].parent


def unit(rows: list[list[float]]) -> Vectors:
    array = np.array(rows, np.float32)
    normed: Vectors = array / np.linalg.norm(array, axis=1, keepdims=True)
    return normed


# A word and its translation have one vector.
WORDS = ("[UNK]", "cat", "kat", "bridge", "brug", "rain", "regen")


def static_model(folder: Path, scale: float = 1.0) -> Path:
    """A model2vec model of three meanings, saved by the library."""
    known = {word: number for number, word in enumerate(WORDS)}
    tokenizer = Tokenizer(WordLevel(known, unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = Lowercase(), Whitespace()
    vectors = np.eye(4, dtype=np.float32)[[0, 1, 1, 2, 2, 3, 3]] * scale
    vectors[0] = 0
    StaticModel(vectors, tokenizer).save_pretrained(folder)
    return folder


# Which embedding a setting names


@pytest.mark.parametrize("setting", ["", "shipped"])
def test_the_shipped_model_is_the_default(setting: str) -> None:
    assert embedder(setting) is embedder() is shipped()


def test_a_model2vec_folder_gives_what_the_library_gives(tmp_path: Path) -> None:
    folder = static_model(tmp_path / "small")
    found = embedder(str(folder))
    texts = ["The cat", "brug in de regen", "nothing known", ""]
    expected = StaticModel.from_pretrained(folder).encode(texts)
    lengths = np.maximum(np.linalg.norm(expected, axis=1, keepdims=True), 1e-12)
    assert found.passages(texts) == pytest.approx(expected / lengths)
    assert found.query("Kat").tolist() == found.passages(["cat"])[0].tolist() == [0, 1, 0, 0]
    assert found.dim == 4


def test_the_shipped_folder_named_as_a_folder_gives_the_shipped_vectors() -> None:
    found = embedder(str(MODEL_FOLDER))
    texts = ["De brug is dicht.", "The bridge is closed."]
    assert found.passages(texts) == pytest.approx(shipped().passages(texts), abs=1e-5)


def test_a_model2vec_folder_of_old_without_modules_is_told_by_its_config(tmp_path: Path) -> None:
    folder = static_model(tmp_path / "small")
    (folder / "modules.json").unlink()
    (folder / "config.json").write_text('{"model_type": "model2vec", "normalize": true}')
    assert embedder(str(folder)).id.startswith("model2vec-small-")
    assert embedder(str(folder)).query("cat").tolist() == [0, 1, 0, 0]


def test_a_local_model_is_known_by_its_weights(tmp_path: Path) -> None:
    one, other = static_model(tmp_path / "a" / "m"), static_model(tmp_path / "b" / "m", scale=2)
    same = static_model(tmp_path / "c" / "m")
    assert embedder(str(one)).id == embedder(str(same)).id != embedder(str(other)).id
    kind, name, digest = embedder(str(one)).id.split("-")
    assert (kind, name, len(digest)) == ("model2vec", "m", 16)


def test_a_name_on_the_hub_may_be_a_folder_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    static_model(tmp_path / "owner" / "small")
    monkeypatch.chdir(tmp_path)
    found = embedder("model2vec:owner/small")
    assert found.id == "model2vec-owner/small"
    assert found.query("kat").tolist() == [0, 1, 0, 0]


def test_a_model_that_the_hub_s_client_keeps_is_named_by_its_folder(tmp_path: Path) -> None:
    folder = static_model(tmp_path / "models--owner--e5-tiny" / "snapshots" / "3c0ffee")
    kind, *name, _, family = embedder(str(folder)).id.split("-")
    assert (kind, name, family) == ("model2vec", ["e5", "tiny"], "e5")


def test_a_prefix_is_part_of_what_a_folder_s_model_sees(tmp_path: Path) -> None:
    folder = static_model(tmp_path / "e5-small")
    known = {word: number for number, word in enumerate((*WORDS[:-2], "query", "passage"))}
    tokenizer = Tokenizer(WordLevel(known, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    found = embedder(str(folder))
    # "query" and "passage" have the last two vectors, which are the same; "cat" the second.
    assert found.query("cat") == pytest.approx(np.array([0, 1, 0, 1]) / 2**0.5)
    assert found.passages(["cat", "cat cat"]) == pytest.approx(
        np.array([np.array([0, 1, 0, 1]) / 2**0.5, np.array([0, 2, 0, 1]) / 5**0.5])
    )


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("minishlab/potion-base-8M", "is neither a folder nor a server's address"),
        ("model2vec:", "is neither a folder nor a server's address"),
        ("ollama:nomic", "is neither a folder nor a server's address"),
        ("/no/such/folder", "is neither a folder nor a server's address"),
        ("http://", "is not the address of a server"),
        ("https://host/v1", "name one in QA_EMBEDDING_MODEL"),
    ],
)
def test_a_setting_that_names_none_says_what_there_is(setting: str, said: str) -> None:
    with pytest.raises(EmbeddingError, match=said):
        embedder(setting)


@pytest.mark.parametrize(
    "files", [(), ("a/b/c/modules.json", "a/b/c/model.safetensors"), ("config.json",)]
)
def test_a_folder_without_a_model_says_so(tmp_path: Path, files: tuple[str, ...]) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}")
    with pytest.raises(EmbeddingError, match="There is no embedding in") as caught:
        embedder(str(tmp_path))
    assert str(caught.value).count(". ") == 0


def garbage(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"{\xff")


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
def test_a_folder_with_a_damaged_file_is_one_sentence(tmp_path: Path, name: str) -> None:
    folder = static_model(tmp_path / "small")
    garbage(folder, name)
    with pytest.raises(EmbeddingError, match=f"{folder} cannot be loaded") as caught:
        embedder(str(folder)).query("cat")
    assert "\n" not in str(caught.value)


def test_a_folder_of_which_the_kind_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    folder = static_model(tmp_path / "small")
    garbage(folder, "modules.json")
    with pytest.raises(EmbeddingError, match=r"modules\.json cannot be read"):
        embedder(str(folder))


def test_a_name_that_the_hub_cannot_give_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(EmbeddingError, match="'owner/none' cannot be loaded") as caught:
        _ = embedder("model2vec:owner/none").dim
    assert "see that its name is right" in str(caught.value)


@pytest.mark.parametrize(
    ("setting", "package", "extra"),
    [
        ("sentence-transformers:owner/none", "sentence_transformers", "sentence-transformers"),
        ("http://127.0.0.1:9/v1", "llama_index.embeddings.openai_like", "llm"),
        ("http://127.0.0.1:9/v1", "openai", "llm"),
    ],
)
def test_a_package_that_is_missing_is_named_with_its_extra(
    setting: str, package: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    found = embedder(setting, "any" if setting.startswith("http") else "")
    with pytest.raises(EmbeddingError, match=rf"run: pip install '\.\[{extra}\]'"):
        found.query("cat")


# Prefixes, as the cards of the models have them

SEARCHING = "Represent this sentence for searching relevant passages: "
TASK = (
    "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery: "
)


@pytest.mark.parametrize(
    ("model", "family", "question", "passage"),
    [
        ("intfloat/multilingual-e5-small", "e5", "query: ", "passage: "),
        ("intfloat/e5-base-v2", "e5", "query: ", "passage: "),
        ("jeffh/intfloat-multilingual-e5-large:f16", "e5", "query: ", "passage: "),
        ("intfloat/multilingual-e5-large-instruct", "e5-instruct", TASK, ""),
        ("intfloat/e5-mistral-7b-instruct", "e5-instruct", TASK, ""),
        ("nomic-ai/nomic-embed-text-v1.5", "nomic", "search_query: ", "search_document: "),
        ("nomic-embed-text:latest", "nomic", "search_query: ", "search_document: "),
        ("text-embedding-nomic-embed-text-v1.5", "nomic", "search_query: ", "search_document: "),
        ("nomic-ai/modernbert-embed-base", "nomic", "search_query: ", "search_document: "),
        ("BAAI/bge-small-en-v1.5", "bge", SEARCHING, ""),
        ("bge-large:335m", "bge", SEARCHING, ""),
        ("mixedbread-ai/mxbai-embed-large-v1", "bge", SEARCHING, ""),
        ("Snowflake/snowflake-arctic-embed-m-v1.5", "arctic", SEARCHING, ""),
        ("snowflake-arctic-embed:22m", "arctic", SEARCHING, ""),
        ("Snowflake/snowflake-arctic-embed-l-v2.0", "arctic-2", "query: ", ""),
        ("snowflake-arctic-embed2:568m", "arctic-2", "query: ", ""),
        ("BAAI/bge-m3", "", "", ""),
        ("BAAI/bge-large-zh-v1.5", "", "", ""),
        ("nomic-ai/nomic-embed-vision-v1.5", "", "", ""),
        ("sentence-transformers/all-MiniLM-L6-v2", "", "", ""),
        ("text-embedding-3-small", "", "", ""),
        ("minishlab/potion-multilingual-128M", "", "", ""),
        ("someone5/model", "", "", ""),
    ],
)
def test_each_family_has_its_prefixes(model: str, family: str, question: str, passage: str) -> None:
    found = prefixes(model)
    assert (found.family, found.question, found.passage) == (family, question, passage)


# A server


def test_a_server_gives_unit_rows_in_order(server: EmbeddingServer) -> None:
    found = embedder(server.url, "words")
    texts = ["De kat slaapt.", "The bridge is closed."]
    assert found.passages(texts) == pytest.approx(unit([vector(text) for text in texts]))
    assert found.query(texts[1]) == pytest.approx(found.passages(texts)[1])
    assert found.passages([]).shape == (0, DIM)
    assert found.dim == DIM
    assert server.texts[:2] == texts  # as they are: this family wants no prefix
    assert {request.body["model"] for request in server.requests} == {"words"}


def test_base64_is_read_as_well(server: EmbeddingServer) -> None:
    def packed(texts: list[str]) -> list[Any]:
        rows = [struct.pack(f"<{DIM}f", *vector(text)) for text in texts]
        return [base64.b64encode(row).decode() for row in rows]

    server.rows = packed
    assert embedder(server.url, "words").query("cat") == pytest.approx(unit([vector("cat")])[0])


def test_a_server_gets_the_prefixes_of_the_model(server: EmbeddingServer) -> None:
    server.models = ("nomic-embed-text:latest",)
    found = embedder(server.url, "nomic-embed-text:latest")
    found.passages(["De kat"])
    found.query("Welke kat?")
    assert server.texts == ["search_document: De kat", "search_query: Welke kat?"]
    assert found.id == "server-nomic-embed-text:latest-nomic"


def test_a_server_gets_the_key_and_no_other(
    server: EmbeddingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-somebody-else")
    embedder(server.url, "words", SECRET).query("cat")
    embedder(server.url, "words").query("cat")
    keys = [request.headers["authorization"] for request in server.requests]
    assert keys == [f"Bearer {SECRET}", "Bearer none"]


def test_a_server_gets_no_more_than_32_texts_at_once(server: EmbeddingServer) -> None:
    texts = [f"text {n}" for n in range(70)]
    rows = embedder(server.url, "words").passages(texts)
    assert [len(request.body["input"]) for request in server.requests] == [32, 32, 6]
    assert rows == pytest.approx(unit([vector(text) for text in texts]))


def test_a_server_may_move_and_is_asked_only_when_needed(server: EmbeddingServer) -> None:
    here, there = embedder(server.url, "words"), embedder("https://models.example/v1", "words")
    assert here.id == there.id == "server-words"
    assert here.id != embedder(server.url, "others").id
    assert server.requests == []


def test_eight_threads_share_a_server(server: EmbeddingServer) -> None:
    found = embedder(server.url, "words")
    texts = [f"cat {n}" for n in range(40)]
    with ThreadPoolExecutor(8) as threads:
        rows = list(threads.map(found.query, texts))
    assert np.stack(rows) == pytest.approx(unit([vector(text) for text in texts]))


FAILURES = pytest.mark.parametrize(
    ("how", "said"),
    [
        (status(401), "answered 401 (the key is missing or refused)"),
        (status(404), "answered 404 (not found)"),
        (status(429), "answered 429 (too many requests)"),
        (status(500), "answered 500 (internal server error)"),
        (redirect, "redirects, which is not followed"),
        (page, "answered with something else than JSON"),
        (sends(b"{"), "answered with something else than JSON"),
        (sends(b"[]"), "answered with something unexpected"),
        (sends(b'{"data": []}'), "answered with something unexpected"),
        (sends(b'{"data": [null]}'), "answered with something unexpected"),
        (sends(b'{"data": [{"embedding": "QUJD"}]}'), "answered with something unexpected"),
        (sends(b"[" * 100_000), "answered with something unexpected"),
        (huge, "sent more than 16 MB"),
        (compressed, "answered in compressed form, which is not unpacked"),
        (cut, "broke off before it had answered"),
        (silent, "took longer than 0.5 s"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)


@FAILURES
def test_each_way_to_fail_is_one_sentence_without_the_key(
    server: EmbeddingServer, impatient: None, how: Callable[[Handler], None], said: str
) -> None:
    server.fails(how)
    found = embedder(server.url, "words", SECRET)
    for ask in (found.query, lambda text: found.passages([text])):
        with pytest.raises(EmbeddingError) as caught:
            ask("cat")
        assert f"The embedding server at {server.url} {said}; see that it" in str(caught.value)
        assert SECRET not in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_server_that_is_not_there_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(EmbeddingError, match=f"127.0.0.1:{port}/v1 cannot be reached; see that"):
        _ = embedder(f"http://127.0.0.1:{port}/v1", "words").dim


@pytest.mark.parametrize(
    ("listed", "end"),
    [(("words", "others"), r"QA_EMBEDDING_MODEL \(it has words, others\)$"), ((), "MODEL$")],
)
def test_a_model_that_the_server_lacks_is_said_with_those_it_has(
    server: EmbeddingServer, listed: tuple[str, ...], end: str
) -> None:
    server.models = listed
    if not listed:
        server.fails(lambda h: h.send(404, b'{"error": "no such model"}'))
    with pytest.raises(EmbeddingError, match=f"does not know the model 'word'; .*{end}"):
        embedder(server.url, "word").query("cat")


def test_a_build_waits_for_a_busy_server_and_a_question_does_not(
    server: EmbeddingServer, impatient: None
) -> None:
    found = embedder(server.url, "words")
    server.fails(status(429), times=2)
    assert found.passages(["cat"]) == pytest.approx(unit([vector("cat")]))
    assert len(server.requests) == 3
    server.fails(status(503), times=2)
    with pytest.raises(EmbeddingError, match="503"):
        found.query("cat")
    assert len(server.requests) == 4
    server.fails(status(401), times=2)
    with pytest.raises(EmbeddingError, match="401"):
        found.passages(["cat"])
    assert len(server.requests) == 5  # which no waiting would mend


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ([], "gives vectors without a number in them"),
        ([1.0, float("nan")], "gives a vector with a number that is none or too large"),
        ([float("inf"), 0.0], "gives a vector with a number that is none or too large"),
        ([1e30, 1e30], "gives a vector with a number that is none or too large"),
        ([1e300, 1.0], "gives a vector with a number that is none or too large"),
    ],
)
def test_a_vector_that_is_none_is_an_error(
    server: EmbeddingServer, row: list[float], said: str
) -> None:
    server.rows = lambda texts: [row for _ in texts]
    found = embedder(server.url, "words")
    for ask in (found.query, lambda text: found.passages([text, text])):
        with pytest.raises(EmbeddingError, match=said):
            ask("cat")


def test_a_row_too_few_or_too_many_is_an_error(server: EmbeddingServer) -> None:
    found = embedder(server.url, "words")
    server.rows = lambda texts: [vector(text) for text in texts[1:]]
    with pytest.raises(EmbeddingError, match="gives 1 vectors for 2 texts"):
        found.passages(["cat", "bridge"])
    # 31 and then 33: as many as texts, and each in a wrong place.
    server.rows = lambda texts: [
        vector(t) for t in (texts[1:] if "text 0" in texts else ["", *texts])
    ]
    with pytest.raises(EmbeddingError, match="gives 31 vectors for 32 texts"):
        found.passages([f"text {n}" for n in range(64)])


def test_another_length_than_before_is_an_error(server: EmbeddingServer) -> None:
    found = embedder(server.url, "words")
    assert found.dim == DIM
    server.rows = lambda texts: [vector(text)[:-1] for text in texts]
    with pytest.raises(EmbeddingError, match="gives vectors of 63 numbers, where it gave 64"):
        found.query("cat")
    server.rows = lambda texts: [vector(text)[: len(text)] for text in texts]
    with pytest.raises(EmbeddingError, match="gives what are no vectors of one length"):
        found.passages(["cat", "bridge"])


class Given(Encoder):
    """An encoder that gives what it was told to."""

    n_texts = 2

    def __init__(self, given: object) -> None:
        self._given = given

    def passages(self, texts: list[str]) -> object:
        return self._given

    def question(self, text: str) -> object:
        return self._given


@pytest.mark.parametrize("given", [None, [], 3, ["a", "b"], [1.0, 2.0], [[[1.0]], [[2.0]]]])
def test_what_is_no_array_of_vectors_is_an_error(given: object) -> None:
    found = CheckedEmbedder("given", "The model given", lambda: Given(given))
    with pytest.raises(EmbeddingError, match="The model given gives"):
        found.passages(["a", "b"])


def test_an_encoder_is_loaded_once_by_any_number_of_threads() -> None:
    loaded: list[int] = []

    def load() -> Encoder:
        loaded.append(1)
        return Given([1.0, 0.0])

    found = CheckedEmbedder("given", "The model given", load)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(found.query, ["a"] * 32))
    assert loaded == [1]


# A store that is built with one


@pytest.fixture
def served(server: EmbeddingServer, tmp_path: Path) -> Settings:
    return Settings(
        store=tmp_path / "store",
        embedding=server.url,
        embedding_model="words",
        embedding_key=SECRET,
    )


def test_a_store_is_built_and_searched_with_a_server(
    served: Settings, server: EmbeddingServer, docs: Path, quick_verify: None
) -> None:
    library = open_library(served)
    report = library.build([docs])
    assert len(report.added) == 3
    # After the one that tells the length; LlamaIndex makes line ends spaces.
    assert sorted(server.texts[1:]) == sorted(passage(n).replace("\n", " ") for n in TEXTS)
    # No word of the question is in the text: only the server knows that they are the same.
    best = library.search("brug gesloten", 3)[0]
    assert best.chunk.doc_id == "docs/bridge.md"
    cosine = unit([vector("brug gesloten")])[0] @ unit([vector(passage("bridge.md"))])[0]
    assert best.dense == pytest.approx(float(cosine), abs=1e-3)
    library.check_embedding()
    assert Assistant.from_settings(served).ask("What is closed until May?").citations[0].doc_id == (
        "docs/bridge.md"
    )
    library.close()


def test_a_store_tells_when_it_is_opened_with_another(
    served: Settings, docs: Path, tmp_path: Path, quick_verify: None
) -> None:
    library = open_library(served)
    library.build([docs])
    library.close()
    folder = static_model(tmp_path / "small")
    for other in (None, embedder(str(folder)), embedder(served.embedding, "others")):
        reading = Library.open(served.store, embedder=other)
        with pytest.raises(EmbeddingMismatchError, match="was built with the embedding 'server-wo"):
            reading.search("cat")
        with pytest.raises(EmbeddingMismatchError, match="was built with the embedding 'server-wo"):
            reading.check_embedding()
    # What the message says to do is what helps; without --rebuild, it does as well.
    for afresh, other in ((True, embedder(str(folder))), (False, shipped())):
        library = Library.open(served.store, embedder=other)
        library.build(afresh=afresh)
        found = {hit.chunk.doc_id: hit.dense for hit in library.search("cat")}
        expected = other.passages([passage("cats.md")])[0] @ other.query("cat")
        assert found["docs/cats.md"] == pytest.approx(float(expected), abs=1e-3)
        library.close()


def test_a_store_tells_when_the_server_s_model_has_become_another(
    served: Settings, server: EmbeddingServer, docs: Path, quick_verify: None
) -> None:
    open_library(served).build([docs])
    server.rows = lambda texts: [vector(text)[:5] for text in texts]
    library = open_library(served)
    for ask in (library.check_embedding, lambda: library.search("cat")):
        with pytest.raises(EmbeddingMismatchError, match="holds vectors of 64 numbers"):
            ask()
    (docs / "new.md").write_text("# New\n\nThe rain falls on the plain.\n")
    with pytest.raises(BuildError, match=r"64 numbers, .* now gives 5: run qa index --rebuild"):
        library.build()
    library.build(afresh=True)
    assert library.search("rain", 1)[0].chunk.doc_id == "docs/new.md"
    library.close()


@FAILURES
def test_a_build_that_fails_leaves_the_old_index_answering(
    served: Settings,
    server: EmbeddingServer,
    docs: Path,
    impatient: None,
    quick_verify: None,
    how: Callable[[Handler], None],
    said: str,
) -> None:
    library = open_library(served)
    library.build([docs])
    (docs / "new.md").write_text("# New\n\nThe rain falls on the plain.\n")
    server.fails(how)
    with pytest.raises(BuildError) as caught:
        library.build()
    assert said in str(caught.value)
    assert "the one before is still in use" in str(caught.value)
    with pytest.raises(EmbeddingError, match="The embedding server"):
        library.search("cat")  # an error, and no empty list
    server.failures = 0
    assert library.search("kat", 1)[0].chunk.doc_id == "docs/cats.md"
    assert [entry.id for entry in library.documents()] == [f"docs/{name}" for name in sorted(TEXTS)]
    assert len(library.build().added) == 1
    library.close()


def test_a_first_build_asks_the_embedding_before_it_reads_a_file(
    served: Settings, server: EmbeddingServer, docs: Path
) -> None:
    server.fails(status(401))
    told: list[str] = []
    with pytest.raises(BuildError, match="401"):
        open_library(served).build([docs], progress=lambda stage, done, total: told.append(stage))
    assert told == []
    assert not Library.open(served.store).exists()


# The command line


def run(
    *arguments: str, environment: dict[str, str], cwd: Path
) -> subprocess.CompletedProcess[str]:
    kept = {n: v for n, v in os.environ.items() if not n.lower().endswith("_proxy")}
    root = Path(__file__).parent.parent
    return subprocess.run(
        [sys.executable, "-m", "qa", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**kept, **environment, "PYTHONPATH": str(root)},
        check=False,
    )


def test_the_commands_go_by_the_environment(
    server: EmbeddingServer, docs: Path, tmp_path: Path
) -> None:
    environment = {
        "QA_STORE": str(tmp_path / "store"),
        "QA_EMBEDDING": server.url,
        "QA_EMBEDDING_MODEL": "words",
        "QA_EMBEDDING_KEY": SECRET,
    }

    def qa(*arguments: str, **changed: str) -> tuple[int, str, str]:
        done = run(*arguments, environment={**environment, **changed}, cwd=tmp_path)
        return done.returncode, done.stdout, done.stderr

    assert qa("index", str(docs))[0] == 0
    code, out, err = qa("ask", "--json", "What is closed until May?")
    assert (code, err) == (0, "")
    assert json.loads(out)["citations"][0]["doc_id"] == "docs/bridge.md"
    assert qa("check") == (0, f"{tmp_path / 'store'} is sound\n", "")
    assert SECRET not in "".join(map(str, qa("ask", "Which cat?", QA_EMBEDDING=server.url + "0")))


@pytest.fixture
def complaint(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., str]:
    """``complaint("check", QA_EMBEDDING="x")``: the one line that the command fails with."""

    def fail(*arguments: str, **environment: str) -> str:
        for name, value in {"QA_STORE": str(tmp_path / "store"), **environment}.items():
            monkeypatch.setenv(name, value)
        assert main(arguments) == 1
        out, err = capsys.readouterr()
        assert out == ""
        assert err.count("\n") == 1
        return err

    return fail


COMMANDS = [
    ["index"],
    ["ask", "Which cat?"],
    ["sources"],
    ["sources", "remove", "a"],
    ["check"],
    ["serve"],
]


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"QA_EMBEDDING": "/no/such/folder"}, "neither a folder nor a server's address"),
        ({"QA_EMBEDDING": "http://localhost/v1"}, "set QA_EMBEDDING_MODEL"),
        ({"QA_EMBEDDING_MODEL": "words"}, "QA_EMBEDDING_MODEL is 'words'"),
        ({"QA_LLM_DEADLINE_S": "soon"}, "QA_LLM_DEADLINE_S is 'soon'"),
    ],
)
def test_a_setting_that_cannot_be_is_said_by_every_command(
    complaint: Callable[..., str], arguments: list[str], environment: dict[str, str], said: str
) -> None:
    assert said in complaint(*arguments, **environment)


def test_another_embedding_than_the_store_s_is_said_by_every_command(
    complaint: Callable[..., str], served: Settings, docs: Path, quick_verify: None
) -> None:
    open_library(served).build([docs])
    for arguments in (["ask", "Which cat?"], ["sources"], ["check"], ["serve"]):
        said = complaint(*arguments)
        assert "was built with the embedding 'server-words', not 'shipped-" in said
        assert "open it with that one, or run: qa index --rebuild" in said


def test_what_needs_no_embedding_asks_for_none(
    served: Settings,
    server: EmbeddingServer,
    docs: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    quick_verify: None,
) -> None:
    open_library(served).build([docs])
    monkeypatch.setenv("QA_STORE", str(served.store))
    monkeypatch.setenv("QA_EMBEDDING", server.url)
    monkeypatch.setenv("QA_EMBEDDING_MODEL", "words")
    server.requests.clear()
    assert main(["ask", "--json", "What is closed until May?"]) == 0
    assert server.texts == ["What is closed until May?"]
    (tmp_path / "saved.json").write_text(capsys.readouterr().out)
    for arguments in (
        ["sources"],
        ["sources", "show", "docs/cats.md"],
        ["sources", "remove", "docs/cats.md"],
        ["verify", str(tmp_path / "saved.json")],
        ["index"],
    ):
        assert main(arguments) == 0
    assert len(server.requests) == 1


def test_a_server_that_fails_is_said_by_check_and_at_the_start(
    complaint: Callable[..., str],
    server: EmbeddingServer,
    served: Settings,
    docs: Path,
    quick_verify: None,
) -> None:
    environment = {"QA_EMBEDDING": server.url, "QA_EMBEDDING_MODEL": "words"}
    server.fails(status(401))
    assert "401" in complaint("index", str(docs), **environment)
    assert "401" in complaint("ask", "Which cat?", **environment)  # which would build first
    server.failures = 0
    open_library(served).build([docs])
    server.fails(status(401))
    for arguments in (["check"], ["serve"], ["ask", "Which cat?"]):
        said = complaint(*arguments, **environment)
        assert f"qa: The embedding server at {server.url} answered 401" in said


def test_a_line_of_a_batch_that_the_embedding_fails_gets_its_error(
    server: EmbeddingServer,
    served: Settings,
    docs: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    quick_verify: None,
) -> None:
    open_library(served).build([docs])
    batch = tmp_path / "batch.jsonl"
    batch.write_text('{"id": 1, "question": "Which cat?"}\n{"id": 2, "question": "Which bread?"}\n')
    monkeypatch.setenv("QA_EMBEDDING", server.url)
    monkeypatch.setenv("QA_EMBEDDING_MODEL", "words")
    server.fails(status(500), times=1)
    assert main(["ask", "--store", str(served.store), "--batch", str(batch)]) == 1
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert "answered 500" in first["error"]
    assert second["citations"]


def test_a_set_of_questions_is_asked_with_what_is_set(
    server: EmbeddingServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick_verify: None
) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    text = "The bridge is closed until May because of repairs."
    (folder / "corpus.jsonl").write_text(json.dumps({"id": "b", "text": text, "lang": "en"}))
    gold = {"doc_id": "b", "start": 0, "end": len(text), "answer": "the bridge"}
    asked = {"id": "q", "question": "What is closed until May?", "lang": "en", "answerable": True}
    (folder / "questions.jsonl").write_text(json.dumps({**asked, "gold": [gold]}))
    monkeypatch.setenv("QA_EMBEDDING", server.url)
    monkeypatch.setenv("QA_EMBEDDING_MODEL", "words")
    assert main(["eval", str(folder), "--json"]) == 0
    assert any("What is closed until May?" in text for text in server.texts)
