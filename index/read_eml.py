"""E-mails → who wrote to whom, when and about what, then the message.

The parts are split here: ``email`` goes down into nested ones by recursion, and its modern policy
takes half a minute for one header of 50,000 quotation marks.
"""

from __future__ import annotations

import binascii
import contextlib
import email.errors
import email.utils
import re
from dataclasses import dataclass
from email.header import decode_header, make_header
from email.message import Message
from email.parser import HeaderParser

from index.decode import Content, UnreadableError, decode, plain
from index.read_html import read_html

_SHOWN = ("From", "To", "Date", "Subject")
_LIMIT_PARTS = 1_000
_MAX_DEPTH = 50
_LIMIT_HEADERS_BYTES = 500_000
# Of those that say what a part is; ``email`` takes quadratic time for them.
_LIMIT_HEADER_CHARS = 2_000
# Decoding takes the number of encoded words times the length of the header.
_LIMIT_DECODING = 50_000_000
_EMPTY_LINE = re.compile(rb"\A\r?\n|\r?\n\r?\n")
_NO_TEXT = "holds no text"  # what read_html says of a page
# In these every byte is ASCII, so that they look like UTF-8.
_SEVEN_BITS = re.compile(r"utf-?7|iso-2022-[a-z0-9-]+|hz-gb-2312")


@dataclass(frozen=True, slots=True)
class _Part:
    """A part that holds no others."""

    head: Message
    body: bytes
    choice: int  # which texts are versions of each other: those of equal number; 0: of none


def read_eml(raw: bytes) -> Content:
    """The main headers, the message, and the names of what is attached to it.

    Of a message that comes both as plain text and as a web page, the plain text is read.

    Raises:
        UnreadableError: It is no e-mail, or in an encoding that cannot be told.
    """
    head, body = _split(raw)
    fields = {name: _words(head[name]) for name in _SHOWN if name in head}
    if not fields:
        raise UnreadableError(f"is no e-mail: it starts with none of {', '.join(_SHOWN)}")
    parts = _parts(head, body)
    files = [name for name in map(_file_name, parts) if name]
    blocks = ["\n".join(f"{name}: {value}" for name, value in fields.items())]
    blocks += _message(parts)
    if files:
        blocks.append(f"Attachments: {', '.join(files)}")
    return Content("\n\n".join(blocks), title=fields.get("Subject", ""), date=_day(head["Date"]))


def _split(raw: bytes) -> tuple[Message, bytes]:
    """The headers and what follows the first empty line."""
    end = _EMPTY_LINE.search(raw)
    top, body = (raw[: end.start()], raw[end.end() :]) if end else (raw, b"")
    if len(top) > _LIMIT_HEADERS_BYTES:
        raise UnreadableError(f"has more than {_LIMIT_HEADERS_BYTES // 1_000} kB of headers")
    head: Message = HeaderParser().parsestr(decode(top))
    for name in ("Content-Type", "Content-Disposition", "Content-Transfer-Encoding"):
        if len(head.get(name, "")) > _LIMIT_HEADER_CHARS:
            raise UnreadableError(f"has a header of more than {_LIMIT_HEADER_CHARS} characters")
    if rest := str(head.get_payload()):  # a line that is no header ends them as well
        body = rest.encode() + b"\n\n" + body
    return head, body


def _parts(head: Message, body: bytes) -> list[_Part]:
    """All parts that hold no others, in order."""
    found: list[_Part] = []
    waiting = [(head, body, 0, 0)]
    seen = 0
    while waiting:
        head, body, depth, choice = waiting.pop()
        seen += 1
        if head.get_content_maintype() != "multipart":
            found.append(_Part(head, body, choice))
            continue
        if depth == _MAX_DEPTH:
            raise UnreadableError("is nested too deep")
        if head.get_content_subtype() == "alternative":
            choice = choice or seen
        pieces, closed = _within(body, head.get_boundary(""))
        # Where the outer one is whole, nothing is missing; some programs never close an inner one.
        if not closed and not depth:
            raise UnreadableError("is cut off: the end of its last part is missing")
        if seen + len(waiting) + len(pieces) > _LIMIT_PARTS:
            raise UnreadableError(f"has more than {_LIMIT_PARTS} parts")
        waiting += [(*_split(piece), depth + 1, choice) for piece in reversed(pieces)]
    return found


