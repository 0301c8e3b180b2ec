from __future__ import annotations

import random
import time
import zipfile
from io import BytesIO

import pytest

from index.decode import Content, UnreadableError
from index.read_epub import read_epub
from tests.reading import NOISE

ODD = "Größe & naïve <tag> \U0001f469\u200d\U0001f4bb e\u0301 \u00e9"
CONTAINER = (
    '<?xml version="1.0"?><container version="1.0" '
    'xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile '
    'full-path="OEBPS/content.opf" media-type="application/oebps-package+xml"/>'
    "</rootfiles></container>"
)
METADATA = (
    "<dc:title> Het boek </dc:title><dc:title>Deel twee</dc:title><dc:language>nl-BE</dc:language>"
    "<dc:date>2019-05-01T00:00:00Z</dc:date>"
)


def chapter(body: str, head: str = "<title/>") -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.1//EN" '
        '"http://www.w3.org/TR/xhtml11/DTD/xhtml11.dtd"><html xmlns="http://www.w3.org/1999/xhtml">'
        f"<head>{head}</head><body>{body}</body></html>"
    )


def package(items: str, spine: str, metadata: str = METADATA) -> str:
    return (
        '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" '
        'xmlns:opf="http://www.idpf.org/2007/opf" version="3.0">'
        f'<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">{metadata}</metadata>'
        f"<manifest>{items}</manifest><spine>{spine}</spine></package>"
    )


def packed(parts: dict[str, str | bytes]) -> bytes:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        for name, part in parts.items():
            archive.writestr(name, part)
    return stream.getvalue()


def book(*chapters: str, metadata: str = METADATA, **others: str | bytes) -> bytes:
    """A book with these chapters; ``others`` are parts of META-INF, or replace the container."""
    items = "".join(f'<item id="c{i}" href="c{i}.xhtml"/>' for i in range(len(chapters)))
    spine = "".join(f'<itemref idref="c{i}"/>' for i in range(len(chapters)))
    parts: dict[str, str | bytes] = {
        "META-INF/container.xml": CONTAINER,
        "OEBPS/content.opf": package(items, spine, metadata),
    }
    parts |= {f"OEBPS/c{i}.xhtml": text for i, text in enumerate(chapters)}
    return packed(parts | {f"META-INF/{name}.xml": part for name, part in others.items()})


def refusal(raw: bytes) -> str:
    with pytest.raises(UnreadableError) as caught:
        read_epub(raw)
    return str(caught.value)


def test_the_chapters_come_in_the_order_of_the_spine_without_contents_and_covers() -> None:
    odd = ODD.replace("&", "&amp;").replace("<", "&lt;")
    items = (
        '<item id="b" href="text/b%20%C3%A9.xhtml"/><item id="a" href="a.xhtml"/>'
        '<item id="nav" href="nav.xhtml" properties="scripted nav"/>'
        '<item id="cover" href="cover.xhtml"/><item id="css" href="book.css"/>'
    )
    spine = "".join(f'<itemref idref="{name}"/>' for name in ("cover", "nav", "a", "b", "a"))
    raw = packed(
        {
            "META-INF/container.xml": CONTAINER,
            "OEBPS/content.opf": package(items, spine),
            "OEBPS/nav.xhtml": chapter("<nav><ol><li>Inhoud</li></ol></nav>"),
            "OEBPS/cover.xhtml": chapter('<img src="cover.jpg" alt=""/>'),
            "OEBPS/text/b é.xhtml": chapter(f"<h1>Twee</h1><p>{odd}</p>"),
            "OEBPS/a.xhtml": chapter("<h1>Een</h1><p>Regel<br/>einde.</p>", "<script src='x'/>"),
        }
    )
    assert read_epub(raw) == Content(
        f"Een\n\nRegel\neinde.\n\nTwee\n\n{ODD}",
        title="Het boek",
        language="nl-BE",
        date="2019-05-01T00:00:00Z",
    )


@pytest.mark.parametrize(
    ("dates", "date"),
    [
        ('<dc:date opf:event="modification">2020</dc:date><dc:date>2011</dc:date>', "2011"),
        ('<dc:date opf:event="original-publication">1899</dc:date>', "1899"),
        ("<dc:date>0101-01-01T00:00:00+00:00</dc:date>", None),
        ("<dc:date/><dc:title/>", ""),
        ("", None),
    ],
)
def test_the_date_is_that_of_publication(dates: str, date: str | None) -> None:
    assert read_epub(book(chapter("<p>x</p>"), metadata=dates)).date == date


