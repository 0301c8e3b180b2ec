"""Files in, documents out: exact text, title, language, date and where each page starts.

What cannot be read comes back as a ``Refused`` with a reason; no file stops another.
This module knows nothing of chunks, stores or duplicate ids, and each format's reader is
imported when a file of that format is met.
"""

from __future__ import annotations

import codecs
import datetime
import errno
import hashlib
import itertools
import json
import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO

from index.decode import Content, UnreadableError, decode, plain_in_place
from index.language import identify
from index.types import LANGUAGES, Document, Refused

_KINDS = (".docx", ".htm", ".html", ".jsonl", ".markdown", ".md", ".pdf", ".text", ".txt")
# A long book is 1 MB; what is larger than this is a mistake or an attack.
_LIMIT_BYTES = 50_000_000
_TOO_LARGE = f"is larger than {_LIMIT_BYTES // 1_000_000} MB"
_TITLE_CHARS = 200


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file to read, as it was found."""

    path: Path  # absolute
    doc_id: str  # '<name of the indexed folder>/<path below it>'; for a single file its name
    root: str  # the absolute path that was given, under which it was found


@dataclass(frozen=True, slots=True)
class Listing:
    """What lies at and under some roots. Files are sorted by id, refusals by path."""

    files: tuple[SourceFile, ...]
    refused: tuple[Refused, ...]
    left_out: int  # hidden files and folders and symbolic links, which are never read


def list_files(roots: Sequence[str | Path]) -> Listing:
    """The files that can be read at and under ``roots``; a root given twice counts once.

    Symbolic links are not followed, but a root that is one leads where it points.
    """
    # Not resolve(): that would give a folder reached by a link another name than was asked for.
    absolute = dict.fromkeys(Path(os.path.abspath(root)) for root in roots)  # noqa: PTH100
    found = [item for root in absolute for item in _find(root)]
    files = [item for item in found if isinstance(item, SourceFile)]
    refused = [item for item in found if isinstance(item, Refused)]
    return Listing(
        files=tuple(sorted(files, key=lambda file: file.doc_id)),
        refused=tuple(sorted(refused, key=lambda refusal: refusal.source)),
        left_out=found.count(None),
    )


def read_file(file: SourceFile) -> Iterator[Document | Refused]:
    """The document in ``file``, or the documents on its lines; a ``Refused`` for each that fails.

    A line of a ``.jsonl`` file is ``{"id", "text", "title"?, "lang"?, "date"?, "url"?}``.
    Its size limit holds for each line, that of other files for the whole.
    """
    try:
        with _open(file.path) as stream:
            if file.path.suffix.lower() == ".jsonl":
                yield from _read_lines(file.path, stream)
            else:
                yield _read_whole(file, stream)
    except OSError as error:
        yield Refused(_shown(file.path), _why(error))
    except UnreadableError as error:
        yield Refused(_shown(file.path), str(error))


def content_hash(path: Path) -> str:
    """The SHA-256 of the file's bytes, as 64 hex digits.

    Raises:
        OSError: It is gone, may not be read, or is not a plain file any more.
    """
    with _open(path) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


# --- finding and opening ---------------------------------------------------------------------


def _find(root: Path) -> Iterator[SourceFile | Refused | None]:
    """What there is at ``root``; None for each thing left out."""
    try:
        path = root.resolve(strict=True)
        mode = path.stat().st_mode
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle, before Python 3.13
        yield Refused(_shown(root), _why(error))
        return
    if not stat.S_ISDIR(mode):
        yield _checked(SourceFile(path, root.name, str(root)), is_file=stat.S_ISREG(mode))
        return
    empty = True
    for item in _walk(root, path):
        empty = empty and item is None
        yield item
    if empty:
        yield Refused(_shown(root), "holds no documents")


def _walk(root: Path, top: Path) -> Iterator[SourceFile | Refused | None]:
    """``top`` is where ``root`` leads: they differ if the root is a symbolic link."""
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        try:
            entries = list(os.scandir(folder))
        except OSError as error:
            yield Refused(_shown(folder), _why(error))
            continue
        for entry in entries:
            path = Path(entry.path)
            if entry.name.startswith(".") or entry.is_symlink():
                yield None
            elif entry.is_dir(follow_symlinks=False):
                waiting.append(path)
            else:
                doc_id = f"{root.name}/{path.relative_to(top).as_posix()}".lstrip("/")
                is_file = entry.is_file(follow_symlinks=False)
                yield _checked(SourceFile(path, doc_id, str(root)), is_file=is_file)


def _checked(file: SourceFile, *, is_file: bool) -> SourceFile | Refused:
    suffix = file.path.suffix.lower()
    if not is_file:
        return Refused(_shown(file.path), "is neither a file nor a folder")
    if suffix not in _KINDS:
        why = f"unsupported kind {_shown(suffix)!r}; use {' '.join(_KINDS)}"
        return Refused(_shown(file.path), why)
    if re.search(r"[\x00-\x1f\x7f\ud800-\udfff]", file.doc_id):
        return Refused(_shown(file.path), "its name holds control or undecodable characters")
    return file


def _open(path: Path) -> BufferedReader:
    # Between listing and reading a file may have become a link or a pipe: follow neither.
    wanted = ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY", "O_CLOEXEC")
    handle = os.open(path, os.O_RDONLY | sum(getattr(os, flag, 0) for flag in wanted))
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "is not a file any more")
    return os.fdopen(handle, "rb")


def _why(error: OSError | RuntimeError) -> str:
    if isinstance(error, RuntimeError):
        return "is a symbolic link that leads back to itself"
    plain = {
        errno.ENOENT: "does not exist",
        errno.EACCES: "may not be read: permission denied",
        errno.EPERM: "may not be read: permission denied",
        errno.ELOOP: "is a symbolic link, which is not followed",
        errno.ENAMETOOLONG: "has too long a name",
    }
    return plain.get(error.errno or 0) or f"cannot be read: {error.strerror or error}"


def _shown(path: Path | str) -> str:
    """The path in characters that can be written anywhere, whatever bytes the name holds."""
    return str(path).encode("utf-8", "backslashreplace").decode("utf-8")


# --- one document from one file --------------------------------------------------------------


def _read_whole(file: SourceFile, stream: BinaryIO) -> Document:
    if os.fstat(stream.fileno()).st_size > _LIMIT_BYTES:
        raise UnreadableError(_TOO_LARGE)
    raw = stream.read(_LIMIT_BYTES + 1)
    if len(raw) > _LIMIT_BYTES:  # it grew since
        raise UnreadableError(_TOO_LARGE)
    if not raw.strip():
        raise UnreadableError("is empty")
    content = _content(file.path.suffix.lower(), raw)
    name = re.sub(r"[\s_-]+", " ", file.path.stem).strip()
    title = _sensible(content.title) or content.heading
    source = content.source or str(file.path)
    return _document(file.doc_id, replace(content, title=title, source=source), name)


def _content(suffix: str, raw: bytes) -> Content:
    if suffix == ".pdf":
        from index.read_pdf import read_pdf

        return read_pdf(raw)
    if suffix == ".docx":
        from index.read_docx import read_docx

        return read_docx(raw)
    if suffix in (".html", ".htm"):
        from index.read_html import read_html

        return read_html(raw)
    if suffix in (".md", ".markdown"):
        from index.read_markdown import read_markdown

        return read_markdown(raw)
    return Content(decode(raw))


def _document(doc_id: str, content: Content, name: str) -> Document:
    """The document; ``name`` is its title if nothing in it looks like one."""
    if not content.text.strip():
        raise UnreadableError("is empty")
    return Document(
        id=doc_id,
        text=content.text,
        title=_one_line(content.title) or _headline(content.text) or name,
        language=_language_code(content.language) or _language_of(content.text),
        date=_date(content.date),
        source=content.source,
        pages=content.pages,
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())[:_TITLE_CHARS]


def _sensible(title: str) -> str:
    """The title, unless a program made it up.

    >>> _sensible("Microsoft Word - rapport_v3.doc"), _sensible("Rapport over water")
    ('', 'Rapport over water')
    """
    made_up = (
        r"\W*$|microsoft (word|excel|powerpoint|publisher) - |untitled|(word )?document ?\d*$"
        r"|.*\.(docx?|pdf|tex|dvi|indd|qxd|rtf|odt|html?)$"
    )
    return "" if re.match(made_up, title, re.IGNORECASE) else title


def _headline(text: str) -> str:
    r"""The first or second line, if it looks like a headline; else "".

    >>> _headline("Nieuws\n\nDe brug gaat in mei open\n\nDe gemeente meldt dat het mag.")
    'De brug gaat in mei open'
    >>> _headline("De gemeente meldt dat de brug in mei opengaat.")
    ''
    """
    lines = (line.strip() for line in text[:2_000].splitlines())
    for line in itertools.islice(filter(None, lines), 2):
        words = line.split()
        if (
            len(words) >= 3
            and len(line) <= 120
            and line[-1] not in ".,;:"
            and not line[0].islower()
        ):
            return " ".join(words)
    return ""


def _language_code(given: str) -> str:
    """The bare code.

    >>> _language_code("en-US"), _language_code("Deutsch, nehme ich an")
    ('en', '')
    """
    code = re.match(r"([a-z]{2,3})(?![^-_])", given.strip().lower())
    return code[1] if code else ""


def _language_of(text: str) -> str:
    """The language that is likelier than all others together; "" if the text does not tell.

    A short Dutch text is torn between 140 languages where the choice of three is clear.
    """
    code, probability = identify(text)
    if probability < 0.5:
        code, probability = identify(text, among=LANGUAGES)
        probability -= 0.4  # a choice of three is won sooner
    return code if probability >= 0.5 and code != "zxx" else ""  # zxx: no language, but numbers


def _date(given: str | None) -> str | None:
    """The date as given, cut to the day; None if it is not one.

    >>> [_date(given) for given in ("2021", "2021-02", "2021-02-03T04:05Z", "2021-02-30", "May")]
    ['2021', '2021-02', '2021-02-03', None, None]
    """
    found = re.match(r"([0-9]{4}(?:-[0-9]{2}){0,2})(?:$|(?<=-..-..)[T ])", (given or "").strip())
    if not found:
        return None
    try:
        datetime.date.fromisoformat(found[1] + "-01-01"[len(found[1]) - 4 :])
    except ValueError:
        return None
    return found[1]


# --- JSONL: one document a line --------------------------------------------------------------


def _read_lines(path: Path, stream: BinaryIO) -> Iterator[Document | Refused]:
    empty = True
    for number, line in enumerate(_lines(stream), start=1):
        if not line.strip(b" \t\r\n" + codecs.BOM_UTF8):
            continue
        empty = False
        source = f"{_shown(path)}:{number}"
        try:
            yield _read_line(line, source)
        except UnreadableError as error:
            yield Refused(source, str(error))
    if empty:
        raise UnreadableError("is empty")


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Each line, and of one that is too long a little more than the limit."""
    while line := stream.readline(_LIMIT_BYTES + 1):
        rest = line
        while len(rest) > _LIMIT_BYTES and not rest.endswith(b"\n"):
            rest = stream.readline(_LIMIT_BYTES + 1)
        yield line


