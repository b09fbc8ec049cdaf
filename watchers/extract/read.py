"""Which reader reads which type, and why a type without a reader is refused."""

from clinical.errors import ExtractionError
from watchers.extract import media
from watchers.extract.options import ExtractOptions
from watchers.extract.pdf import read_pdf
from watchers.extract.reading import Reading
from watchers.extract.text import read_text


def read(content: bytes, name: str, options: ExtractOptions) -> tuple[Reading, ...]:
    """The reports in ``content``, by the reader of its type."""
    kind = media.sniff(content, name)
    if kind == media.PDF:
        return read_pdf(content, options)
    if kind in (media.TEXT, media.MARKDOWN):
        return read_text(content)
    raise ExtractionError(
        "unsupported",
        f"Files of type {kind} are not read.",
        "Export the report as PDF, Word or text and drop it again.",
    )
