"""De-identification measured: recall, leaks, restraint, speed, beside its peers.

    python -m bench.deidentify [--peers] [--ablation] [--limit N] [--misses N] [--out FILE.json]

Reads ``../shared/data``; says what it skips where a file is absent. Recall counts a character as covered if it is
a letter or digit inside a replaced stretch; a span is found if all its characters are. A report leaks if one span is
not found.
"""

import argparse
import json
import lzma
import platform
import re
import resource
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.deid_cases import HALVES, make_cases
from bench.deid_fresh import VARIANTS, make_fresh
from clinical.deidentify.deidentifier import Deidentifier, Policy

DATA = Path(__file__).parents[1] / "../shared/data"
WORD = re.compile(r"\w+")
Cover = Callable[[str], tuple[list[tuple[int, int]], bool]]
"""Takes a text; returns the stretches that would be replaced, and whether the report is held."""


@dataclass
class Tally:
    """What one system did on one set."""

    spans: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    chars: Counter[str] = field(default_factory=Counter)
    covered: Counter[str] = field(default_factory=Counter)
    reports: int = 0
    leaking: int = 0
    held: int = 0
    leaking_unheld: int = 0
    words: int = 0
    wrong: int = 0
    keep: int = 0
    kept: int = 0
    adversarial: int = 0
    adversarial_found: int = 0
    seconds: float = 0.0
    length: int = 0
    misses: list[tuple[str, str, str]] = field(default_factory=list)
    groups: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))


@dataclass(frozen=True)
class Row:
    """A text with its truth. ``name_words`` are the words of adversarial names, where there are any."""

    id: str
    text: str = field(repr=False)
    spans: Sequence[tuple[int, int, str]] = ()
    keep: Sequence[tuple[int, int]] = ()
    adversarial: bool = False
    groups: Sequence[str] = ()


def rows_of(name: str) -> list[dict[str, object]]:
    """Reads a data file; empty where it is absent."""
    path = DATA / name
    if not path.exists():
        print(f"skipped: {path.name} is not there")
        return []
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def injected(limit: int | None) -> list[Row]:
    """The real reports with injected identifiers."""
    result = []
    for r in rows_of("deid/injected_reports.jsonl.xz")[:limit]:
        spans = [(s["start"], s["end"], s["label"]) for s in r["spans"]]  # type: ignore[attr-defined]
        keep = [(k["start"], k["end"]) for k in r["must_keep"]]  # type: ignore[attr-defined]
        groups = (f"header {r['header_format']}", f"pool {_half(str(r['source_id']))}")
        result.append(Row(str(r["id"]), str(r["text"]), spans, keep, bool(r["adversarial_name"]), groups))
    return result


def _half(key: str) -> str:
    return "a" if sum(key.encode()) % 2 else "b"


def made_up(half: str, count: int) -> list[Row]:
    """Reports whose headers, sign-offs and names are made up for one half."""
    used = {str(r["source_id"]) for r in rows_of("deid/injected_reports.jsonl.xz")}
    reports = [r for r in rows_of("reports/mtsamples.jsonl.xz") if r["id"] not in used]
    bodies = [(str(r["id"]), str(r["transcription"])) for r in reports if len(str(r["transcription"])) > 600]
    begin = HALVES.index(half) * 400
    return [
        Row(
            c.id,
            c.text,
            c.spans,
            (),
            c.pool == "words",
            (f"header {c.header.split('/')[0]}", f"pool {c.pool}"),
        )
        for c in make_cases(bodies[begin : begin + count], half)
    ]


def fresh(variant: str, count: int) -> list[Row]:
    """Reports of other sources in formats and names that no rule was written for."""
    used = {str(r["source_id"]) for r in rows_of("deid/injected_reports.jsonl.xz")}
    reports = [r for r in rows_of("reports/mtsamples.jsonl.xz") if r["id"] not in used]
    bodies = [(str(r["id"]), str(r["transcription"])) for r in reports if len(str(r["transcription"])) > 400]
    chosen = bodies[VARIANTS.index(variant) :: 7][:count]
    return [
        Row(
            c.id,
            c.text,
            c.spans,
            (),
            c.pool in {"words", "eponyms"},
            (f"header {c.header.split('/')[0]}", f"pool {c.pool}"),
        )
        for c in make_fresh(chosen, variant)
    ]


