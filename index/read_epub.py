"""E-books (EPUB) → the text of their chapters, in the order of reading.

The chapters are web pages, which ``read_html`` reads; here is how an archive says which come when.
"""

from __future__ import annotations

import posixpath
import xml.etree.ElementTree as ET
import zipfile
from io import BytesIO
from urllib.parse import unquote

from index.decode import Content, UnreadableError
from index.packed import UNPACKING_ERRORS, check_size
from index.read_html import read_html

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_DC = "{http://purl.org/dc/elements/1.1/}"
_EVENT = "{http://www.idpf.org/2007/opf}event"
# A long book is 1 MB, and its list of chapters 100 kB. Tags without text take half a second a MB.
_LIMIT_CHAPTERS_BYTES = 20_000_000
_LIMIT_LIST_BYTES = 5_000_000
_BROKEN = (*UNPACKING_ERRORS, ET.ParseError)
_NO_TEXT = "holds no text"  # what read_html says of a cover


def read_epub(raw: bytes) -> Content:
    """The chapters parted by an empty line; title, language and date as the book gives them.

    Raises:
        UnreadableError: It is no e-book, broken, locked, too large, or holds no text.
    """
    try:
        check_size(raw)
        with zipfile.ZipFile(BytesIO(raw)) as archive:
            place = _package_name(archive)
            package = _tree(archive, place)
            chapters = _chapters(package, posixpath.dirname(place))
            _check_chapters(archive, chapters)
            texts = [_text(archive, chapter) for chapter in chapters]
    except _BROKEN as error:
        raise UnreadableError(f"is a broken e-book: {error}") from error
    text = "\n\n".join(filter(None, texts))
    if not text:
        raise UnreadableError(_NO_TEXT)
    return Content(
        text,
        title=_first(package, "title"),
        language=_first(package, "language"),
        date=_date(package),
    )


def _package_name(archive: zipfile.ZipFile) -> str:
    found = _tree(archive, _CONTAINER).find(".//{*}rootfile")
    return "" if found is None else found.get("full-path", "")


def _tree(archive: zipfile.ZipFile, name: str) -> ET.Element:
    """The parsed part. ElementTree loads nothing from elsewhere, but would expand entities."""
    if archive.getinfo(name).file_size > _LIMIT_LIST_BYTES:
        raise UnreadableError(f"is no e-book: its {name!r} is too large")
    source = archive.read(name)
    if b"<!ENTITY" in source.replace(b"\0", b""):  # UTF-16 has a zero in each letter
        raise UnreadableError("declares XML entities, which no e-book does")
    return ET.fromstring(source)


def _chapters(package: ET.Element, folder: str) -> list[str]:
    """The names of the parts to read, each once, however often it is listed."""
    items = {item.get("id"): item for item in package.iterfind(".//{*}manifest/{*}item")}
    found = []
    for reference in package.iterfind(".//{*}spine/{*}itemref"):
        item = items[reference.get("idref")]
        if "nav" not in item.get("properties", "").split():  # the table of contents
            found.append(posixpath.normpath(posixpath.join(folder, unquote(item.get("href", "")))))
    return list(dict.fromkeys(found))


def _check_chapters(archive: zipfile.ZipFile, chapters: list[str]) -> None:
    if _ENCRYPTION in archive.namelist():  # it may be about fonts alone
        references = _tree(archive, _ENCRYPTION).iterfind(".//{*}CipherReference")
        if not {unquote(each.get("URI", "")) for each in references}.isdisjoint(chapters):
            raise UnreadableError("is locked against copying (DRM)")
    if sum(archive.getinfo(name).file_size for name in chapters) > _LIMIT_CHAPTERS_BYTES:
        raise UnreadableError(f"holds more than {_LIMIT_CHAPTERS_BYTES // 1_000_000} MB of text")


def _text(archive: zipfile.ZipFile, chapter: str) -> str:
    try:
        return read_html(archive.read(chapter)).text
    except UnreadableError as error:
        if str(error) == _NO_TEXT:
            return ""
        raise UnreadableError(f"its chapter {chapter!r} {error}") from error


def _first(package: ET.Element, name: str) -> str:
    return (package.findtext(f".//{_DC}{name}") or "").strip()


def _date(package: ET.Element) -> str | None:
    """When it was published, which is the only date of EPUB 3, and in EPUB 2 one of several."""
    for date in package.iterfind(f".//{_DC}date"):
        text = (date.text or "").strip()
        # The year 101 stands for "unknown" in books that Calibre made.
        if "publication" in date.get(_EVENT, "publication") and not text.startswith("0"):
            return text
    return None
