from __future__ import annotations

from pathlib import Path

import pytest

from index.types import Document
from tests.reading import DUTCH, read, written


def test_front_matter_describes_the_document_and_is_not_part_of_it(tmp_path: Path) -> None:
    front = (
        "title: 'Over: water'\nlang: en-US\ndate: 2021-05-04 10:00\nurl: https://x.nl/a\ntags: [a]"
    )
    body = f"# Kop\n\n{DUTCH} *Echt* \\_waar\\_.\n\n---\n"
    path = written(tmp_path / "a.md", f"---\r\n{front}\r\n---\r\n\r\n{body}")
    assert read(path) == Document(
        id="a.md",
        text=body,
        title="Over: water",
        language="en",
        date="2021-05-04",
        source="https://x.nl/a",
    )


@pytest.mark.parametrize(
    "text",
    [
        f"---\ntitle: [open\n---\n{DUTCH}",
        f"---\n- a\n- list\n---\n{DUTCH}",
        f"---\n{'[' * 5_000}\n---\n{DUTCH}",
        f"---\n\n{DUTCH}\n\n---\n",
        f"---\ntitle: never closed\n{DUTCH}",
        f"{DUTCH}\n---\ntitle: not at the top\n---\n",
    ],
)
def test_broken_front_matter_is_part_of_the_text(tmp_path: Path, text: str) -> None:
    assert read(written(tmp_path / "a.md", text)).text == text


def test_the_first_heading_is_the_title(tmp_path: Path) -> None:
    text = f"Een inleiding vooraf.\n\n```\n# code\n```\n\n## De **oude** [brug](b.md) ##\n\n{DUTCH}"
    assert read(written(tmp_path / "a.md", text)).title == "De oude brug"
