"""Every stage alone over many rows: the ``--jsonl`` commands, which is how each is measured.

Rows are read and written as JSON lines, in order, one process a core. A row that cannot be done comes back
with ``error`` and ``reason``; it never stops the others.
"""

import json
import multiprocessing
import os
import sys
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from clinical.errors import ExtractionError, ResidentError, SettingsError
from clinical.report import ExtractedReport, Identity, ReportFile, Structure

Row = dict[str, Any]
Work = Callable[[Row], Row]

# The function that a worker process applies; set once when the process starts, since rows travel and
# functions holding models do not.
_work: Work | None = None


def read_rows(path: Path, needed: Sequence[str]) -> list[Row]:
    """Rows of a JSON lines file.

    Raises:
        SettingsError: the file is missing, a line is no JSON object, or a row lacks a needed key.
    """
    rows: list[Row] = []
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                row = json.loads(line)
                missing = [
                    key for key in needed if not isinstance(row, dict) or not isinstance(row.get(key), str)
                ]
                if missing:
                    raise SettingsError(
                        f"Line {number} lacks {', '.join(missing)}.", "Give each row these keys as strings."
                    )
                rows.append(row)
    except OSError as error:
        raise SettingsError(
            f"The rows cannot be read: {error.strerror}.", "Name an existing file after --jsonl."
        ) from None
    except ValueError:
        raise SettingsError(
            "The rows are not JSON lines.", "Write one JSON object a line, in UTF-8."
        ) from None
    return rows


@contextmanager
def rows_file(path: Path) -> Iterator[TextIO]:
    """A private file for rows, replaced at ``path`` only when whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _start(make: Callable[..., Work], arguments: tuple[Any, ...]) -> None:
    global _work
    _work = make(*arguments)


def _apply(row: Row) -> Row:
    assert _work is not None
    return attempt(_work, row)


def attempt(work: Work, row: Row) -> Row:
    """The row with what ``work`` adds to it, or with an error that quotes nothing of it."""
    try:
        return {**row, **work(row)}
    except ExtractionError as error:
        return {**row, "error": error.message, "reason": error.reason}
    except ResidentError as error:
        return {**row, "error": error.message, "reason": type(error).__name__}
    except Exception as error:
        return {**row, "error": f"unexpected {type(error).__name__}", "reason": "unexpected"}


def map_rows(
    rows: Sequence[Row], make: Callable[..., Work], arguments: tuple[Any, ...], workers: int
) -> Iterator[Row]:
    """Applies the function that ``make(*arguments)`` builds in each process to the rows, in order."""
    workers = min(workers or os.cpu_count() or 1, max(1, len(rows) // 4))
    if workers == 1:
        work = make(*arguments)
        yield from (attempt(work, row) for row in rows)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        workers, mp_context=context, initializer=_start, initargs=(make, arguments)
    ) as pool:
        yield from pool.map(_apply, rows, chunksize=max(1, min(16, len(rows) // (workers * 4))))


def write_rows(path: Path, rows: Iterable[Row], total: int, verb: str) -> int:
    """Writes rows as they come, with a progress line on a terminal; what failed says so in its own row."""
    failed = 0
    done = 0
    with rows_file(path) as out:
        for done, row in enumerate(rows, 1):
            failed += "error" in row
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
            if sys.stderr.isatty():
                print(f"\r{verb} {done}/{total}", end="", file=sys.stderr, flush=True)
    print(f"{verb} {done} rows, {failed} with an error", file=sys.stderr)
    return 0


def extract_files(options: Namespace) -> int:
    """``resident extract FILE… --jsonl OUT``: one row a report, or one with the reason why there is none."""
    files: list[Row] = [{"path": str(path)} for path in expand(options.file)]
    workers = min(options.workers or os.cpu_count() or 1, len(files)) if files else 1
    failed = done = 0
    with rows_file(options.jsonl) as out:
        for row in map_rows(files, _extractor, (), workers):
            done += 1
            found = row.get("rows", [{k: v for k, v in row.items() if k != "rows"}])
            failed += any("error" in each for each in found)
            for each in found:
                out.write(json.dumps(each, ensure_ascii=False) + "\n")
            if sys.stderr.isatty():
                print(f"\rread {done}/{len(files)}", end="", file=sys.stderr, flush=True)
    print(f"read {done} files, {failed} with an error", file=sys.stderr)
    return 0


def expand(paths: Iterable[Path]) -> list[Path]:
    """The files named, with every regular file below a folder in order; links are not followed out of it."""
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            files += sorted(p for p in path.rglob("*") if p.is_file() and not p.is_symlink())
        else:
            files.append(path)
    return files


def extracted_row(path: str, report: ExtractedReport) -> Row:
    """One report as the command's contract prints it."""
    row = asdict(report)
    return {"path": path, **{k: row[k] for k in _FIRST}, **{k: v for k, v in row.items() if k not in _FIRST}}


