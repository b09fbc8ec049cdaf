"""CSV, TSV and Excel workbooks: one report a row, or single results gathered to panels."""

import csv
import io
import zipfile
from datetime import date, datetime

from clinical.errors import ExtractionError
from watchers.extract.options import ExtractOptions
from watchers.extract.reading import Reading
from watchers.extract.rows import reports_of
from watchers.extract.text import decode, tidy

MAX_CELL = 2_000_000


def read_csv(content: bytes, options: ExtractOptions) -> tuple[Reading, ...]:
    """The rows of a delimited file; a first row that names no column means that there is no heading."""
    text = decode(content)
    sample = text[:20_000]
    first = sample.splitlines()[0] if sample.strip() else ""
    mark = max(("\t", ",", ";", "|"), key=first.count)
    limit = csv.field_size_limit(MAX_CELL)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=mark))
    except csv.Error as error:
        raise ExtractionError(
            "damaged", "The table cannot be read.", "Export it again as CSV in UTF-8."
        ) from error
    finally:
        csv.field_size_limit(limit)
    return _named(rows, options, "text/csv")


def _named(rows: list[list[str]], options: ExtractOptions, media_type: str) -> tuple[Reading, ...]:
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    if not rows:
        raise ExtractionError("empty", "The table holds no rows.", "Check the export and drop it again.")
    names = [tidy(cell).strip() or f"column {i + 1}" for i, cell in enumerate(rows[0])]
    if any(len(name) > 60 for name in names):
        raise ExtractionError(
            "no-heading",
            "The table's first row does not name its columns.",
            "Add a first row with column names.",
        )
    return reports_of([dict(zip(names, row, strict=False)) for row in rows[1:]], options, media_type)


def read_xlsx(content: bytes, options: ExtractOptions) -> tuple[Reading, ...]:
    """The sheets of a workbook, each like a delimited file.

    Raises:
        ExtractionError: protected, damaged, or too large when unpacked.
    """
    from openpyxl import load_workbook  # optional and slow to import

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(member.file_size for member in archive.infolist()) > options.max_unpacked:
                raise ExtractionError(
                    "too-large", "The workbook unpacks to too much.", "Split it and drop the parts."
                )
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except ExtractionError:
        raise
    except Exception as error:  # openpyxl raises what its parsers raise
        raise ExtractionError(
            "damaged", "The workbook cannot be opened.", "Save it again as .xlsx or .csv."
        ) from error
    out: list[Reading] = []
    problem: ExtractionError | None = None
    try:
        for sheet in book.worksheets:
            try:
                rows = [[_cell(value) for value in row] for row in sheet.iter_rows(values_only=True)]
                if rows:
                    out.extend(_named(rows, options, "text/csv"))
            except ExtractionError as error:
                problem = problem or error
            except Exception as error:
                problem = problem or ExtractionError("damaged", "A sheet cannot be read.", "Save it again.")
                problem.__cause__ = error
    finally:
        book.close()
    if not out:
        raise problem or ExtractionError(
            "empty", "The workbook holds no rows.", "Check the export and drop it again."
        )
    return tuple(out)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return (
            value.strftime("%Y-%m-%d %H:%M")
            if (value.hour, value.minute) != (0, 0)
            else value.strftime("%Y-%m-%d")
        )
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
