"""A whole session of a real MCP client on ten real reports: ``python -m bench.transcript OUT [--seed N]``.

``resident up`` runs as an own process over a home made for the run; the reports, dictated ones of the shared data under
made-up headers and signatures, two of them of one patient, are dropped into its watched folder. Then every tool,
resource and prompt is used over stdio (``resident mcp``) and over HTTP with a token. OUT holds patient-like text and is
to be read by a person: put it outside the repository.
"""

import argparse
import json
import lzma
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from bench.real_reports import REPORTS, SIGNERS, dressed
from mcp_tools.session import Call, Prompting, Read, Reply, Session, Step, call_over_http, call_over_stdio
from practice.rows import ReportRow
from practice.settings import Physician
from practice.tokens import Tokens
from resident.setup import Practice, make_practice, open_practice

ROOT = Path(__file__).parents[1]
EDITS = REPORTS.parents[1] / "tasks" / "compare_edits.jsonl.xz"
QUESTIONS = (
    "What medications does the patient take?",
    "Is there a fever?",
    "What is the plan?",
    "What is the diagnosis?",
    "Does the patient smoke?",
)
REPORT_COUNT = 10
WAIT_SECONDS = 180.0


def main() -> None:
    """Take the reports in, use everything over both transports, write what was said."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="the file that the transcript is written to")
    parser.add_argument("--seed", type=int, default=7, help="which reports are drawn")
    options = parser.parse_args()
    if not (REPORTS.exists() and EDITS.exists()):
        print("skipped: the shared data is not beside the project")
        return
    with tempfile.TemporaryDirectory() as folder, options.out.open("w", encoding="utf-8") as out:
        root = Path(folder)
        make_practice(root / "home", "embedded", tuple(Physician(name) for name in SIGNERS), root / "key")
        port = _give_port(root / "home" / "config.toml")
        with open_practice(root / "home") as practice, _up(root / "home"):
            for number, text in enumerate(_texts(options.seed)):
                (practice.settings.inbox / f"report {number:02d}.txt").write_text(text, "utf-8")
            _wait(practice)
            stdio, http = _sessions(practice, f"http://127.0.0.1:{port}/mcp")
            rows = practice.store.reports()
        _write(out, stdio, http, rows)
    same = sum(a.content == b.content for a, b in zip(stdio.replies, http.replies, strict=True))
    refused = sum(bool(r.refused) for r in stdio.replies)
    print(
        f"{len(rows)} reports, {len(stdio.tools)} tools, {len(stdio.replies)} steps over each of stdio and HTTP: "
        f"{same} the same over both, {refused} refused; connected in {stdio.connect_seconds:.1f} and "
        f"{http.connect_seconds:.1f} s; slowest {max(r.seconds for r in (*stdio.replies, *http.replies)):.2f} s"
    )


def _give_port(config: Path) -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    config.write_text(re.sub(r"# port = \d+", f"port = {port}", config.read_text("utf-8")), "utf-8")
    return port


@contextmanager
def _up(home: Path) -> Iterator[None]:
    """``resident up``, stopped as Ctrl-C stops it."""
    command = [sys.executable, "-m", "resident", "--home", str(home), "up"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        if not any(line.startswith("stop with") for line in process.stdout):
            raise RuntimeError("resident up ended before it was ready")
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(90)


def _texts(seed: int) -> Iterator[str]:
    """Eight reports of as many patients, and two of one patient."""
    with lzma.open(REPORTS, "rt") as lines:
        rows = [json.loads(line) for line in lines]
    for number, row in enumerate(random.Random(seed).sample(rows, REPORT_COUNT - 2)):
        yield dressed(number if number % 7 != 6 else number + 40, row["transcription"])
    with lzma.open(EDITS, "rt") as lines:
        pair = random.Random(seed).choice([json.loads(line) for line in lines])
    prior = dressed(22, pair["prior"])
    yield prior
    day = next(line for line in prior.splitlines() if line.startswith("Date of service")).split()[-1]
    yield dressed(22, pair["current"]).replace(day, day.replace("2026", "2027"))


def _wait(practice: Practice) -> None:
    """Until every file is taken, held or set aside and the answers are prepared."""
    deadline = time.monotonic() + WAIT_SECONDS
    store = practice.store
    while any(practice.settings.inbox.iterdir()) or not all(
        store.answer(row.id, "anomalies", None) for row in store.reports()
    ):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not taken in after {WAIT_SECONDS:.0f} s")
        time.sleep(0.2)


def _sessions(practice: Practice, url: str) -> tuple[Session, Session]:
    secret = Tokens(practice.store).create("transcript", daily_limit=1000).secret
    steps = list(_steps(practice))
    env = {"RESIDENT_TOKEN": secret, "PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]}
    command = ["-m", "resident", "--home", str(practice.home.root), "mcp"]
    return (
        call_over_stdio(sys.executable, command, env, steps, strict=False),
        call_over_http(url, secret, steps, strict=False),
    )


def _steps(practice: Practice) -> Iterator[Step]:
    rows = practice.store.reports()
    yield Call("list_reports", {"limit": 12})
    yield Call("find", {"query": "pain"})
    for number, row in enumerate(rows):
        yield Read(f"report://{row.id}")
        for tool in ("summarize", "anomalies", "diagnose"):
            yield Call(tool, {"report_id": row.id})
        yield Call("ask", {"report_id": row.id, "question": QUESTIONS[number % len(QUESTIONS)]})
        if practice.store.prior_of(row.id) is not None or number == 0:
            yield Call("compare", {"report_id": row.id})
    first = rows[0].id
    yield Call("summarize", {"report_id": first, "audience": "patient", "sentences": 2})
    yield Call("explain", {"report_id": first, "claim": "The patient has a temperature of 104 F."})
    yield Call(
        "give_feedback",
        {"report_id": first, "tool": "summarize", "verdict": "accepted", "draft": "A summary."},
    )
    yield Call("job", {"job_id": "none"})
    yield Read(f"report://{first}/original")
    yield Prompting("review_report", {"report_id": first})
    yield Prompting("patient_course", {"patient_id": rows[0].patient_id or "none"})
    yield Prompting("differential", {"report_id": first})
    yield Prompting("check_draft", {"report_id": first, "draft": "The patient has a fever."})


def _write(out: TextIO, stdio: Session, http: Session, rows: Sequence[ReportRow]) -> None:
    """All replies over stdio, then those over HTTP that differ."""
    print(f"tools: {', '.join(stdio.tools)}; reports: {len(rows)}", file=out)
    for told, again in zip(stdio.replies, http.replies, strict=True):
        same = told.content == again.content and bool(told.refused) == bool(again.refused)
        print(f"\n=== {told.tool} ({told.seconds:.2f} s; HTTP {again.seconds:.2f} s)", file=out)
        _reply(told, out)
        if not same:
            print("  --- over HTTP", file=out)
            _reply(again, out)


def _reply(reply: Reply, out: TextIO) -> None:
    if reply.refused:
        print(f"  refused: {reply.refused}", file=out)
    _print(reply.content, "  ", out)


def _print(value: Any, margin: str, out: TextIO) -> None:
    if isinstance(value, Mapping):
        for key, part in value.items():
            if key == "evidence":
                quotes = (f"{e['start']}-{e['end']} “{e['quote'][:90]}”" for e in part)
                print(margin + "evidence " + "; ".join(quotes), file=out)
            elif isinstance(part, (Mapping, list)) and part:
                print(f"{margin}{key}:", file=out)
                _print(part, margin + "  ", out)
            elif part not in (None, [], {}, "", False):
                print(f"{margin}{key}: {part}", file=out)
    elif isinstance(value, list):
        for part in value:
            if isinstance(part, (Mapping, list)):
                _print(part, margin + "- ", out)
            else:
                print(f"{margin}- {part}", file=out)


if __name__ == "__main__":
    main()
