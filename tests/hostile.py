"""Files that break what reads them carelessly, each with what must come of it.

Made in code, within seconds: what is here is small, and asks for much.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.documents import make_docx, make_pdf
from tests.reading import DUTCH, NOISE

_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


@dataclass(frozen=True, slots=True)
class Hostile:
    """A file, and the reason for which it is refused or else the text that is read."""

    name: str
    content: Callable[[Path], bytes]  # given a scratch folder
    refused: str = ""  # a part of the reason; "": it is read
    text: str = ""


def _read(name: str, content: str | bytes, text: str = "") -> Hostile:
    raw = content.encode() if isinstance(content, str) else content
    return Hostile(name, lambda _: raw, text=text or raw.decode())


def _refused(name: str, content: str | bytes, reason: str) -> Hostile:
    raw = content.encode() if isinstance(content, str) else content
    return Hostile(name, lambda _: raw, refused=reason)


# --- packages ------------------------------------------------------------------------------------


def _zip(parts: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return packed.getvalue()


_MAIN_PARTS = (
    "word/document.xml",
    "ppt/presentation.xml",
    "xl/worksheets/sheet1.xml",
    "content.xml",
    "META-INF/container.xml",
)


@cache
def _bomb() -> bytes:
    """A hundred kilobytes that unpack to a thousand times as much, whatever they are taken for."""
    return _zip(dict.fromkeys(_MAIN_PARTS, bytes(21_000_000)))


def _overlapping() -> bytes:
    """Two hundred entries that are all the same megabyte of zeros."""
    data = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = data.compress(bytes(1_000_000)) + data.flush()
    sizes = struct.pack("<HHHLLL", 8, 0, 0, zlib.crc32(bytes(1_000_000)), len(packed), 1_000_000)
    local = b"PK\3\4" + struct.pack("<HH", 20, 0) + sizes + struct.pack("<HH", 1, 0) + b"a" + packed
    names = [b"%04d" % number for number in range(200)]
    entries = b"".join(
        b"PK\1\2"
        + struct.pack("<HHH", 20, 20, 0)
        + sizes
        + struct.pack("<HHHHHLL", len(name), 0, 0, 0, 0, 0, 0)
        + name
        for name in names
    )
    end = struct.pack("<HHHHLLH", 0, 0, len(names), len(names), len(entries), len(local), 0)
    return local + entries + b"PK\5\6" + end


def _docx_of(document: str, folder: Path) -> bytes:
    """A Word file that is whole but for its main part."""
    path = make_docx(folder / "whole.docx", [DUTCH])
    with zipfile.ZipFile(path) as whole:
        parts = {name: whole.read(name) for name in whole.namelist()}
    return _zip(parts | {"word/document.xml": document.encode()})


def _with_entities(entities: str, shown: str) -> Callable[[Path], bytes]:
    return lambda folder: _docx_of(
        f'<?xml version="1.0"?><!DOCTYPE w [{entities}]><w:document xmlns:w="{_WORD}"><w:body>'
        f"<w:p><w:r><w:t>{shown}</w:t></w:r></w:p></w:body></w:document>",
        folder,
    )


_LAUGHS = '<!ENTITY a0 "ha">' + "".join(
    f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10)
)


def _docx_with(names: list[str]) -> Callable[[Path], bytes]:
    def content(folder: Path) -> bytes:
        path = make_docx(folder / "whole.docx", [DUTCH])
        with zipfile.ZipFile(path, "a") as archive:
            for name in names:
                archive.writestr(name, b"x")
        return path.read_bytes()

    return content


# --- PDF -----------------------------------------------------------------------------------------


def _pdf(pages: list[list[str]], *, locked: bool = False) -> Callable[[Path], bytes]:
    return lambda folder: make_pdf(folder / "a.pdf", pages, locked=locked).read_bytes()


def _many_pages(folder: Path) -> bytes:
    """Ten thousand pages in no more room than one."""
    one = make_pdf(folder / "one.pdf", [[DUTCH]]).read_bytes()
    return one.replace(b"[4 0 R] /Count 1 ", b"[" + b"4 0 R " * 10_000 + b"] /Count 10000 ")


# --- all of them ---------------------------------------------------------------------------------

_SENDER = "From: a@example.org"
_NESTED_MAIL = f"{_SENDER}\n" + "".join(
    f'Content-Type: multipart/mixed; boundary="{n}"\n\n--{n}\n' for n in range(3_000)
)
_RED = f"{DUTCH * 5}\n\x1b[31mrood\x1b[0m"
_LINE = "De brug over de rivier gaat open. " * 300_000
_MARKS = (
    f"\u202e{DUTCH}\u202c \u2067שלום\u2069 \ufdfa 👩‍👩‍👧‍👦 a\u200bb \U000e0041 e" + "\u0301" * 1_000
)

CASES = (
    # size and bytes
    _refused("empty.txt", "", "is empty"),
    _read("one-byte.txt", "x"),
    _refused("large.txt", bytes(51_000_000), "is larger than 50 MB"),
    _refused("noise.txt", NOISE, "looks like a binary file"),
    _refused("noise.pdf", NOISE, "is not a PDF"),
    _refused("noise.docx", NOISE, "is a broken Word document"),
    _refused("noise.html", NOISE, "looks like a binary file"),
    _refused("noise.xlsx", NOISE, "is a broken "),
    _refused("noise.xls", NOISE, "is a broken "),
    _refused("noise.pptx", NOISE, "is a broken "),
    _refused("noise.epub", NOISE, "is a broken "),
    _refused("noise.eml", NOISE, "looks like a binary file"),
    _refused("noise.json", NOISE, "is neither in UTF-8"),
    _refused("noise.csv", NOISE, "looks like a binary file"),
    # PDF
    Hostile("cut.pdf", lambda folder: _pdf([[DUTCH]])(folder)[:-30], refused="is cut off"),
    Hostile("locked.pdf", _pdf([[DUTCH]], locked=True), refused="is locked with a password"),
    Hostile("scanned.pdf", _pdf([[], []]), refused="holds no text"),
    Hostile("pages.pdf", _many_pages, text=DUTCH),
    _refused("hollow.pdf", b"%PDF-1.7\n%%EOF", "is a broken PDF"),
    # packages
    Hostile("bomb.docx", lambda _: _bomb(), refused="larger than 100 MB when unpacked"),
    Hostile("nested.docx", lambda _: _zip({"a.zip": _bomb()}), refused="is a broken Word document"),
    Hostile("overlap.docx", lambda _: _overlapping(), refused="larger than 100 MB when unpacked"),
    Hostile("bomb.xlsx", lambda _: _bomb(), refused="larger than 100 MB"),
    Hostile("bomb.xls", lambda _: _bomb(), refused="larger than 100 MB"),
    Hostile("bomb.pptx", lambda _: _bomb(), refused="larger than 100 MB"),
    Hostile("bomb.epub", lambda _: _bomb(), refused="larger than 100 MB"),
    Hostile("overlap.xlsx", lambda _: _overlapping(), refused="larger than 100 MB"),
    Hostile("overlap.xls", lambda _: _overlapping(), refused="larger than 100 MB"),
    Hostile("overlap.pptx", lambda _: _overlapping(), refused="larger than 100 MB"),
    Hostile("overlap.epub", lambda _: _overlapping(), refused="larger than 100 MB"),
    Hostile("climbs.docx", _docx_with(["../../climbed.txt", "/climbed.txt"]), text=DUTCH),
    Hostile(
        "many.docx", _docx_with([f"{n}" for n in range(100_000)]), refused="more than 2000 parts"
    ),
    Hostile("laughs.docx", _with_entities(_LAUGHS, "&a9;"), refused="Word document"),
    Hostile(
        "steals.docx",
        _with_entities('<!ENTITY e SYSTEM "file:///etc/passwd">', "&e;"),
        refused="declares XML entities",
    ),
    # markup and data
    _refused("deep.html", "<div>" * 200_000 + DUTCH, "is nested too deep"),
    _refused("comments.html", "<!--" * 250_000, "holds no text"),
    _read(
        "active.html",
        "<base href=//evil.example><meta http-equiv=refresh content='0;url=//evil.example'>"
        f"<script>alert(1)</script><p>{DUTCH}<iframe src=//evil.example></iframe>",
        DUTCH,
    ),
    _refused("deep.jsonl", '{"id": "1", "text": ' + "[" * 100_000, "is nested too deep"),
    _refused("deep.json", "[" * 100_000, "is nested too deep"),
    _refused("deeper.json", '{"a":' * 100_000, "is nested too deep"),
    _refused("columns.csv", "a," * 1_000_000 + "b", "more than 1,000,000 cells"),
    _refused("boxes.eml", _NESTED_MAIL, "is cut off"),
    _refused("fields.eml", f"{_SENDER}\n" + "a: b\n" * 200_000, "headers"),
    _read("brackets.md", "[" * 1_000_000),
    _read("stars.md", "*" * 100_000),
    # text
    _read("line.txt", _LINE),
    _read("newlines.txt", f"een{chr(10) * 500_000}twee"),
    _read("spaceless.txt", "brug" * 500_000),
    _refused("nul.txt", "een\0twee", "looks like a binary file"),
    _read("red.log.txt", _RED, _RED.replace("\x1b", " ")),
    _refused("invalid.txt", "Größe, Maß".encode() + b"\xff", "broken characters"),
    _read("latin.txt", "Café, Straße, naïve".encode("latin-1"), "Café, Straße, naïve"),
    _read("wide.txt", DUTCH.encode("utf-16"), DUTCH),
    _read("wider.txt", DUTCH.encode("utf-32"), DUTCH),
    _read("marks.txt", _MARKS),
    # names
    _read("-rf.txt", DUTCH),
    _read("up\\..\\..\\up.txt", DUTCH),
    _read("\u202etxt.exe.txt", DUTCH),
    _read(f"{'a' * 251}.txt", DUTCH),
    _refused("new\nline.txt", DUTCH, "its name holds control"),
    _refused("dot.txt.", DUTCH, "unsupported kind"),
)
