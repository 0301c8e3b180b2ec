"""Files that are zip archives inside (Word, PowerPoint, Excel, e-books): may one be unpacked?"""

from __future__ import annotations

import copy
import zipfile
import zlib
from io import BytesIO

from index.decode import UnreadableError

_LIMIT_UNPACKED_BYTES = 100_000_000
# python-docx looks up each relation in a list of the parts before it.
_LIMIT_PARTS = 2_000
_PIECE_BYTES = 65_536
# No office program packs in another way; zipfile unpacks bzip2 and LZMA without any limit.
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 1  # a bit of the flags of a part

#: What zipfile raises for an archive that is damaged, or is none.
UNPACKING_ERRORS = (
    EOFError,
    LookupError,
    RuntimeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)


def check_size(raw: bytes) -> None:
    """Make sure that the archive can be unpacked by any program, part by part, by name.

    All of it is unpacked once, in small pieces: zipfile reads a part in one go, 2 GB if there is as
    much, and cuts it to the declared size only then.

    Raises:
        UnreadableError: It is too large, has too many parts or two of one name, or is locked.
        UNPACKING_ERRORS: It is broken; the caller knows what kind of file it should have been.
    """
    with zipfile.ZipFile(BytesIO(raw)) as archive:
        parts = archive.infolist()
        if sum(part.file_size for part in parts) > _LIMIT_UNPACKED_BYTES:
            limit = _LIMIT_UNPACKED_BYTES // 1_000_000
            raise UnreadableError(f"is larger than {limit} MB when unpacked")
        if len(parts) > _LIMIT_PARTS:
            raise UnreadableError(f"has more than {_LIMIT_PARTS} parts")
        # Who reads by name gets the last one each time, however large it is.
        if len(set(archive.namelist())) < len(parts):
            raise UnreadableError("holds two parts of one name")
        for part in parts:
            _check_part(archive, part)


def _check_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    if part.flag_bits & _ENCRYPTED:
        raise UnreadableError("is locked with a password")
    if part.compress_type not in _PACKINGS:
        raise zipfile.BadZipFile(f"{part.filename!r} is packed in an unusual way")
    # zipfile stops at the size it is told; one more shows whether there is more.
    longer = copy.copy(part)
    longer.file_size += 1
    size = 0
    with archive.open(longer) as stream:
        while piece := stream.read(_PIECE_BYTES):
            size += len(piece)
    if size != part.file_size:
        raise zipfile.BadZipFile(f"{part.filename!r} is not as large as it says")