def measure(rows: Iterable[Row], cover: Cover) -> Tally:
    """Runs a system over rows."""
    tally = Tally()
    for row in rows:
        started = time.process_time()
        stretches, held = cover(row.text)
        tally.seconds += time.process_time() - started
        tally.length += len(row.text)
        taken = bytearray(len(row.text))
        gold = bytearray(len(row.text))
        for start, end in stretches:
            taken[start:end] = b"\1" * (end - start)
        leak = False
        for start, end, label in row.spans:
            gold[start:end] = b"\1" * (end - start)
            letters = [i for i in range(start, end) if row.text[i].isalnum()]
            covered = sum(taken[i] for i in letters)
            tally.spans[label] += 1
            tally.chars[label] += len(letters)
            tally.covered[label] += covered
            whole = covered == len(letters)
            tally.found[label] += whole
            if row.adversarial and label == "NAME":
                tally.adversarial += 1
                tally.adversarial_found += whole
            if not whole:
                leak = True
                before, after = row.text[max(0, start - 40) : start], row.text[end : end + 25]
                tally.misses.append((label, row.id, f"{before}[[{row.text[start:end]}]]{after}"))
        for match in WORD.finditer(row.text):
            tally.words += 1
            stretch = slice(*match.span())
            tally.wrong += bool(any(taken[stretch]) and not any(gold[stretch]))
        for start, end in row.keep:
            tally.keep += 1
            tally.kept += not any(taken[start:end])
        tally.reports += 1
        tally.leaking += leak
        tally.held += held
        tally.leaking_unheld += leak and not held
        for group in row.groups:
            tally.groups[group][0] += 1
            tally.groups[group][1] += leak
    return tally


def line(name: str, t: Tally) -> str:
    """One row of the table."""
    labels = [f"{t.found[k] / t.spans[k]:.3f}" if t.spans[k] else "  –  " for k in LABELS]
    unheld = max(t.reports - t.held, 1)
    cells = [
        f"{name:<34}",
        *labels,
        f"{1 - t.leaking / max(t.reports, 1):.3f}",
        f"{1 - t.leaking_unheld / unheld:.3f}",
        f"{t.held / max(t.reports, 1):.3f}",
        f"{t.adversarial_found / t.adversarial:.3f}" if t.adversarial else "  –  ",
        f"{t.kept / t.keep:.3f}" if t.keep else "  –  ",
        f"{100 * t.wrong / max(t.words, 1):.2f}%",
        f"{3000 * t.seconds / max(t.length, 1) * 1000:.0f}",
    ]
    return " | ".join(cells)


LABELS = ("NAME", "DATE", "ID", "LOCATION", "PHONE", "EMAIL")
HEAD = " | ".join(
    [
        f"{'system, set':<34}",
        *(f"{k[:5]:<5}" for k in LABELS),
        "clean",
        "unheld clean",
        "held",
        "adv.",
        "keep",
        "wrong",
        "CPU ms/3KB",
    ]
)


def ours(deidentifier: Deidentifier) -> Cover:
    """Our de-identifier, told nothing but the text."""

    def cover(text: str) -> tuple[list[tuple[int, int]], bool]:
        result = deidentifier.deidentify(text)
        return [(s.start, s.end) for s in result.spans], result.held

    return cover


def queries(deidentifier: Deidentifier) -> None:
    """Clinical queries: recall, and how many without identifiers stay untouched."""
    rows = rows_of("deid/clinical_queries.jsonl.xz")
    hard = [r for r in rows if not r["spans"]]
    touched = [r for r in hard if deidentifier.deidentify(str(r["text"])).spans]
    spans: Counter[str] = Counter()
    found: Counter[str] = Counter()
    for r in rows:
        text = str(r["text"])
        taken = bytearray(len(text))
        for s in deidentifier.deidentify(text).spans:
            taken[s.start : s.end] = b"\1" * (s.end - s.start)
        for s in r["spans"]:  # type: ignore[attr-defined]
            spans[s["label"]] += 1
            start = (
                s["start"] + len(re.match(r"(?:Drs?|Mrs?|Ms)\.? |#", s["text"]).group())
                if re.match(r"(?:Drs?|Mrs?|Ms)\.? |#", s["text"])
                else s["start"]
            )  # type: ignore[union-attr]
            found[s["label"]] += all(taken[i] or not text[i].isalnum() for i in range(start, s["end"]))
    if hard:
        print(
            f"clinical queries: hard negatives untouched {1 - len(touched) / len(hard):.3f} of {len(hard)}; recall",
            end=" ",
        )
        print({k: f"{found[k] / n:.3f} of {n}" for k, n in spans.most_common(6)})


