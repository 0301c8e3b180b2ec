"""Small real documents for the tests, written by hand: no library makes them, so none can lie."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_CONTENT_TYPES = """<?xml version="1.0" encoding="UTF-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="xml" ContentType="application/xml"/>
<Override PartName="/word/document.xml" ContentType=
"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/>
<Override PartName="/docProps/core.xml" ContentType=
"application/vnd.openxmlformats-package.core-properties+xml"/>
</Types>"""
_RELATIONS = """<?xml version="1.0" encoding="UTF-8"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Id="rId1" Target="word/document.xml" Type=
"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"/>
<Relationship Id="rId2" Target="docProps/core.xml" Type=
"http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties"/>
</Relationships>"""
_CORE = """<?xml version="1.0" encoding="UTF-8"?>
<cp:coreProperties xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:cp=
"http://schemas.openxmlformats.org/package/2006/metadata/core-properties"
xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<dc:title>{title}</dc:title>
<dcterms:created xsi:type="dcterms:W3CDTF">2019-02-03T04:05:06Z</dcterms:created>
</cp:coreProperties>"""


def make_pdf(
    path: Path,
    pages: Sequence[Sequence[str]],
    *,
    title: str = "",
    locked: bool = False,
) -> Path:
    """A PDF with the given lines on each page, in Helvetica; Latin-1 characters only.

    An empty line leaves a gap, as between paragraphs. ``locked`` asks for a password nobody has.
    The creation date is always 2019-02-03, so that a test can see it is not taken for a date.
    """
    kids = " ".join(f"{4 + 2 * i} 0 R" for i in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for i, lines in enumerate(pages):
        objects += [_page(content=5 + 2 * i), _stream(lines)]
    objects.append(b"<< /Title (" + _quoted(title) + b") /CreationDate (D:20190203040506Z) >>")
    trailer = f"/Size {len(objects) + 1} /Root 1 0 R /Info {len(objects)} 0 R "
    if locked:
        trailer += (
            f"/ID [<{'0' * 32}> <{'0' * 32}>] "
            f"/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <{'0a' * 32}> /U <{'0b' * 32}> >>"
        )
    path.write_bytes(_assembled(objects, trailer))
    return path


def _page(content: int) -> bytes:
    return (
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] "
        f"/Resources << /Font << /F1 3 0 R >> >> /Contents {content} 0 R >>"
    ).encode()


def _stream(lines: Sequence[str]) -> bytes:
    shown = b" T* ".join(b"(" + _quoted(line) + b") Tj" if line else b"" for line in lines)
    body = b"BT /F1 11 Tf 14 TL 72 770 Td " + shown + b" ET"
    return b"<< /Length %d >>\nstream\n%s\nendstream" % (len(body), body)


def _quoted(text: str) -> bytes:
    for special in "\\()":
        text = text.replace(special, "\\" + special)
    return text.encode("cp1252")


def _assembled(objects: Sequence[bytes], trailer: str) -> bytes:
    file = b"%PDF-1.4\n"
    starts = []
    for number, body in enumerate(objects, start=1):
        starts.append(len(file))
        file += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = "".join(f"{start:010} 00000 n \n" for start in starts)
    return file + (
        f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
        f"trailer\n<< {trailer}>>\nstartxref\n{len(file)}\n%%EOF\n"
    ).encode("ascii")


def make_docx(
    path: Path,
    paragraphs: Sequence[str],
    table: Sequence[Sequence[str]] | None = None,
    *,
    title: str = "",
) -> Path:
    """A Word file: ``paragraphs``, then ``table``. One that starts with ``# `` is a heading.

    ``title`` goes into the core properties. The creation date is always 2019-02-03.
    """
    body = "".join(_paragraph(paragraph) for paragraph in paragraphs)
    if table is not None:
        rows = "".join(f"<w:tr>{''.join(map(_cell, row))}</w:tr>" for row in table)
        body += f"<w:tbl>{rows}</w:tbl>"
    document = f'<w:document xmlns:w="{_WORD}"><w:body>{body}</w:body></w:document>'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", _CONTENT_TYPES)
        archive.writestr("_rels/.rels", _RELATIONS)
        archive.writestr("docProps/core.xml", _CORE.format(title=escape(title)))
        archive.writestr("word/document.xml", document)
    return path


def _paragraph(text: str) -> str:
    style = '<w:pPr><w:pStyle w:val="Heading1"/></w:pPr>' if text.startswith("# ") else ""
    run = f'<w:r><w:t xml:space="preserve">{escape(text.removeprefix("# "))}</w:t></w:r>'
    return f"<w:p>{style}{run}</w:p>"


def _cell(text: str) -> str:
    return f"<w:tc>{_paragraph(text)}</w:tc>"
