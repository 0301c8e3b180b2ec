from __future__ import annotations

from pathlib import Path

import pytest

from tests.reading import read, refusal, written

WESTERN = "Café, Straße, naïve"


@pytest.mark.parametrize("times", [1, 200])
@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (WESTERN, "utf-8"),
        (WESTERN, "utf-8-sig"),
        (WESTERN, "utf-16"),
        (WESTERN, "utf-32"),
        (WESTERN, "latin-1"),
        (WESTERN, "cp1252"),
        ("é", "latin-1"),
        ("Größe und Übermut", "latin-1"),
        ("„Übermut“ – 5 € für Zoë’s café…", "cp1252"),
        ("L’été, à l’école, où naît le cœur – « déjà vu »", "cp1252"),
        ("Привет, как дела? Это русский текст для проверки.", "cp1251"),
        ("Καλημέρα κόσμε, τι κάνετε;", "cp1253"),
    ],
)
def test_text_is_decoded_whatever_its_encoding(
    tmp_path: Path, text: str, encoding: str, times: int
) -> None:
    text = "\n".join([text] * times)
    assert read(written(tmp_path / "a.txt", text.encode(encoding))).text == text


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("Größe und Übermut".encode("cp850"), "its characters are in an unknown encoding"),
        ("Größe, Maß und Übermut".encode() + b" \xff", "is UTF-8 with 1 broken characters"),
        (b"text\0more text", "looks like a binary file"),
        ("text".encode("utf-16-le"), "looks like a binary file"),
        (b"\x1b\x01\x02\x03abc", "looks like a binary file"),
    ],
)
def test_what_is_not_plausibly_text_is_refused(tmp_path: Path, raw: bytes, reason: str) -> None:
    assert refusal(written(tmp_path / "a.txt", raw)).startswith(reason)


def test_line_ends_become_newlines_and_nothing_else_changes(tmp_path: Path) -> None:
    odd = "  é e\u0301 👨‍👩‍👧 \u202eשלום\u202c 中文 \u00a0\u200b\t.  "
    raw = f"{odd}\r\nb\rc\n\n{odd}\n".encode()
    assert read(written(tmp_path / "a.txt", raw)).text == f"{odd}\nb\nc\n\n{odd}\n"


def test_a_stray_control_character_becomes_a_space(tmp_path: Path) -> None:
    assert read(written(tmp_path / "a.txt", "een\x0ctwee")).text == "een twee"