SPANISH = {
    "NOMBRE": "NAME",
    "FECHAS": "DATE",
    "ID_": "ID",
    "NUMERO_TELEFONO": "PHONE",
    "NUMERO_FAX": "PHONE",
    "CORREO": "EMAIL",
}


def spanish(limit: int | None) -> None:
    """Spanish cases with human annotation."""
    rows = rows_of("deid/meddocan_es.jsonl.xz")[:limit]
    if not rows:
        return
    deidentifier = Deidentifier(Policy(language="es"))
    converted = []
    for r in rows:
        spans = []
        for s in r["spans"]:  # type: ignore[attr-defined]
            label = next((v for k, v in SPANISH.items() if s["label"].startswith(k)), "")
            if s["label"] in {"CALLE", "TERRITORIO", "HOSPITAL", "CENTRO_SALUD", "INSTITUCION"}:
                label = "LOCATION"
            if label and not (label == "ID" and s["text"].isalpha()):
                spans.append((s["start"], s["end"], label))
        converted.append(Row(str(r["id"]), str(r["text"]), spans))
    print(line(f"ours, Spanish ({len(rows)})", measure(converted, ours(deidentifier))))


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peers", action="store_true", help="run Presidio and philter-lite too (minutes)")
    parser.add_argument("--ablation", action="store_true", help="leave out one layer at a time")
    parser.add_argument(
        "--sets", default="injected,tune,second,held,spanish,queries", help="which sets, by name"
    )
    parser.add_argument("--limit", type=int, default=None, help="rows a set at most")
    parser.add_argument(
        "--misses", type=int, default=0, help="print so many misses a set, never of the held and last sets"
    )
    parser.add_argument("--out", type=Path, default=None, help="write the figures as JSON too")
    options = parser.parse_args()
    started = time.perf_counter()
    deidentifier = Deidentifier()
    start_up = time.perf_counter() - started
    print(
        f"{platform.processor() or platform.machine()}, Python {platform.python_version()};",
        f"layers: {', '.join(deidentifier.layers)}",
    )
    wanted = options.sets.split(",")
    sets = {"injected": injected(options.limit)} if "injected" in wanted else {}
    for half in (half for half in HALVES if half in wanted):
        sets[half] = made_up(half, min(options.limit or 300, 300))
    for variant in (variant for variant in VARIANTS if variant in wanted):
        sets[variant] = fresh(variant, min(options.limit or 150, 150))
    print(HEAD)
    results = {}
    for name, rows in sets.items():
        if rows:
            results[name] = measure(rows, ours(deidentifier))
            print(line(f"ours, {name} ({len(rows)})", results[name]), flush=True)
    if "spanish" in wanted:
        spanish(options.limit)
    if "queries" in wanted:
        queries(deidentifier)
    for name, tally in results.items():
        shares = {g: f"{1 - bad / n:.2f} of {n}" for g, (n, bad) in sorted(tally.groups.items())}
        print(f"clean by group, {name}: {shares}")
        if options.misses and name not in {"held", "last"}:
            for miss in tally.misses[: options.misses]:
                print("  miss", *miss)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"start-up {start_up:.2f} s; peak memory with the test data {peak:.0f} MB")
    if options.ablation:
        for layer in ("tagger", "fields", "grammar", "places", "shapes", "zones", "propagated"):
            without = Deidentifier(Policy(without=frozenset([layer])))
            for name in sets:
                print(line(f"without {layer}, {name}", measure(sets[name], ours(without))), flush=True)
    if options.peers:
        from bench.deid_peers import peers

        for name, cover in peers().items():
            for which in sets:
                print(line(f"{name}, {which}", measure(sets[which], cover)), flush=True)
    if options.out:
        figures = {
            name: {label: t.found[label] / t.spans[label] for label in LABELS if t.spans[label]}
            | {"clean": 1 - t.leaking / max(t.reports, 1), "wrong": t.wrong / max(t.words, 1)}
            for name, t in results.items()
        }
        options.out.write_text(json.dumps(figures, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
