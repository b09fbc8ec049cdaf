"""The audit trail: whole after crashes and between processes, and every tampering found."""

import json
import multiprocessing

import pytest

from clinical.errors import Refused
from practice.audit import Audit


@pytest.fixture
def path(tmp_path):
    return tmp_path / "audit.jsonl"


@pytest.fixture
def audit(path):
    audit = Audit(path, b"k" * 32)
    for number in range(6):
        audit.append("tool.summarize", "t-1", {"report": f"r-{number}", "count": number})
    return audit


def test_an_untouched_trail_is_whole(audit, path):
    check = audit.verify()
    assert check.whole and check.lines == 6 and check.head == audit.head()
    entry = json.loads(path.read_text().splitlines()[2])
    assert (entry["event"], entry["actor"], entry["ids"]) == (
        "tool.summarize",
        "t-1",
        {"report": "r-2", "count": 2},
    )


def test_an_empty_trail_is_whole(tmp_path):
    assert Audit(tmp_path / "none.jsonl", b"k").verify().lines == 0


def change(lines):
    lines[2] = lines[2].replace(b"r-2", b"r-9")
    return lines


TAMPERINGS = {
    "changed": (change, 3),
    "removed": (lambda lines: lines[:2] + lines[3:], 3),
    "first removed": (lambda lines: lines[1:], 1),
    "put in": (lambda lines: [*lines[:2], lines[1], *lines[2:]], 3),
    "swapped": (lambda lines: [lines[1], lines[0], *lines[2:]], 1),
    "cut off": (lambda lines: lines[:4], 5),
    "emptied": (lambda lines: [], 1),
    "rubbish": (lambda lines: [*lines[:3], b"rubbish", *lines[3:]], 4),
    "no mac": (lambda lines: [b"{}", *lines[1:]], 1),
    "no object": (lambda lines: [b"[]", *lines[1:]], 1),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_tampering_is_found(audit, path, name):
    tamper, line = TAMPERINGS[name]
    lines = tamper(path.read_bytes().splitlines())
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    check = audit.verify()
    assert not check.whole and check.fault_line == line


def test_a_trail_rewritten_without_the_key_is_found(audit, path, tmp_path):
    forged = Audit(tmp_path / "forged.jsonl", b"x" * 32)
    for number in range(6):
        forged.append("tool.summarize", "t-1", {"report": f"r-{number}"})
    path.write_bytes((tmp_path / "forged.jsonl").read_bytes())
    path.with_suffix(".head").write_bytes((tmp_path / "forged.head").read_bytes())
    assert audit.verify().fault_line == 1


def test_a_removed_head_file_is_found(audit, path):
    path.with_suffix(".head").unlink()
    assert not audit.verify().whole


@pytest.mark.parametrize("content", [b"", b"rubbish", b"000000000006 " + b"0" * 64])
def test_a_damaged_head_file_is_found(audit, path, content):
    path.with_suffix(".head").write_bytes(content)
    assert not audit.verify().whole


def test_a_line_torn_by_a_crash_is_no_tampering_and_the_next_follows_well(audit, path):
    whole = path.read_bytes()
    torn = whole.splitlines()[5][:40]
    path.write_bytes(whole + torn)
    assert audit.verify().whole
    audit.append("tool.ask", "t-1", {"report": "r-7"})
    assert audit.verify().whole and audit.verify().lines == 7
    assert path.read_bytes().startswith(whole)


def test_a_crash_between_line_and_head_is_no_tampering(audit, path):
    head = path.with_suffix(".head").read_bytes()
    audit.append("tool.ask", "t-1")
    path.with_suffix(".head").write_bytes(head)
    assert audit.verify().whole
    audit.append("tool.ask", "t-1")
    assert audit.verify().whole and audit.verify().lines == 8


@pytest.mark.parametrize(
    ("event", "actor", "ids"),
    [
        ("tool ask", "t-1", {}),
        ("tool.ask", "Jane Doe", {}),
        ("tool.ask", "t-1", {"report": "Jane has a cough"}),
        ("tool.ask", "t-1", {"reports": ["r-1", "two words"]}),
        ("tool.ask", "t-1", {"report": "x" * 200}),
    ],
)
def test_text_is_refused(audit, event, actor, ids):
    with pytest.raises(Refused):
        audit.append(event, actor, ids)
    assert audit.verify().lines == 6


def test_long_lines_are_read_back(audit):
    audit.append("tool.ask", "t-1", {"reports": [f"r-{number:060}" for number in range(300)]})
    audit.append("tool.ask", "t-1")
    assert audit.verify().whole and audit.verify().lines == 8


def _append(path, times):
    for _ in range(times):
        Audit(path, b"k" * 32).append("tool.ask", "t-2")


def test_processes_write_one_chain(audit, path):
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_append, args=(path, 20)) for _ in range(3)]
    for process in processes:
        process.start()
    _append(path, 20)
    for process in processes:
        process.join()
    assert audit.verify().whole and audit.verify().lines == 86