def test_a_locked_book_is_refused_and_locked_fonts_are_no_matter() -> None:
    def locking(name: str) -> str:
        return (
            '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" '
            'xmlns:enc="http://www.w3.org/2001/04/xmlenc#"><enc:EncryptedData><enc:CipherData>'
            f'<enc:CipherReference URI="{name}"/></enc:CipherData></enc:EncryptedData></encryption>'
        )

    text = chapter("<p>Tekst.</p>")
    locked = book(text, encryption=locking("OEBPS/c0.xhtml"))
    assert refusal(locked) == "is locked against copying (DRM)"
    assert read_epub(book(text, encryption=locking("OEBPS/font.otf"))).text == "Tekst."


def test_broken_and_empty_books_are_refused() -> None:
    broken = "is a broken e-book: "
    whole = book(chapter("<p>Tekst.</p>"))
    assert read_epub(whole).text == "Tekst."
    for raw in (b"", NOISE, whole[:-40], packed({}), book("x", container="<container/>")):
        assert refusal(raw).startswith(broken)
    assert refusal(book(chapter("<p> </p>"), "")) == "holds no text"
    assert refusal(book()) == "holds no text"
    for href in ("gone.xhtml", "../../etc/passwd", "https://example.org/a", ""):
        opf = package(f'<item id="a" href="{href}"/>', '<itemref idref="a"/>')
        parts = {"META-INF/container.xml": CONTAINER, "OEBPS/content.opf": opf}
        assert refusal(packed(dict(parts))).startswith(broken)
    unlisted = package("", '<itemref idref="a"/>')
    parts = {"META-INF/container.xml": CONTAINER, "OEBPS/content.opf": unlisted}
    assert refusal(packed(dict(parts))).startswith(broken)


def test_a_chapter_that_cannot_be_read_refuses_the_book_and_is_named() -> None:
    deep = "<div>" * 5_000 + "x"
    assert refusal(book(chapter("<p>x</p>"), deep)) == (
        "its chapter 'OEBPS/c1.xhtml' is nested too deep"
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_never_expanded(encoding: str) -> None:
    ten = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 10))
    for declared in ('<!ENTITY a9 SYSTEM "file:///etc/hostname">', f'<!ENTITY a0 "ha">{ten}'):
        laughs = f"<!DOCTYPE container [{declared}]><container>&a9;</container>"
        raw = book(chapter("<p>x</p>"), container=laughs.encode(encoding))
        assert refusal(raw) == "declares XML entities, which no e-book does"


def test_an_entity_of_a_chapter_is_not_expanded() -> None:
    text = chapter("<p>x&a;</p>").replace("<html", '<!DOCTYPE d [<!ENTITY a "ha">]><html', 1)
    assert "xha" not in read_epub(book(text)).text


def test_too_much_text_is_refused_before_it_is_read() -> None:
    start = time.perf_counter()
    assert refusal(book(*["<i></i>" * 1_500_000] * 2)) == "holds more than 20 MB of text"
    huge = book("x", container="<a/>" * 1_300_000)
    assert refusal(huge) == "is no e-book: its 'META-INF/container.xml' is too large"
    assert time.perf_counter() - start < 3


def test_damage_anywhere_is_a_refusal_or_a_content() -> None:
    chance = random.Random(6)
    whole = book(chapter("<p>Een.</p>"), chapter("<p>Twee.</p>"))
    n_refused = 0
    for turn in range(400):
        raw = bytearray(whole)
        if turn % 2:
            del raw[chance.randrange(len(raw)) :]
        else:
            for _ in range(3):
                raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
        try:
            assert isinstance(read_epub(bytes(raw)), Content)
        except UnreadableError:
            n_refused += 1
    assert n_refused > 200
    items = '<item id="c0" href="c0.xhtml"/>'
    for _ in range(200):  # unlike the above, this gets through to the XML
        opf = package(items, '<itemref idref="c0"/>')
        at = chance.randrange(len(opf))
        opf = opf[:at] + chance.choice(["", "<", "\0", "&", '"', "/"]) + opf[at + 1 :]
        parts: dict[str, str | bytes] = {
            "META-INF/container.xml": CONTAINER,
            "OEBPS/content.opf": opf,
            "OEBPS/c0.xhtml": chapter("<p>x</p>"),
        }
        try:
            assert isinstance(read_epub(packed(parts)), Content)
        except UnreadableError:
            n_refused += 1
