"""Headers, sign-offs and titles as practices print them (headers.toml), field by field."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from clinical.report import ReportFile
from watchers.extract.extract import extract

CASES: list[dict[str, Any]] = tomllib.loads(
    Path(__file__).with_name("headers.toml").read_text(encoding="utf-8")
)["case"]
_OF_IDENTITY = ("name", "mrn", "birth_date", "sex", "accession")


@pytest.mark.parametrize("case", CASES, ids=[f"{case['set']}{number}" for number, case in enumerate(CASES)])
def test_fields_of_a_printed_header(case: dict[str, Any]) -> None:
    (report,) = extract(ReportFile("report.txt", case["text"].encode()))
    found = {
        name: getattr(report.identity if name in _OF_IDENTITY else report, name) for name in case["want"]
    }
    assert {name: value if value is not None else "" for name, value in found.items()} == case["want"]
