"""ZIP archives, unpacked in memory within limits; names of members are never used as paths."""

import io
import zipfile
import zlib
from collections.abc import Callable

from clinical.errors import ExtractionError
from watchers.extract.options import ExtractOptions
from watchers.extract.reading import Reading

Embedded = Callable[[bytes, str], tuple[Reading, ...]]
RATIO = 200
_JUNK = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")


def read_zip(content: bytes, options: ExtractOptions, embedded: Embedded) -> tuple[Reading, ...]:
    """The reports of all members.

    Raises:
        ExtractionError: ``bomb`` beyond the limits, ``encrypted``, ``damaged``, or why no member could be read.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _members(archive, len(content), options, embedded)
    except (
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,
        EOFError,
        OSError,
        ValueError,
        RuntimeError,
    ) as error:
        raise ExtractionError("damaged", "The archive is damaged or incomplete.", "Pack it again.") from error


def _members(
    archive: zipfile.ZipFile, packed: int, options: ExtractOptions, embedded: Embedded
) -> tuple[Reading, ...]:
    members = [
        m for m in archive.infolist() if not m.is_dir() and not any(junk in m.filename for junk in _JUNK)
    ]
    if len(members) > options.max_members:
        raise ExtractionError(
            "bomb", f"The archive holds more than {options.max_members} files.", "Split it."
        )
    if any(m.flag_bits & 1 for m in members):
        raise ExtractionError("encrypted", "The archive is protected by a password.", "Pack it without one.")
    left = min(options.max_unpacked, max(20_000_000, packed * RATIO))
    out: list[Reading] = []
    problems: list[ExtractionError] = []
    for member in members:
        # The size that the archive states may lie: read no more than is left, whatever it says.
        with archive.open(member) as stream:
            data = stream.read(min(left, options.max_bytes) + 1)
        left -= len(data)
        if left < 0 or len(data) > options.max_bytes:
            raise ExtractionError("bomb", "The archive unpacks to too much.", "Drop the files one by one.")
        if not data:
            problems.append(ExtractionError("empty", "A file of the archive is empty."))
            continue
        try:
            out.extend(embedded(data, member.filename.replace("\\", "/").rsplit("/", 1)[-1]))
        except ExtractionError as error:
            if error.reason in ("bomb", "hostile"):
                raise
            problems.append(error)
    if not out:
        raise (
            problems[0]
            if problems
            else ExtractionError("empty", "The archive holds no files.", "Pack it again.")
        )
    if problems:
        note = (
            f"{len(problems)} of {len(members)} files of the archive could not be read ({problems[0].reason})"
        )
        fields = {name: getattr(out[0], name) for name in Reading.__slots__}
        out[0] = Reading(**{**fields, "warnings": (*out[0].warnings, note)})
    return tuple(out)
