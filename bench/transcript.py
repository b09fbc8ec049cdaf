"""A whole session of a real MCP client on ten real reports, to be read by a person: ``python -m bench.transcript``.

The reports are dictated ones of the shared data under made-up headers, among them one with its prior. They go through
the whole intake; then every tool is called over stdio (``resident mcp``) and over HTTP. It prints patient-like text:
write it to a place outside the repository.
"""

import json
import lzma
import os
import random
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bench.real_reports import REPORTS, SIGNERS, dressed, take
from mcp_tools.session import Call, Reply, Session, call_over_http, call_over_stdio
from practice.settings import Physician
from practice.tokens import Tokens
from resident.parts import make_deidentifier
from resident.setup import Practice, make_practice, open_practice
from resident.up import Services

EDITS = REPORTS.parents[1] / "tasks" / "compare_edits.jsonl.xz"
QUESTIONS = ("What medications does the patient take?", "Is there a fever?", "What is the plan?")


def main() -> None:
    """Take the reports in, ask every tool of each, print what was said."""
    if not (REPORTS.exists() and EDITS.exists()):
        print("skipped: the shared data is not beside the project")
        return
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        make_practice(root / "home", "embedded", tuple(Physician(name) for name in SIGNERS), root / "key")
        with open_practice(root / "home") as practice:
            for number, text in enumerate(_texts(seed)):
                (practice.settings.inbox / f"report {number:02d}.txt").write_text(text, "utf-8")
            take(practice)
            for name, session in _sessions(practice):
                print(
                    f"\n######## over {name}: connected in {session.connect_seconds:.1f} s; tools {session.tools}"
                )
                for reply in session.replies:
                    print_reply(reply)


def _texts(seed: int) -> Iterator[str]:
    """Eight reports of as many patients, and two of one patient."""
    with lzma.open(REPORTS, "rt") as lines:
        rows = [json.loads(line) for line in lines]
    for number, row in enumerate(random.Random(seed).sample(rows, 8)):
        yield dressed(number if number % 7 != 6 else number + 40, row["transcription"])
    with lzma.open(EDITS, "rt") as lines:
        pair = json.loads(next(lines))
    prior = dressed(20, pair["prior"])
    yield prior
    day = next(line for line in prior.splitlines() if line.startswith("Date of service")).split()[-1]
    yield dressed(20, pair["current"]).replace(day, day.replace("2026", "2027"))


def _sessions(practice: Practice) -> Iterator[tuple[str, Session]]:
    made = Tokens(practice.store).create("transcript", daily_limit=1000)
    services = Services(practice, make_deidentifier(practice.settings))
    services.start()
    try:
        calls = list(_calls(practice))
        env = {
            "RESIDENT_TOKEN": made.secret,
            "RESIDENT_URL": f"{services.url}/mcp",
            "PATH": os.environ["PATH"],
        }
        yield "stdio", call_over_stdio(sys.executable, ["-m", "resident", "mcp"], env, calls, strict=False)
        yield "HTTP", call_over_http(f"{services.url}/mcp", made.secret, calls[:4], strict=False)
    finally:
        services.stop()


def _calls(practice: Practice) -> Iterator[Call]:
    rows = practice.store.reports()
    yield Call("list_reports", {"limit": 12})
    yield Call("find", {"query": "pain"})
    for number, row in enumerate(rows):
        for tool in ("summarize", "anomalies", "diagnose"):
            yield Call(tool, {"report_id": row.id})
        yield Call("ask", {"report_id": row.id, "question": QUESTIONS[number % len(QUESTIONS)]})
        if practice.store.prior_of(row.id) is not None or number == 0:
            yield Call("compare", {"report_id": row.id})
    first = rows[0].id
    yield Call("explain", {"report_id": first, "claim": "The patient has a temperature of 104 F."})
    yield Call(
        "give_feedback", {"report_id": first, "tool": "summarize", "verdict": "accepted", "draft": "x"}
    )
    yield Call("job", {"job_id": "none"})


def print_reply(reply: Reply) -> None:
    """One reply, indented; quotes that only repeat their sentence are left out."""
    print(f"\n=== {reply.tool} ({reply.seconds:.2f} s)")
    if reply.refused:
        print(f"  error: {reply.refused}")
    _print(reply.content, "  ")


def _print(value: Any, margin: str) -> None:
    if isinstance(value, Mapping):
        for key, part in value.items():
            if key == "evidence":
                print(
                    margin
                    + "evidence "
                    + "; ".join(f"{e['start']}-{e['end']} “{e['quote'][:90]}”" for e in part)
                )
            elif isinstance(part, (Mapping, list)) and part:
                print(f"{margin}{key}:")
                _print(part, margin + "  ")
            elif part not in (None, [], {}, "", False):
                print(f"{margin}{key}: {part}")
    elif isinstance(value, list):
        for part in value:
            if isinstance(part, (Mapping, list)):
                _print(part, margin + "- ")
            else:
                print(f"{margin}- {part}")


if __name__ == "__main__":
    main()