_FIRST = ("report_index", "text", "media_type", "pages", "doubtful", "identity", "report_type", "status")


def _extractor() -> Work:
    from watchers.extract.options import ExtractOptions
    from watchers.extract.sandbox import Sandbox

    # A reader may hang or crash on a hostile file; it does so in a process that can be ended.
    sandbox = Sandbox(ExtractOptions())

    def work(row: Row) -> Row:
        path = Path(row["path"])
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ExtractionError("unreadable", f"The file cannot be opened: {error.strerror}.") from None
        reports = sandbox.extract(ReportFile(path.name, content, "command"))
        return {"rows": [extracted_row(row["path"], report) for report in reports]}

    return work


def deidentify(options: Namespace) -> int:
    """``resident deidentify``: rows, or one file with what would be removed marked."""
    if options.show:
        return _show_marked(options)
    if not (options.jsonl and options.out):
        raise SettingsError("deidentify needs rows.", "Give --jsonl IN --out OUT, or --show FILE.")
    rows = read_rows(options.jsonl, ("text",))
    return write_rows(
        options.out,
        map_rows(rows, _deidentifier, (options.language,), options.workers),
        len(rows),
        "de-identified",
    )


def _show_marked(options: Namespace) -> int:
    from clinical.deidentify.deidentifier import Deidentifier, Policy
    from clinical.deidentify.marked import marked

    try:
        text = options.show.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise SettingsError("The text cannot be read.", "Name a UTF-8 text file after --show.") from None
    result = Deidentifier(Policy(language=options.language)).deidentify(text)
    print(marked(text, result.spans, color=sys.stdout.isatty()))
    print(f"layers: {', '.join(result.layers)}; held: {'yes' if result.held else 'no'}", file=sys.stderr)
    return 0


def _deidentifier(language: str) -> Work:
    from clinical.deidentify.deidentifier import Deidentifier, Policy

    engine = Deidentifier(Policy(language=language))
    known = set(Identity.__dataclass_fields__)

    def work(row: Row) -> Row:
        given = {k: v for k, v in (row.get("identity") or {}).items() if k in known and v}
        identity = Identity(**given) if given else None
        result = engine.deidentify(row["text"], identity, row.get("observed_at"))
        spans = [
            {"start": s.start, "end": s.end, "label": s.label, "replacement": s.replacement, "score": s.score}
            for s in result.spans
        ]
        return {
            "deidentified": result.text,
            "spans": spans,
            "risk": dict(result.risk),
            "layers": list(result.layers),
            "held": result.held,
        }

    return work


def structure(options: Namespace) -> int:
    """``resident structure``: sections, findings and measurements of rows."""
    rows = read_rows(options.jsonl, ("text",))
    return write_rows(options.out, map_rows(rows, _structurer, (), options.workers), len(rows), "structured")


def structure_row(structure: Structure, text: str) -> Row:
    """Sections, findings and measurements as the command's contract prints them."""
    found = asdict(structure)
    found["sections"] = [section for section in found["sections"] if section["heading"]]
    for finding in found["findings"]:
        finding["text"] = text[finding["start"] : finding["end"]]
    for measurement in found["measurements"]:
        if measurement["value"] is None:
            measurement["value"] = measurement["value_text"]
    return found


def _structurer() -> Work:
    from clinical.structure.build import build_structure

    return lambda row: structure_row(build_structure(row["text"]), row["text"])


def check(options: Namespace) -> int:
    """``resident check``: each claim of a draft held against its report."""
    rows = read_rows(options.jsonl, ("text", "draft"))
    return write_rows(options.out, map_rows(rows, _checker, (), options.workers), len(rows), "checked")


def _checker() -> Work:
    from clinical.answers.report import report_from_text
    from clinical.evidence.check import check as check_draft

    def work(row: Row) -> Row:
        report = report_from_text(row["text"], id=str(row.get("id", "text")))
        claims = [
            {
                "text": claim.text,
                "verdict": claim.verdict,
                "reason": claim.reason,
                "evidence": [each.model_dump() for each in claim.evidence],
            }
            for claim in check_draft(row["draft"], [report]).claims
        ]
        return {"claims": claims}

    return work
