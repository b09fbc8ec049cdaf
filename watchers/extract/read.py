"""Which reader reads which type, and why a type without a reader is refused."""

from clinical.errors import ExtractionError
from watchers.extract import media
from watchers.extract.archive import read_zip
from watchers.extract.ccda import read_cda
from watchers.extract.docx import read_docx
from watchers.extract.eml import read_mail
from watchers.extract.fhir import read_fhir, read_fhir_xml
from watchers.extract.hl7v2 import read_hl7
from watchers.extract.images import read_image
from watchers.extract.jsonrows import read_json, read_jsonl
from watchers.extract.markup import read_html
from watchers.extract.options import ExtractOptions
from watchers.extract.pdf import read_pdf
from watchers.extract.reading import Reading
from watchers.extract.rtf import read_rtf
from watchers.extract.table import read_csv, read_xlsx
from watchers.extract.text import read_text

DEPTH = 4
_REMEDIES = {
    "application/x-ole": "Save it as .docx, .xlsx or PDF and drop it again.",
    "application/vnd.oasis.opendocument": "Save it as .docx or PDF and drop it again.",
    "application/dicom": "Export the report, not the images, and drop that.",
}


def read(content: bytes, name: str, options: ExtractOptions, depth: int = 0) -> tuple[Reading, ...]:
    """The reports in ``content``, by the reader of its type.

    Args:
        depth: how many files this one lies in (an attachment in a mail in an archive).
    """
    if depth > DEPTH:
        raise ExtractionError(
            "bomb", "Files are packed into each other too deeply.", "Drop the innermost file."
        )

    def embedded(inner: bytes, inner_name: str) -> tuple[Reading, ...]:
        if not inner:
            raise ExtractionError("empty", "An embedded file is empty.")
        return read(inner, inner_name, options, depth + 1)

    kind = media.sniff(content, name)
    match kind:
        case media.TEXT | media.MARKDOWN:
            return read_text(content)
        case media.PDF:
            return read_pdf(content, options)
        case media.PNG | media.JPEG | media.TIFF | media.OTHER_IMAGE:
            return read_image(content, options)
        case media.RTF:
            return read_rtf(content)
        case media.DOCX:
            return read_docx(content, options)
        case media.XLSX:
            return read_xlsx(content, options)
        case media.CSV:
            return read_csv(content, options)
        case media.JSON:
            return read_json(content, options)
        case media.JSONL:
            return read_jsonl(content, options)
        case media.HTML:
            return read_html(content)
        case media.HL7:
            return read_hl7(content, options, embedded)
        case media.FHIR | media.FHIR_LINES:
            return read_fhir(content, options, embedded)
        case media.FHIR_XML:
            return read_fhir_xml(content, options, embedded)
        case media.CDA:
            return read_cda(content, options, embedded)
        case media.XML:
            return read_cda(content, options, embedded)
        case media.EML:
            return read_mail(content, options, embedded)
        case media.ZIP:
            return read_zip(content, options, embedded)
    raise ExtractionError(
        "unsupported",
        f"Files of type {kind} are not read.",
        _REMEDIES.get(kind, "Export the report as PDF, Word or text and drop it again."),
    )
