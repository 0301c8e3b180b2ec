"""Built stores that many tests share, and an embedding whose vectors can be checked by hand."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from index import BuildError, Library, LibraryError
from index.derive import Change, _make_words
from index.embed import Embedder, Vectors, shipped
from index.generation import VECTORS, read_manifest
from index.library import SEEDS
from index.verify import PARTS, _fault
from qa import Assistant
from tests.llm_server import Behaviour, LLMServer

Serve = Callable[[Behaviour], LLMServer]

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


@pytest.fixture(scope="session", autouse=True)
def nothing_set() -> Iterator[None]:
    """What somebody has set for themselves, a model or a store, is not what is tested."""
    with pytest.MonkeyPatch.context() as environment:
        for name in list(os.environ):
            if name.startswith(("QA_", "OPENAI_")) and name != "QA_BROWSER":
                environment.delenv(name)
        yield


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
    """Builds are made and verified as ever, but in this process: three new ones cost seconds."""
    build_here(monkeypatch.setattr)


def build_here(set_: Callable[[str, object], None]) -> None:
    """With ``set_("module.name", value)`` have builds start no processes."""
    set_("index.build.WordsChild", _WordsHere)
    set_("index.build.VectorsChild", _VectorsHere)
    set_("index.build.Probe", _ProbeHere)


class _WordsHere:
    """A ``WordsChild`` that is none."""

    def __init__(self, folder: Path, change: Change | None = None) -> None:
        self._folder, self._change = folder, change

    def finish(self) -> None:
        try:
            self.make()
        except LibraryError as error:
            raise BuildError(str(error)) from error

    def make(self) -> None:
        _make_words(self._folder, self._change)

    def end(self) -> None:
        """There is nothing to end."""


class _VectorsHere(_WordsHere):
    """A ``VectorsChild`` that is none."""

    def __init__(self, folder: Path, dim: int, before: Path | None = None) -> None:
        super().__init__(folder / VECTORS)
        self._before = before
        self._dropped: list[int] = []
        self._given: list[tuple[list[int], Vectors]] = []

    def drop(self, numbers: Sequence[int]) -> None:
        self._dropped += numbers

    def add(self, numbers: Sequence[int], rows: Vectors) -> None:
        if numbers:
            self._given.append((list(numbers), rows))

    def make(self) -> None:
        from index.vectors import update_vectors, write_vectors

        if self._before is None:
            write_vectors(self._folder, self._given)
        else:
            before = self._before / VECTORS
            update_vectors(self._folder, before, lambda: (self._dropped, self._given))


class _ProbeHere:
    """A ``Probe`` that starts no process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> _ProbeHere:
        return self

    def __exit__(self, *raised: object) -> None:
        """There is nothing to end."""

    def ask(self) -> None:
        """It looks when it has to tell."""

    def faults(self) -> dict[str, str]:
        manifest = read_manifest(self._folder)
        found = {part: _fault(self._folder, manifest, part, "probe") for part in PARTS}
        return {part: what for part, what in found.items() if what}


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


@pytest.fixture
def serve() -> Iterator[Serve]:
    """``serve(behaviour)`` is a server with a language model that plays it."""
    servers: list[LLMServer] = []

    def start(play: Behaviour) -> LLMServer:
        servers.append(LLMServer(play))
        return servers[-1].__enter__()

    yield start
    for server in servers:
        server.__exit__()
