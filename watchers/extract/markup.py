"""Text of HTML and of the narratives in FHIR and C-CDA: blocks become lines, tables become rows of cells."""

import re
from collections.abc import Iterator

from lxml import etree
from lxml import html as lxml_html

from clinical.errors import ExtractionError
from clinical.report import Page
from watchers.extract.reading import Reading
from watchers.extract.text import decode, tidy

_BLOCKS = {
    "p",
    "div",
    "paragraph",
    "li",
    "item",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "title",
    "caption",
    "table",
    "list",
    "ul",
    "ol",
    "dl",
    "dt",
    "dd",
    "section",
    "article",
    "pre",
    "header",
    "footer",
    "blockquote",
    "body",
    "html",
    "thead",
    "tbody",
    "address",
    "hr",
}
_SILENT = {"script", "style", "head", "noscript", "template", "svg", "object", "iframe"}
_DEPTH = 120


def narrative(markup: str) -> str:
    """Text of an XHTML fragment; what is not well-formed is read as far as it goes."""
    try:
        root = lxml_html.fragment_fromstring(markup, create_parent="div")
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return tidy(re.sub(r"<[^>]+>", " ", markup))
    return element_text(root)


def read_html(content: bytes) -> tuple[Reading, ...]:
    """One report: the page's text."""
    source = re.sub(r"^\s*<\?xml[^>]*\?>", "", decode(content))
    try:
        root = lxml_html.document_fromstring(source)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise ExtractionError(
            "empty", "The page holds no text.", "Export the report as PDF or text."
        ) from error
    text = element_text(root)
    if not text:
        raise ExtractionError("empty", "The page holds no text.", "Export the report as PDF or text.")
    return (Reading(text=text, media_type="text/html", pages=(Page(1, "text"),)),)


def element_text(root: etree._Element) -> str:
    """The text below an element."""
    text = "".join(_walk(root, 0))
    lines = [re.sub(r"[ \t\u00a0]+", " ", line).strip().replace("\x1f", "  ") for line in text.split("\n")]
    return tidy(re.sub(r"\n{2,}", "\n", "\n".join(lines)))


def _walk(node: etree._Element, depth: int) -> Iterator[str]:
    if not isinstance(node.tag, str) or depth > _DEPTH:
        return
    name = etree.QName(node).localname.lower()
    if name in _SILENT:
        return
    if name in ("tr", "row"):
        cells = ["".join(_inline(cell, depth + 1)).strip() for cell in node if isinstance(cell.tag, str)]
        yield "\n" + "\x1f".join(re.sub(r"\s+", " ", cell) for cell in cells if cell) + "\n"
        return
    block = name in _BLOCKS
    if block:
        yield "\n"
    if name in ("li", "item"):
        yield "- "
    if node.text:
        yield _flow(node.text, name)
    for child in node:
        if isinstance(child.tag, str) and etree.QName(child).localname.lower() == "br":
            yield "\n"
        else:
            yield from _walk(child, depth + 1)
        if child.tail:
            yield _flow(child.tail, name)
    if block:
        yield "\n"


def _flow(text: str, name: str) -> str:
    return text if name == "pre" else re.sub(r"\s+", " ", text)


def _inline(node: etree._Element, depth: int) -> Iterator[str]:
    for part in _walk(node, depth):
        yield part.replace("\x1f", " ")
