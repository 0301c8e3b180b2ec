"""The shape of the house: arrows point down, and each foreign library has its doors."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = sorted([*ROOT.glob("index/*.py"), *ROOT.glob("qa/*.py"), *ROOT.glob("ui*.py")])
TRAINING = sorted(ROOT.glob("training/*.py"))
# Who may import whom, at any depth of a function. ``qa serve`` starts the page, and is the
# only one that looks up.
FORBIDDEN = {"index": {"qa", "ui"}, "qa": {"ui"}, "ui": set[str]()}
DOORS = {
    "chromadb": {"index/vectors.py"},
    "tantivy": {"index/lexical.py"},
    "sqlite3": {"index/truth.py", "index/tables.py"},
    "model2vec": {"index/embed.py", "index/embedders.py"},
    "sentence_transformers": {"index/embedders.py"},
    "httpx": {"index/endpoint.py"},
    "sentencex": {"index/chunk.py"},
    "py3langid": {"index/language.py"},
    "pypdfium2": {"index/read_pdf.py"},
    "docx": {"index/read_docx.py"},
    "pptx": {"index/read_pptx.py"},
    "python_calamine": {"index/read_xlsx.py"},
    "lxml": {"index/read_html.py"},
    "yaml": {"index/read_markdown.py"},
    "charset_normalizer": {"index/decode.py"},
    "filelock": {"index/locks.py"},
    "watchfiles": {"index/watch.py"},
    "llama_index": {
        *("index/chunk.py", "index/embed.py", "index/embed_server.py"),
        *("qa/llamaindex.py", "qa/llm.py"),
    },
    "openai": {"index/embed_server.py", "qa/llm.py"},
    "gradio": {"ui.py"},
}


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add((node.module or "").split(".")[0])
    return found


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_arrows_point_down_only(path: Path) -> None:
    layer = path.relative_to(ROOT).parts[0].removesuffix(".py").split("_")[0]
    upward = _imports(path) & FORBIDDEN[layer]
    assert upward == ({"ui"} if _name(path) == "qa/__main__.py" else set())


@pytest.mark.parametrize("library", DOORS)
def test_a_foreign_library_enters_through_its_doors_alone(library: str) -> None:
    assert {_name(path) for path in FILES if library in _imports(path)} == DOORS[library]


def test_the_product_needs_nothing_of_the_training() -> None:
    heavy = {"training", "torch", "scipy", "wordfreq", "transformers"}
    assert {_name(path): _imports(path) & heavy for path in FILES if _imports(path) & heavy} == {}


def test_every_module_says_what_it_is() -> None:
    for path in [*FILES, *TRAINING]:
        assert ast.get_docstring(ast.parse(path.read_text("utf-8"))), path


def test_the_architecture_names_every_file() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    missing = [
        _name(p) for p in [*FILES, *TRAINING] if p.name != "__init__.py" and p.name not in text
    ]
    assert missing == []


def test_every_file_that_the_architecture_names_is_there() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    drawing = text.split("```")[1]
    names = re.findall(r"^\s*(\w+\.\w+)\s{2,}", drawing, re.MULTILINE)
    folders = (ROOT, ROOT / "index", ROOT / "qa", ROOT / "training")
    there = {path.name for folder in folders for path in folder.iterdir()}
    assert len(names) > 20
    assert sorted(set(names) - there) == []
