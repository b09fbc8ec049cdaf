"""Figures of the answers and of the evidence check: ``python -m bench.answers [PART …]``.

Parts: ``compare``, ``evidence``, ``coverage``, ``numbers``, ``conclusions``, ``latency`` (default: all). Shared data is
read from ``shared/data`` beside the project; a part whose data is absent says so.
"""

import argparse
import json
import lzma
import re
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import Any

from clinical.answers.anomalies import anomalies
from clinical.answers.answer import Answer
from clinical.answers.ask import ask
from clinical.answers.compare import compare
from clinical.answers.conclusion import central_passages
from clinical.answers.diagnose import diagnose
from clinical.answers.passages import passages
from clinical.answers.report import report_from_text
from clinical.answers.summarize import summarize
from clinical.errors import ResidentError
from clinical.evidence.index import Index, index_of, line_of
from clinical.evidence.judge import Judgement, judge
from clinical.report import Finding, Measurement, Report

SHARED = Path(__file__).parents[1].parent / "shared" / "data"
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def rows_of(name: str) -> list[dict[str, Any]]:
    """Rows of ``shared/data/NAME.jsonl.xz``; empty, saying so, where the file is absent."""
    path = SHARED / f"{name}.jsonl.xz"
    if not path.exists():
        print(f"  {path.name} is absent: left out")
        return []
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def bench_compare() -> None:
    """``compare`` on real reports in which exactly three values were changed."""
    wanted = found = right = invented = still = still_found = 0
    for row in rows_of("tasks/compare_edits"):
        answer = compare(report_from_text(row["prior"], "prior"), report_from_text(row["current"], "current"))
        left = [c for c in answer.changes if c.direction != "unchanged"]
        for gold in row["gold_changes"]:
            wanted += 1
            hit = next(
                (c for c in left if _has(c.prior, gold["prior"]) and _has(c.current, gold["current"])), None
            )
            if hit is not None:
                found += 1
                right += hit.direction == gold["direction"]
                left.remove(hit)
        invented += len(left)
        for gold in row["gold_unchanged"]:
            still += 1
            still_found += any(
                c.direction == "unchanged" and _has(c.current, gold["value"]) for c in answer.changes
            )
    if wanted:
        print(
            f"compare_edits: change recall {found / wanted:.3f} ({found}/{wanted}), "
            f"direction {right / max(1, found):.3f}, invented {invented}, "
            f"unchanged values listed {still_found / still:.3f}"
        )


def _has(value: str | None, number: str) -> bool:
    """Is ``number`` one of the numbers of ``value``? The gold of 120,000 is "120": the thousands may be cut."""
    numbers = re.findall(r"\d+(?:,\d{3})*(?:\.\d+)?|\.\d+", value or "")
    return any(number in (n, n.split(",")[0], n.replace(",", "")) for n in numbers)


def bench_evidence() -> None:
    """The evidence check on the labelled sentences that only measure, by kind."""
    from bench.evidence_model import curve
    from bench.evidence_rows import load_rows

    rows = load_rows("measure")
    if not rows:
        print("  no rows that measure: left out")
        return
    indexes: dict[str, Index] = {}
    judgements: list[Judgement] = []
    kept: Counter[str] = Counter()
    total: Counter[str] = Counter()
    passed = caught = true = 0
    spent = 0.0
    for row in rows:
        if row.text not in indexes:
            indexes[row.text] = index_of((report_from_text(row.text),))
        begun = time.perf_counter()
        judgements.append(judge(line_of(row.sentence, 0, len(row.sentence)), indexes[row.text]))
        spent += time.perf_counter() - begun
        supported = judgements[-1].verdict == "supported"
        kind = ("true " if row.supported else "false ") + row.kind
        total[kind] += 1
        kept[kind] += supported == row.supported
        true += row.supported
        passed += supported and row.supported
        caught += not supported and not row.supported
    print(
        f"evidence: {len(rows)} sentences, caught {caught / (len(rows) - true):.3f}, passed {passed / true:.3f}, "
        f"{1000 * spent / len(rows):.1f} ms a sentence"
    )
    for kind in sorted(total):
        print(f"  {kind:22s} {kept[kind]:4d}/{total[kind]}")
    curve(judgements, [row.supported for row in rows])


def bench_coverage(count: int = 400) -> None:
    """Share of the simulated practice's abnormal findings and out-of-range values that summarize and anomalies give."""
    from synthetic.practice import simulate

    missed: Counter[str] = Counter()
    values = values_found = findings = findings_found = abstained = 0
    reports = list(islice(simulate(71, count), count))
    for simulated in reports:
        report = report_from_text(simulated.text)
        answers = (summarize(report), anomalies(report))
        abstained += answers[0].abstained
        spans = [(e.start, e.end) for a in answers for e in _evidence(a)]
        for m in simulated.truth.measurements:
            if m.flag not in (None, "N"):
                values += 1
                hit = _covers(spans, m)
                values_found += hit
                missed[f"value {m.name}"] += not hit
        for f in simulated.truth.findings:
            if f.assertion in ("present", "possible") and f.section in (
                "findings",
                "impression",
                "assessment",
                "diagnosis",
            ):
                findings += 1
                hit = _covers(spans, f)
                findings_found += hit
                missed[f"finding {f.concept}"] += not hit
    print(
        f"coverage over {len(reports)} simulated reports: out-of-range values {values_found / max(1, values):.3f} "
        f"({values_found}/{values}), abnormal findings {findings_found / max(1, findings):.3f} "
        f"({findings_found}/{findings}); summarize abstained on {abstained}"
    )
    print("  most missed:", ", ".join(f"{name} {n}" for name, n in missed.most_common(12) if n))


