"""``python -m synthetic --seed 1 --reports 50 --out DIR --format txt,pdf [--truth truth.jsonl]``."""

import argparse
import dataclasses
import json
import sys
from pathlib import Path

from synthetic.practice import simulate
from synthetic.render import FORMATS, write
from synthetic.report import SimulatedReport


def row(report: SimulatedReport) -> dict[str, object]:
    """A report with its truth as a JSON row."""
    return {"id": f"{report.number:05d}", **dataclasses.asdict(report)}


def main(arguments: list[str] | None = None) -> int:
    """Write simulated reports; the exit status is 0 unless the arguments are wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m synthetic", description="Write reports of a simulated practice."
    )
    parser.add_argument("--seed", type=int, default=1, help="same seed, same reports")
    parser.add_argument("--reports", type=int, default=50, help="how many")
    parser.add_argument("--out", type=Path, required=True, help="folder for the files, made if missing")
    parser.add_argument("--format", default="txt", help=f"comma-separated, of {', '.join(FORMATS)}")
    parser.add_argument("--truth", type=Path, help="also write the truth of each as JSON lines")
    given = parser.parse_args(arguments)
    wanted = [name for name in FORMATS if name in given.format.split(",")]
    if len(wanted) != len(given.format.split(",")):
        parser.error(f"--format must be of {', '.join(FORMATS)}")
    given.out.mkdir(parents=True, exist_ok=True)
    rows = []
    for report in simulate(given.seed, given.reports):
        for name in wanted:
            write(report, given.out, name)
        if given.truth:
            rows.append(json.dumps(row(report), ensure_ascii=False))
    if given.truth:
        given.truth.write_text("".join(line + "\n" for line in rows), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
