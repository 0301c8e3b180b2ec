"""Built stores that many tests share, and an embedding whose vectors can be checked by hand."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from index import Library
from index.embed import Embedder, Vectors, shipped
from index.library import SEEDS
from index.verify import verify
from qa import Assistant

# Each concept is one direction, whatever the language: "kat" and "cat" are the same vector.
CONCEPTS = ("kat katten katze cat cats", "brug brücke bridge", "brood brot bread", "regen rain")


class ConceptEmbedder(Embedder):
    """Counts the words of each concept; remembers every passage it was given."""

    def __init__(self, name: str = "concepts") -> None:
        self.name = name
        self.given: list[str] = []

    @property
    def id(self) -> str:
        return self.name

    @property
    def dim(self) -> int:
        return len(CONCEPTS)

    def passages(self, texts: Sequence[str]) -> Vectors:
        self.given += texts
        return np.array([self.query(text) for text in texts], np.float32).reshape(-1, self.dim)

    def query(self, text: str) -> Vectors:
        words = re.findall(r"\w+", text.lower())
        counts = [sum(word in concept.split() for word in words) for concept in CONCEPTS]
        row = np.array(counts, np.float32)
        unit: Vectors = row / max(float(np.linalg.norm(row)), 1.0)
        return unit


@pytest.fixture(scope="session")
def seed_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store built from the shipped articles. Read it; write to a copy: ``store``."""
    store = tmp_path_factory.mktemp("seeds") / "store"
    library = Library(store, shipped())
    library.build([SEEDS])
    library.close()
    return store


@pytest.fixture
def store(seed_store: Path, tmp_path: Path) -> Path:
    """A copy of ``seed_store`` that a test may write to and damage."""
    return shutil.copytree(seed_store, tmp_path / "store")


@pytest.fixture(scope="session")
def library(seed_store: Path) -> Iterator[Library]:
    """The library of ``seed_store``, for reading."""
    opened = Library(seed_store, shipped())
    yield opened
    opened.close()


@pytest.fixture
def quick_verify(monkeypatch: pytest.MonkeyPatch) -> None:
    """Builds are verified as ever, but in this process: a new one costs a second and a half."""
    monkeypatch.setattr("index.build.verify_in_child", verify)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """``write("docs/a.txt", text)`` makes that file below the test's folder."""

    def write_file(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return path

    return write_file


@pytest.fixture(scope="session")
def assistant(library: Library) -> Assistant:
    """The assistant over ``library``, for asking."""
    return Assistant(library)


@pytest.fixture
def assistant_over(
    tmp_path: Path, quick_verify: None
) -> Iterator[Callable[[dict[str, str]], Assistant]]:
    """``assistant_over({"a.md": text})`` asks a library of those files, ``docs/a.md`` and so on."""
    opened: list[Library] = []

    def build(texts: dict[str, str]) -> Assistant:
        folder = tmp_path / f"corpus{len(opened)}" / "docs"
        folder.mkdir(parents=True)
        for name, text in texts.items():
            (folder / name).write_text(text, "utf-8")
        opened.append(Library.open(folder.parent / "store"))
        opened[-1].build([folder])
        return Assistant(opened[-1])

    yield build
    for library in opened:
        library.close()
