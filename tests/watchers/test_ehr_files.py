"""Every public HL7, FHIR and C-CDA sample gives reports or a stated reason, with the messages' own values."""

import re
import tarfile
from collections import Counter
from pathlib import Path

import pytest

from clinical.errors import ExtractionError
from clinical.report import ReportFile
from watchers.extract.extract import extract
from watchers.extract.options import ExtractOptions

DATA = Path(__file__).parents[3] / "shared/data/ehr"


def files() -> list[tuple[str, bytes]]:
    found = []
    for archive in sorted(DATA.glob("*.tar.xz")):
        with tarfile.open(archive) as tar:
            for member in tar.getmembers():
                stream = tar.extractfile(member)
                if stream is not None:
                    found.append((f"{archive.stem}/{member.name}", stream.read()))
    return found


@pytest.fixture(scope="module")
def samples() -> list[tuple[str, bytes]]:
    found = files()
    if not found:
        pytest.skip("shared/data/ehr is not there")
    return found


def test_every_file_gives_reports_or_a_reason(samples: list[tuple[str, bytes]]) -> None:
    reasons: Counter[str] = Counter()
    for name, content in samples:
        try:
            reports = extract(ReportFile(name, content), ExtractOptions(ocr=False))
        except ExtractionError as error:
            reasons[error.reason] += 1
            continue
        reasons["read"] += 1
        for report in reports:
            assert report.text.strip(), name
            assert report.identity.name or report.identity.mrn, name
    assert reasons["read"] > 95
    assert set(reasons) <= {"read", "no-report", "refers-outside"}


def test_identities_are_those_of_the_messages(samples: list[tuple[str, bytes]]) -> None:
    checked = 0
    for name, content in samples:
        text = content.decode("utf-8-sig", errors="replace").replace("\r", "\n")
        pid = re.search(
            r"^PID\|(?:[^|\n]*\|){2}([^|^\n~]*)[^|\n]*\|[^|\n]*\|([^|^\n]*)\^([^|^\n~]*)[^|\n]*\|[^|\n]*\|(\d{8})",
            text,
            re.MULTILINE,
        )
        if not name.startswith("hl7") or pid is None:
            continue
        try:
            report = extract(ReportFile(name, content), ExtractOptions(ocr=False))[0]
        except ExtractionError:
            continue
        family, given, born = pid[2], pid[3], pid[4]
        assert report.identity.mrn == pid[1], name
        assert (
            report.identity.name is not None
            and family in report.identity.name
            and given in report.identity.name
        ), name
        assert (report.identity.birth_date or "").replace("-", "") == born, name
        checked += 1
    assert checked >= 15
