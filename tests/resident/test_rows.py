"""The ``--jsonl`` commands keep to the contract that others measure against."""

import json
from pathlib import Path
from typing import Any

import pytest

from resident.cli import main

REPORT = """CHEST X-RAY

Patient: Maria Gonzalez   MRN: 4471182   DOB: 03/14/1961
Date: 2026-03-04

FINDINGS: The heart is enlarged. No pneumothorax. Small left pleural effusion.
Potassium 6.1 mmol/L (3.5-5.1).

IMPRESSION: Cardiomegaly with small left pleural effusion.

Electronically signed by: Anna Weber, MD on 2026-03-04 14:22
"""


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def run(tmp_path: Path, command: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    given, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    given.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert main([command, "--jsonl", str(given), "--out", str(out), "--workers", "1"]) == 0
    return rows_of(out)


def test_extract_gives_a_row_for_each_report_and_a_reason_for_each_file_without_one(tmp_path: Path) -> None:
    good, empty = tmp_path / "a.txt", tmp_path / "b.txt"
    good.write_text(REPORT, encoding="utf-8")
    empty.write_bytes(b"")
    out = tmp_path / "out.jsonl"
    code = main(["extract", str(good), str(empty), str(tmp_path / "none.txt"), "--jsonl", str(out)])
    first, second, third = rows_of(out)
    assert code == 0
    keys = "path report_index text media_type pages doubtful identity report_type status"
    assert {*keys.split(), "signed", "signed_by", "signed_at"} <= set(first)
    assert first["identity"]["mrn"] == "4471182"
    assert first["signed"] is True
    for row in (second, third):
        assert set(row) == {"path", "error", "reason"}


def test_deidentify_gives_spans_of_the_source_whose_replacement_makes_the_text(tmp_path: Path) -> None:
    (row,) = run(tmp_path, "deidentify", [{"id": "1", "text": REPORT, "extra": 7}])
    assert row["id"] == "1" and row["extra"] == 7
    rebuilt, place = "", 0
    for span in row["spans"]:
        rebuilt += REPORT[place : span["start"]] + span["replacement"]
        place = span["end"]
    assert rebuilt + REPORT[place:] == row["deidentified"]
    assert "Gonzalez" not in row["deidentified"] and "4471182" not in row["deidentified"]
    assert row["layers"] and isinstance(row["risk"], dict)


def test_structure_gives_sections_findings_and_measurements_by_offset(tmp_path: Path) -> None:
    (row,) = run(tmp_path, "structure", [{"id": "1", "text": REPORT}])
    assert {"name", "heading", "start", "end"} <= set(row["sections"][0])
    potassium = next(m for m in row["measurements"] if m["name"] == "potassium")
    assert (potassium["value"], potassium["unit"], potassium["low"], potassium["high"]) == (
        6.1,
        "mmol/L",
        3.5,
        5.1,
    )
    assert potassium["flag"] in ("H", "HH")
    absent = [f for f in row["findings"] if f["assertion"] == "absent"]
    assert any("pneumothorax" in f["text"].lower() for f in absent)


def test_check_tells_supported_from_contradicted(tmp_path: Path) -> None:
    drafts = ["There is a small left pleural effusion.", "There is a small right pleural effusion."]
    rows = run(tmp_path, "check", [{"id": d, "text": REPORT, "draft": d} for d in drafts])
    assert [row["claims"][0]["verdict"] for row in rows] == ["supported", "contradicted"]
    quote = rows[0]["claims"][0]["evidence"][0]
    assert REPORT[quote["start"] : quote["end"]] == quote["quote"]


@pytest.mark.parametrize("tool", ["summarize", "diagnose", "anomalies"])
def test_each_tool_answers_a_row_with_the_answer_of_the_contract(tmp_path: Path, tool: str) -> None:
    (row,) = run(tmp_path, tool, [{"id": "1", "text": REPORT}])
    answer = row["answer"]
    assert answer["tool"] == tool and answer["mode"] == "extract"
    assert answer["coverage"]["values_found"] >= 1
    for claim in answer["claims"]:
        for each in claim["evidence"]:
            assert REPORT[each["start"] : each["end"]] == each["quote"]


def test_ask_answers_the_row_s_own_question(tmp_path: Path) -> None:
    (row,) = run(tmp_path, "ask", [{"id": "1", "text": REPORT, "question": "What is the potassium?"}])
    assert any("6.1" in claim["text"] for claim in row["answer"]["claims"])


def test_compare_takes_prior_and_current_as_texts(tmp_path: Path) -> None:
    later = REPORT.replace("6.1", "4.4")
    (row,) = run(tmp_path, "compare", [{"id": "1", "prior": REPORT, "current": later}])
    change = next(c for c in row["answer"]["changes"] if c["name"].lower() == "potassium")
    assert (change["prior"], change["current"], change["direction"]) == ("6.1", "4.4", "down")


def test_rows_that_are_no_rows_are_refused_without_quoting_them(tmp_path: Path, capsys: Any) -> None:
    given = tmp_path / "in.jsonl"
    given.write_text('{"id": "1", "body": "Maria Gonzalez"}\n', encoding="utf-8")
    assert main(["structure", "--jsonl", str(given), "--out", str(tmp_path / "o")]) == 2
    said = capsys.readouterr().err
    assert "Line 1 lacks text" in said and "Gonzalez" not in said
    assert not (tmp_path / "o").exists()
