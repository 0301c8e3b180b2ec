"""Files in, documents out: exact text, title, language, date and where each page starts.

What cannot be read comes back as a ``Refused`` with a reason; no file stops another.
This module knows nothing of chunks, stores or duplicate ids; what is in a file of which kind
is found by ``parse``.
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
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from index.decode import Content, UnreadableError, plain_in_place
from index.language import identify
from index.parse import KINDS, Parsers, Records, parse
from index.types import LANGUAGES, Document, Refused

_JSONL = ".jsonl"  # read line by line, however long the file
_KINDS = tuple(sorted((*KINDS, _JSONL)))
# A long book is 1 MB; what is larger than this is a mistake or an attack.
_LIMIT_BYTES = 50_000_000
_TOO_LARGE = f"is larger than {_LIMIT_BYTES // 1_000_000} MB"
_TITLE_CHARS = 200
_AHEAD = 3  # files begun beside the one that is taken: two processes need one each, and a reserve

_Item = TypeVar("_Item")


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


def list_files(roots: Sequence[str | Path], store: Path | None = None) -> Listing:
    """The files that can be read at and under ``roots``; a root given twice counts once.

    Symbolic links are not followed, but a root that is one leads where it points. The folder
    ``store`` is left out where it lies below a root.
    """
    # Not resolve(): that would give a folder reached by a link another name than was asked for.
    absolute = dict.fromkeys(Path(os.path.abspath(root)) for root in roots)  # noqa: PTH100
    found = [item for root in absolute for item in _find(root, store)]
    files = [item for item in found if isinstance(item, SourceFile)]
    refused = [item for item in found if isinstance(item, Refused)]
    return Listing(
        files=tuple(sorted(files, key=lambda file: file.doc_id)),
        refused=tuple(sorted(refused, key=lambda refusal: refusal.source)),
        left_out=found.count(None),
    )


class Reading:
    """A file being read: iterate it, once, for its documents and what is refused of it.

    A line of a ``.jsonl`` file is ``{"id", "text", "title"?, "lang"?, "date"?, "url"?}``, and so
    is an item of a ``.json`` file that is a list of such: a document each. The size limit holds
    for each line of the former, for the whole of any other file.
    """

    def __init__(self, file: SourceFile, parsers: Parsers | None = None) -> None:
        """With ``parsers``, have it read at once by them; without, only when it is iterated."""
        self.file = file
        self.sha256 = ""  # of the bytes read, known when all is iterated; "" if they were not read
        self._by_line = file.path.suffix.lower() == _JSONL
        self._parsed: Callable[[], Content | Records] = partial(self._parse, parse)
        if parsers and not self._by_line:
            self._parsed = parsers.submit(partial(self._parse, parsers.parse)).result

    def __iter__(self) -> Iterator[Document | Refused]:
        try:
            yield from self._lines() if self._by_line else self._whole()
        except OSError as error:
            yield Refused(shown(self.file.path), _why(error))
        except UnreadableError as error:
            yield Refused(shown(self.file.path), str(error))

    def _whole(self) -> Iterator[Document | Refused]:
        parsed = self._parsed()
        if isinstance(parsed, Content):
            yield self._document(parsed)
        else:
            for number, record in enumerate(parsed, start=1):
                yield self._one_of_many(number, _of_record, record)

    def _parse(self, parse: Callable[[str, bytes], Content | Records]) -> Content | Records:
        return parse(self.file.path.suffix.lower(), self._raw())

    def _raw(self) -> bytes:
        with _open(self.file.path) as stream:
            if os.fstat(stream.fileno()).st_size > _LIMIT_BYTES:
                raise UnreadableError(_TOO_LARGE)
            raw = stream.read(_LIMIT_BYTES + 1)
        if len(raw) > _LIMIT_BYTES:  # it grew since
            raise UnreadableError(_TOO_LARGE)
        self.sha256 = hashlib.sha256(raw).hexdigest()
        if not raw.strip():
            raise UnreadableError("is empty")
        return raw

    def _document(self, content: Content) -> Document:
        path = self.file.path
        name = re.sub(r"[\s_-]+", " ", path.stem).strip()
        title = _sensible(content.title) or content.heading
        source = content.source or str(path)
        return _document(self.file.doc_id, replace(content, title=title, source=source), name)

    def _lines(self) -> Iterator[Document | Refused]:
        digest = hashlib.sha256()
        empty = True
        with _open(self.file.path) as stream:
            for number, line in enumerate(_lines(stream, digest.update), start=1):
                if line.strip(b" \t\r\n" + codecs.BOM_UTF8):
                    empty = False
                    yield self._one_of_many(number, _of_line, line)
        self.sha256 = digest.hexdigest()
        if empty:
            raise UnreadableError("is empty")

    def _one_of_many(
        self, number: int, make: Callable[[_Item, str], Document], item: _Item
    ) -> Document | Refused:
        source = f"{shown(self.file.path)}:{number}"
        try:
            return make(item, source)
        except UnreadableError as error:
            return Refused(source, str(error))


def read_files(files: Iterable[SourceFile], parsers: Parsers) -> Iterator[Reading]:
    """A reading of each file, in their order. Iterate each before the next.

    A few are begun ahead, so that all processes of ``parsers`` are busy; no more than those are
    held in memory.
    """
    ahead: deque[Reading] = deque()
    for file in files:
        ahead.append(Reading(file, parsers))
        if len(ahead) > _AHEAD:
            yield ahead.popleft()
    yield from ahead


def read_file(file: SourceFile) -> Iterator[Document | Refused]:
    """What a ``Reading`` of ``file`` gives, all of it parsed in this process."""
    yield from Reading(file)


def content_hash(path: Path) -> str:
    """The SHA-256 of the file's bytes, as 64 hex digits.

    Raises:
        OSError: It is gone, may not be read, or is not a plain file any more.
    """
    with _open(path) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


# --- finding and opening ---------------------------------------------------------------------


def _find(root: Path, store: Path | None) -> Iterator[SourceFile | Refused | None]:
    """What there is at ``root``; None for each thing left out."""
    if not _is_text(root):
        yield Refused(shown(root), "its name holds undecodable characters")
        return
    try:
        path = root.resolve(strict=True)
        mode = path.stat().st_mode
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle, before Python 3.13
        yield Refused(shown(root), _why(error))
        return
    if not stat.S_ISDIR(mode):
        yield _checked(SourceFile(path, root.name, str(root)), is_file=stat.S_ISREG(mode))
        return
    empty = True
    for item in _walk(root, path, store):
        empty = empty and item is None
        yield item
    if empty:
        yield Refused(shown(root), "holds no documents")


def _walk(root: Path, top: Path, store: Path | None) -> Iterator[SourceFile | Refused | None]:
    """``top`` is where ``root`` leads: they differ if the root is a symbolic link."""
    left_out = store.resolve() if store else None
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        try:
            entries = list(os.scandir(folder))
        except OSError as error:
            yield Refused(shown(folder), _why(error))
            continue
        for entry in entries:
            path = Path(entry.path)
            if entry.name.startswith(".") or entry.is_symlink() or path == left_out:
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
        return Refused(shown(file.path), "is neither a file nor a folder")
    if suffix not in _KINDS:
        why = f"unsupported kind {shown(suffix)!r}; use {' '.join(_KINDS)}"
        return Refused(shown(file.path), why)
    if re.search(r"[\x00-\x1f\x7f\ud800-\udfff]", file.doc_id) or not _is_text(file.path):
        return Refused(shown(file.path), "its name holds control or undecodable characters")
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


def _is_text(path: Path) -> bool:
    return shown(path) == str(path)


def shown(path: Path | str) -> str:
    """The path in characters that can be written anywhere, whatever bytes the name holds."""
    return str(path).encode("utf-8", "backslashreplace").decode("utf-8")


# --- one document from one file --------------------------------------------------------------


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
            and "; " not in line  # a row of a table
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


# --- JSON: one document a line, or an item ---------------------------------------------------


def _lines(stream: BinaryIO, note: Callable[[bytes], None]) -> Iterator[bytes]:
    """Each line, and of one that is too long a little more than the limit; ``note`` gets all."""
    while line := stream.readline(_LIMIT_BYTES + 1):
        rest = line
        note(rest)
        while len(rest) > _LIMIT_BYTES and not rest.endswith(b"\n"):
            rest = stream.readline(_LIMIT_BYTES + 1)
            note(rest)
        yield line


def _of_line(line: bytes, source: str) -> Document:
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
    return _of_record(record, source)


def _of_record(record: dict[str, Any], source: str) -> Document:
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
