"""What the readers may do and how far: one frozen object, built from the settings at the entry point."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Signer:
    """A physician whose signature counts, with the other ways in which the name is written."""

    name: str = field(repr=False)
    aliases: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class ExtractOptions:
    """Limits and choices of extraction.

    Attributes:
        signers: the practice's physicians; a bare closing name signs only if it is one of them.
        ocr: read image pages; False leaves them unread, and says so.
        max_bytes: larger files are refused.
        max_pages: longer documents are refused.
        max_scans: page images of one document that are read; later ones stay unread, and say so.
        max_pixels: larger page images are refused.
        max_members: members of one archive or mail.
        max_unpacked: bytes that an archive may unfold to.
        max_reports: reports of one file.
        confidence_floor: a page read with less than this is marked unread, never guessed.
        seconds: a file that takes longer in the worker is given up.
        threads: pages read at the same time.
        columns: names of columns or keys for rows: field of the report → name in the file.
    """

    signers: tuple[Signer, ...] = field(default=(), repr=False)
    ocr: bool = True
    max_bytes: int = 100_000_000
    max_pages: int = 2_000
    max_scans: int = 200
    max_pixels: int = 120_000_000
    max_members: int = 2_000
    max_unpacked: int = 400_000_000
    max_reports: int = 20_000
    confidence_floor: float = 0.8
    seconds: float = 900.0
    threads: int = 2
    columns: tuple[tuple[str, str], ...] = ()
