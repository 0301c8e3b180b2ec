from __future__ import annotations

import struct
import time
import zipfile
import zlib
from io import BytesIO
from pathlib import Path

import pytest

from index.decode import UnreadableError
from index.packed import UNPACKING_ERRORS, check_size
from index.read_docx import read_docx
from tests.documents import make_docx
from tests.reading import NOISE


def packed(parts: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return stream.getvalue()


def understated(name: str, content: bytes, declared: int) -> bytes:
    """An archive of one part that says it is ``declared`` bytes long, and has their checksum."""
    raw = packed({name: content})
    true = struct.pack("<L", len(content)), struct.pack("<L", zlib.crc32(content))
    told = struct.pack("<L", declared), struct.pack("<L", zlib.crc32(content[:declared]))
    assert all(raw.count(number) == 2 for number in true)  # before the part, and in the directory
    for number, instead in zip(true, told, strict=True):
        raw = raw.replace(number, instead)
    return raw


def refusal(raw: bytes) -> str:
    with pytest.raises(UnreadableError) as caught:
        check_size(raw)
    return str(caught.value)


def test_an_archive_of_the_largest_size_and_number_of_parts_passes() -> None:
    check_size(packed({"a": bytes(50_000_000), "b": bytes(50_000_000)}))
    check_size(packed({str(number): b"" for number in range(2_000)}))


def test_an_archive_that_unpacks_to_too_much_is_refused() -> None:
    raw = packed({"a": bytes(50_000_000), "b": bytes(50_000_001)})
    assert len(raw) < 200_000
    assert refusal(raw) == "is larger than 100 MB when unpacked"


def test_an_archive_of_too_many_parts_is_refused_within_seconds() -> None:
    start = time.perf_counter()
    raw = packed({str(number): b"" for number in range(100_000)}, zipfile.ZIP_STORED)
    made = time.perf_counter()
    assert refusal(raw) == "has more than 2000 parts"
    assert time.perf_counter() - made < max(3, made - start)


def test_a_part_that_is_larger_than_it_says_is_found_out_without_unpacking_it() -> None:
    content = bytes(200_000_000)
    raw = understated("a.xml", content, declared=10)
    start = time.perf_counter()
    with zipfile.ZipFile(BytesIO(raw)) as archive:
        assert len(archive.read("a.xml")) == 10  # zipfile unpacks all and says nothing
    unpacked = time.perf_counter()
    with pytest.raises(zipfile.BadZipFile, match="Bad CRC-32"):
        check_size(raw)
    assert time.perf_counter() - unpacked < (unpacked - start) / 3


def test_two_parts_of_one_name_are_refused() -> None:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a", b"1")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a", b"2")
    assert refusal(stream.getvalue()) == "holds two parts of one name"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_packing_that_cannot_be_unpacked_in_pieces_is_refused(method: int) -> None:
    with pytest.raises(zipfile.BadZipFile, match="'a' is packed in an unusual way"):
        check_size(packed({"a": bytes(1_000)}, method))


def test_an_archive_with_a_password_is_refused() -> None:
    raw = bytearray(packed({"a": b"text"}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.index(mark) + offset] |= 1
    assert refusal(bytes(raw)) == "is locked with a password"


def test_names_that_lead_elsewhere_and_archives_in_archives_are_just_parts() -> None:
    inner = packed({"bomb": bytes(90_000_000)})
    check_size(packed({"../../etc/passwd": b"x", "/absolute": b"y", "inner.zip": inner}))


@pytest.mark.parametrize("raw", [b"", b"PK", NOISE, packed({"a": NOISE})[:-30]])
def test_what_is_no_archive_raises_an_unpacking_error(raw: bytes) -> None:
    with pytest.raises(UNPACKING_ERRORS):
        check_size(raw)


def test_a_word_file_that_understates_a_part_is_broken(tmp_path: Path) -> None:
    with zipfile.ZipFile(make_docx(tmp_path / "a.docx", ["Tekst."])) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    whole = packed(parts)
    assert read_docx(whole).text == "Tekst."
    size = struct.pack("<L", len(parts["word/document.xml"]))
    with pytest.raises(UnreadableError, match=r"^is a broken Word document: "):
        read_docx(whole.replace(size, struct.pack("<L", 40)))
