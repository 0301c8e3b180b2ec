"""The README is true: its commands exist, its examples print what they say."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)


def _blocks(kind: str) -> list[str]:
    return [text for found, text in BLOCKS if found == kind]


def _run(*command: str, store: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        env={"QA_STORE": str(store), "PATH": ""},
        check=False,
    )


def test_every_make_target_that_it_names_is_there() -> None:
    named = set(re.findall(r"^make (\w+)", "\n".join(_blocks("sh")), re.MULTILINE))
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert named == {"run", "test"}
    assert named <= targets


@pytest.mark.parametrize("command", ["index", "ask", "sources", "verify", "check", "eval", "serve"])
def test_every_option_in_its_table_is_in_the_command_s_help(command: str) -> None:
    row = next(line for line in README.splitlines() if line.startswith(f"| `qa {command}"))
    options = set(re.findall(r"--[a-z-]+", row))
    shown = subprocess.run(
        [sys.executable, "-m", "qa", command, "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert options <= set(re.findall(r"--[a-z-]+", shown))


def test_every_command_is_in_its_table() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "qa", "--help"], capture_output=True, text=True, check=True
    ).stdout
    commands = set(re.findall(r"^    (\w+) ", shown, re.MULTILINE))
    assert commands == set(re.findall(r"^\| `qa (\w+)", README, re.MULTILINE))


def test_its_shell_example_prints_what_it_says(seed_store: Path) -> None:
    command = next(line for line in _blocks("sh") if line.startswith("qa ask")).strip()
    arguments = shlex.split(command)[1:]
    printed = _run(sys.executable, "-m", "qa", *arguments, store=seed_store)
    assert printed.returncode == 0
    shown = re.sub(r"    /\S*(/seeds/)", r"    …\1", printed.stdout)
    assert shown == _blocks("text")[0]


def test_its_program_runs(seed_store: Path) -> None:
    printed = _run(sys.executable, "-c", _blocks("python")[0], store=seed_store)
    assert printed.returncode == 0, printed.stderr
    assert "studied History at the University of Cambridge" in printed.stdout


def test_its_picture_and_links_are_there() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target
