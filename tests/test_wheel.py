"""The wheel holds all that an installed copy needs: its corpus, its model, its page."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python that has the wheel, and of everything else only the dependencies."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir"]
    subprocess.run([*build, str(folder), str(ROOT)], check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "env", with_pip=False)
    python = folder / "env" / ("Scripts" if os.name == "nt" else "bin") / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", "--no-index", str(wheel)], check=True, capture_output=True)
    purelib = "import sysconfig; print(sysconfig.get_path('purelib'))"
    there = subprocess.run([str(python), "-c", purelib], check=True, capture_output=True, text=True)
    # The dependencies' folder by path: .pth files in it, the editable install's among them,
    # do not count, so that this project comes from the wheel alone.
    link = Path(there.stdout.strip()) / "dependencies.pth"
    link.write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    return python


def _run(python: Path, *arguments: str, cwd: Path) -> str:
    environment = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "QA_STORE"}}
    done = subprocess.run(
        [str(python), *arguments], cwd=cwd, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_installed_copy_answers_from_its_own_corpus(python: Path, tmp_path: Path) -> None:
    printed = _run(python, "-m", "qa", "ask", "Where did Henry Goodwin study?", cwd=tmp_path)
    assert "Cambridge" in printed
    assert (tmp_path / ".qa" / "CURRENT").exists()


def test_an_installed_copy_does_not_come_from_this_folder(python: Path, tmp_path: Path) -> None:
    code = "import index, qa, ui; print(index.__file__, qa.__file__, ui.__file__)"
    for file in _run(python, "-c", code, cwd=tmp_path).split():
        assert not Path(file).is_relative_to(ROOT)


def test_an_installed_copy_has_its_page(python: Path, tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; import ui; here = Path(ui.__file__).parent; "
        "print(all((here / name).is_file() for name in ('ui.css', 'ui.js', 'ui_texts.json')))"
    )
    assert _run(python, "-c", code, cwd=tmp_path).strip() == "True"


def test_the_wheel_names_both_licences(python: Path, tmp_path: Path) -> None:
    code = (
        "from importlib.metadata import metadata; print(metadata('cited-qa')['License-Expression'])"
    )
    assert _run(python, "-c", code, cwd=tmp_path).strip() == "Apache-2.0 AND CC-BY-SA-4.0"