def _evidence(answer: Answer) -> Iterable[Any]:
    for claim in answer.claims:
        yield from claim.evidence
    for anomaly in answer.anomalies:
        yield from anomaly.evidence


def _covers(spans: list[tuple[int, int]], wanted: Measurement | Finding) -> bool:
    return any(start < wanted.end and wanted.start < end for start, end in spans)


def bench_numbers(count: int = 200) -> None:
    """No returned sentence of any tool may hold a number that is not in the report; how often a tool abstains."""
    rows = rows_of("reports/mtsamples")
    step = max(1, len(rows) // count)
    unseen = sentences = 0
    abstained: Counter[str] = Counter()
    tools: dict[str, Callable[[Report], Answer]] = {
        "summarize": summarize,
        "diagnose": diagnose,
        "anomalies": anomalies,
        "ask": lambda r: ask((r,), "What is the diagnosis?"),
    }
    chosen = rows[::step][:count]
    for row in chosen:
        report = report_from_text(row["transcription"])
        there = set(_NUMBER.findall(report.text))
        for name, tool in tools.items():
            answer = tool(report)
            abstained[name] += answer.abstained
            said = [c.text for c in answer.claims] + [f.what for f in answer.follow_ups]
            said += [c.condition for c in answer.differential] + [
                f"{a.value or ''}" for a in answer.anomalies
            ]
            said += [c.text for d in answer.differential for c in (*d.for_, *d.against)]
            sentences += len(said)
            unseen += sum(bool(set(_NUMBER.findall(text)) - there) for text in said)
    if chosen:
        print(
            f"numbers: {sentences} sentences on {len(chosen)} real reports, {unseen} with a number not in the report"
        )
        print("  abstained: " + ", ".join(f"{name} {abstained[name] / len(chosen):.3f}" for name in tools))


def bench_conclusions(count: int = 593) -> None:
    """Extract mode on reports whose conclusion was cut out, against simple baselines (ROUGE-L F1)."""
    from rouge_score import rouge_scorer

    rows = rows_of("tasks/conclusions")[:count]
    if not rows:
        return
    scorer = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=True)
    scores: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        report = report_from_text(row["input"])
        found = passages(report)
        texts = [p.text(report) for p in found]
        answers = {
            "extract summarize, 1": " ".join(c.text for c in summarize(report, sentences=1).claims),
            "extract summarize, 3": " ".join(c.text for c in summarize(report, sentences=3).claims),
            "extract diagnose": ". ".join(c.condition for c in diagnose(report).differential),
            "lead 1": " ".join(texts[:1]),
            "lead 3": " ".join(texts[:3]),
            "last 3": " ".join(texts[-3:]),
            "central 3": " ".join(p.text(report) for p in central_passages(report, found, 3)),
        }
        for target in ("reference_one_line", "reference_conclusion"):
            reference = row[target]
            if reference:
                for name, text in answers.items():
                    score = scorer.score(reference, text)["rougeL"].fmeasure
                    scores.setdefault((name, target), []).append(score)
    print(f"conclusions: {len(rows)} reports, ROUGE-L        one line  conclusion")
    for name in dict.fromkeys(name for name, _ in scores):
        one, all_ = (statistics.mean(scores[name, t]) for t in ("reference_one_line", "reference_conclusion"))
        print(f"  {name:40s} {one:.3f}     {all_:.3f}")


def bench_latency(count: int = 100) -> None:
    """Time of a call in the process, structure included or given."""
    rows = rows_of("reports/mtsamples")[:count]
    if not rows:
        return
    reports = []
    built = []
    for row in rows:
        begun = time.perf_counter()
        reports.append(report_from_text(row["transcription"]))
        built.append(time.perf_counter() - begun)
    print(f"latency on {len(rows)} real reports, median and worst in ms: structure {_ms(built)}")
    tools: dict[str, Callable[[Report], object]] = {
        "summarize": summarize,
        "diagnose": diagnose,
        "anomalies": anomalies,
        "compare": lambda r: compare(r, r),
        "ask": lambda r: ask((r,), "Does the patient have chest pain?"),
    }
    for name, tool in tools.items():
        spent = []
        for report in reports:
            begun = time.perf_counter()
            try:
                tool(report)
            except ResidentError:
                continue
            spent.append(time.perf_counter() - begun)
        print(f"  {name:10s} {_ms(spent)}")


def _ms(seconds: list[float]) -> str:
    return f"{1000 * statistics.median(seconds):.1f} / {1000 * max(seconds):.1f}"


PARTS: dict[str, Callable[[], None]] = {
    "compare": bench_compare,
    "evidence": bench_evidence,
    "coverage": bench_coverage,
    "numbers": bench_numbers,
    "conclusions": bench_conclusions,
    "latency": bench_latency,
}


def main() -> None:
    """Run the parts that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help=", ".join(PARTS))
    for part in parser.parse_args().parts or PARTS:
        if part not in PARTS:
            parser.error(f"no part {part}")
        PARTS[part]()


if __name__ == "__main__":
    main()