def _within(body: bytes, boundary: str) -> tuple[list[bytes], bool]:
    """What stands between the boundary's lines, and whether the last of these says that it is."""
    mark = re.escape(b"--" + boundary.encode("utf-8", "replace"))
    # The letters come first: looking for line ends takes ten times as long.
    line = mark + rb"(?<=\n" + mark + rb")(--)?[ \t]*(?=\r?\n|\Z)"
    pieces = re.split(line, b"\n" + body, maxsplit=_LIMIT_PARTS + 1)
    if not boundary or len(pieces) == 1:
        raise UnreadableError("is a broken e-mail: its parts cannot be told apart")
    ends = pieces[1::2]
    n_parts = ends.index(b"--") if b"--" in ends else len(ends)
    # The line ends at both edges belong to the boundary.
    parts = [
        piece.removeprefix(b"\r").removeprefix(b"\n").removesuffix(b"\n").removesuffix(b"\r")
        for piece in pieces[2::2][:n_parts]
    ]
    return parts, n_parts < len(ends)


def _file_name(part: _Part) -> str:
    """The name of an attachment; "" for a part of the message, or one that has no name."""
    name = _words(part.head.get_filename() or "")
    if not name and part.head.get_content_type() == "message/rfc822":  # a forwarded one
        name = _words(_split(part.body)[0].get("Subject", ""))
    return name


def _message(parts: list[_Part]) -> list[str]:
    """The texts to read: of those that are versions of each other, the plain ones if there are."""
    texts = [
        (part.choice, part.head.get_content_subtype(), _text(part))
        for part in parts
        if part.head.get_content_type() in ("text/plain", "text/html")
        and not part.head.get_filename()
        and part.head.get_content_disposition() != "attachment"
    ]
    told = {choice for choice, kind, text in texts if choice and kind == "plain" and text}
    return [
        text for choice, kind, text in texts if text and (kind == "plain" or choice not in told)
    ]


def _text(part: _Part) -> str:
    text = _decoded(part)
    if part.head.get_content_subtype() == "plain":
        return text.strip("\n").rstrip()
    try:
        return read_html(text.encode()).text
    except UnreadableError as error:
        if str(error) == _NO_TEXT:
            return ""
        raise


def _decoded(part: _Part) -> str:
    raw = part.body
    encoding = part.head.get("Content-Transfer-Encoding", "").strip().lower()
    if encoding == "quoted-printable":
        raw = binascii.a2b_qp(raw)
    elif encoding == "base64":
        raw = _from_base64(raw)
    charset = part.head.get_content_charset("")
    if _SEVEN_BITS.fullmatch(charset):
        try:
            raw = raw.decode(charset).encode()
        except (ValueError, LookupError) as error:
            raise UnreadableError(f"its text is not in {charset}, as it says") from error
    return decode(raw, _codec(charset))


def _from_base64(raw: bytes) -> bytes:
    dense = b"".join(raw.split())
    try:
        return binascii.a2b_base64(dense + b"=" * (-len(dense) % 4), strict_mode=True)
    except binascii.Error as error:
        raise UnreadableError("is a broken e-mail: its base64 text is damaged") from error


def _codec(charset: str) -> str:
    """The codec for a charset; "" for one that says nothing, or is no text encoding.

    >>> _codec("iso-8859-1"), _codec("windows-1252"), _codec("us-ascii"), _codec("hex")
    ('cp1252', 'windows-1252', '', '')
    """
    if charset in ("iso-8859-1", "latin1"):
        return "cp1252"  # https://encoding.spec.whatwg.org/#names-and-labels
    families = r"(iso-8859|windows-|cp\d|koi8|shift_jis|euc-|gb|big5|macintosh)[a-z0-9_-]*"
    known = re.fullmatch(families, charset)
    return charset if known else ""


def _words(value: str) -> str:
    """The header on one line, its encoded words decoded; as it stands if they cannot be.

    >>> _words("=?utf-8?q?Gr=C3=BC=C3=9Fe?=  aus Bern"), _words("=?no-such?q?=C3?=")
    ('Grüße aus Bern', '=?no-such?q?=C3?=')
    """
    if value.count("=?") * len(value) <= _LIMIT_DECODING:
        with contextlib.suppress(LookupError, ValueError, email.errors.MessageError):
            value = str(make_header(decode_header(value)))
    # A hostile name may hold half a character, which no program can write.
    return " ".join(plain(value).split()).encode("utf-8", "backslashreplace").decode()


def _day(value: str | None) -> str | None:
    """The day where the sender was.

    >>> _day("Fri, 1 Mar 2024 23:30:00 -0500"), _day("soon")
    ('2024-03-01', None)
    """
    try:
        return email.utils.parsedate_to_datetime(value or "").date().isoformat()
    except (LookupError, OverflowError, TypeError, ValueError):
        return None