def _read_line(line: bytes, source: str) -> Document:
    if len(line) > _LIMIT_BYTES:
        raise UnreadableError(_TOO_LARGE)
    try:
        record = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UnreadableError("is not in UTF-8") from error
    except ValueError as error:
        raise UnreadableError(f"is not JSON: {error}") from error
    except RecursionError as error:
        raise UnreadableError("is nested too deep") from error
    if not isinstance(record, dict):
        raise UnreadableError("is not a JSON object")
    for name in ("id", "text"):
        if name not in record:
            raise UnreadableError(f"has no {name!r}")
    fields = {
        name: _string(record, name) for name in ("id", "text", "title", "lang", "date", "url")
    }
    if not fields["id"].strip():
        raise UnreadableError("has an empty 'id'")
    content = Content(
        text=plain_in_place(fields["text"]),
        title=fields["title"],
        language=fields["lang"],
        date=fields["date"],
        source=fields["url"] or source,
    )
    return _document(fields["id"], content, fields["id"])


def _string(record: dict[str, Any], name: str) -> str:
    value = record.get(name)
    if value is None and name not in ("id", "text"):
        return ""
    if not isinstance(value, str):
        raise UnreadableError(f"its {name!r} is not a string")
    if "\0" in value:
        raise UnreadableError(f"its {name!r} holds a NUL character")
    if re.search("[\ud800-\udfff]", value):
        raise UnreadableError(f"its {name!r} holds half a character (a lone surrogate)")
    return value
