"""Word documents, from their XML: headers, paragraphs, tables, text boxes in order; scans in them by OCR."""

import io
import zipfile
from collections.abc import Iterator

from lxml import etree

from clinical.errors import ExtractionError
from clinical.report import Page
from watchers.extract.options import ExtractOptions
from watchers.extract.pdf import SCAN_BELOW
from watchers.extract.reading import Reading
from watchers.extract.text import tidy
from watchers.extract.xml import parse_xml

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_CHECKED = "{http://schemas.microsoft.com/office/word/2010/wordml}"


def read_docx(content: bytes, options: ExtractOptions) -> tuple[Reading, ...]:
    """One report: header, body, foot notes, footer.

    Raises:
        ExtractionError: protected, damaged, too large or without text.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
            if sum(member.file_size for member in archive.infolist()) > options.max_unpacked:
                raise ExtractionError(
                    "too-large", "The document unpacks to too much.", "Save it as PDF and drop that."
                )
            parts = {
                name: parse_xml(archive.read(name))
                for name in names
                if name.startswith("word/")
                and name.endswith(".xml")
                and "/" not in name[5:]
                and _wanted(name)
            }
            pictures = [name for name in names if name.startswith("word/media/")]
            images = _pictures(archive, pictures) if _length(parts) < SCAN_BELOW else []
    except (
        zipfile.BadZipFile,
        KeyError,
        RuntimeError,
        NotImplementedError,
        OSError,
        EOFError,
        ValueError,
    ) as error:
        raise ExtractionError(
            "damaged", "The Word document cannot be opened.", "Save it again and drop it."
        ) from error
    body = next((parts[n] for n in ("word/document.xml", "word/document2.xml") if n in parts), None)
    if body is None:
        raise ExtractionError("damaged", "The Word document has no body.", "Save it again and drop it.")
    headers = list(dict.fromkeys("\n".join(_lines(parts[n])) for n in sorted(parts) if "header" in n))
    footers = list(dict.fromkeys("\n".join(_lines(parts[n])) for n in sorted(parts) if "foot" in n))
    text = tidy("\n".join(part for part in [*headers, "\n".join(_lines(body)), *footers] if part.strip()))
    if images:
        from watchers.extract.images import read_image  # only for documents that are scans

        scans = [reading for image in images for reading in read_image(image, options)]
        pages = tuple(
            Page(i + 1, r.pages[0].source, r.pages[0].confidence) for i, r in enumerate(scans) if r.pages
        )
        if len(scans) == 1 and not text:
            return (_renamed(scans[0]),)
        text = "\n\n".join(part for part in [text, *(r.text for r in scans)] if part)
        return (
            Reading(text=text, media_type=_MEDIA, pages=pages, warnings=("pictures were read as pages",)),
        )
    if not text:
        raise ExtractionError(
            "empty", "The Word document holds no text.", "Check the export and drop it again."
        )
    warnings = (f"{len(pictures)} pictures in the document were not read",) if pictures else ()
    return (Reading(text=text, media_type=_MEDIA, pages=(Page(1, "text"),), warnings=warnings),)


_MEDIA = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def _renamed(reading: Reading) -> Reading:
    fields = {name: getattr(reading, name) for name in Reading.__slots__}
    return Reading(**{**fields, "media_type": _MEDIA})


def _wanted(name: str) -> bool:
    return any(part in name for part in ("document", "header", "footer", "footnotes", "endnotes"))


def _length(parts: dict[str, etree._Element]) -> int:
    return sum(len("".join(_lines(part))) for part in parts.values())


def _pictures(archive: zipfile.ZipFile, names: list[str]) -> list[bytes]:
    wanted = [n for n in names if n.lower().endswith((".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp"))]
    return [data for name in wanted[:50] if len(data := archive.read(name)) > 20_000]


def _lines(root: etree._Element) -> Iterator[str]:
    for child in root:
        if child.tag == f"{W}body":
            yield from _lines(child)
        elif child.tag == f"{W}p":
            yield _paragraph(child)
            for box in child.iter(f"{W}txbxContent"):
                if not any(parent.tag == _FALLBACK for parent in box.iterancestors()):
                    yield from _lines(box)
        elif child.tag == f"{W}tbl":
            yield from _table(child)
        elif child.tag in (
            f"{W}sdt",
            f"{W}sdtContent",
            f"{W}ins",
            f"{W}footnote",
            f"{W}endnote",
            f"{W}customXml",
        ):
            yield from _lines(child)


def _table(table: etree._Element) -> Iterator[str]:
    for row in table.iter(f"{W}tr"):
        if next((parent for parent in row.iterancestors(f"{W}tbl")), None) is not table:
            continue
        cells = []
        for cell in row.iter(f"{W}tc"):
            if next((parent for parent in cell.iterancestors(f"{W}tr")), None) is row:
                cells.append(" ".join(line.strip() for line in _lines(cell) if line.strip()))
        yield "  ".join(cell for cell in cells if cell)


def _own(node: etree._Element) -> Iterator[etree._Element]:
    """Everything below a node but text boxes, which are lines of their own."""
    for child in node:
        if child.tag not in (f"{W}txbxContent", _FALLBACK):
            yield child
            yield from _own(child)


def _paragraph(paragraph: etree._Element) -> str:
    out: list[str] = []
    for node in _own(paragraph):
        if node.tag == f"{W}t":
            out.append(node.text or "")
        elif node.tag == f"{W}tab":
            parent = node.getparent()
            if parent is not None and parent.tag == f"{W}r":
                out.append("\t")
        elif node.tag in (f"{W}br", f"{W}cr"):
            out.append("\n")
        elif node.tag == f"{W}noBreakHyphen":
            out.append("-")
        elif node.tag == f"{W}sym":
            out.append(" ")
        elif node.tag == f"{_CHECKED}checked":
            out.append("[x] " if (node.get(f"{_CHECKED}val") or "1") in ("1", "true") else "[ ] ")
    return "".join(out)
