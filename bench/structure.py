"""Structure, measured: headings, laboratory layouts, flags, assertions, time. ``python -m bench.structure``.

The laboratory part renders panels of its own in many layouts, with the truth known; real reports come from the
``shared/data`` folder beside the project and are skipped, saying so, where it is absent.
"""

import hashlib
import json
import lzma
import platform
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.layouts import FRESH
from clinical.report import Measurement
from clinical.structure.analytes import names
from clinical.structure.build import build_structure
from clinical.structure.lexicon import words_of
from clinical.structure.sections import find_sections
from clinical.structure.units import ucum

ROOT = Path(__file__).parents[1]
SHARED = ROOT / "../shared/data"
LABELS = tuple(ROOT / f"tests/data/assertions{which}.jsonl" for which in ("", "_second", "_third", "_fourth"))


@dataclass(frozen=True, slots=True)
class Value:
    """One value as rendered, with the truth about it. Numbers as printed."""

    name: str
    value: str
    unit: str
    low: str
    high: str
    flag: str
    comparator: str = ""

    @property
    def range(self) -> str:
        """The range as usually printed."""
        if self.low and self.high:
            return f"{self.low}-{self.high}"
        return f"<{self.high}" if self.high else f">{self.low}"


ANALYTES = (
    ("Sodium", "mmol/L", 135, 145, 0), ("Potassium", "mmol/L", 3.5, 5.1, 1),
    ("Chloride", "mmol/L", 98, 107, 0), ("CO2", "mmol/L", 22, 29, 0),
    ("BUN", "mg/dL", 7, 20, 0), ("Creatinine", "mg/dL", 0.6, 1.3, 2),
    ("Glucose", "mg/dL", 70, 99, 0), ("Calcium", "mg/dL", 8.5, 10.5, 1),
    ("Magnesium", "mg/dL", 1.6, 2.6, 1), ("Phosphorus", "mg/dL", 2.5, 4.5, 1),
    ("Hemoglobin", "g/dL", 12.0, 16.0, 1), ("Hematocrit", "%", 36.0, 46.0, 1),
    ("WBC", "10^3/uL", 4.0, 11.0, 1), ("RBC", "10^6/uL", 4.2, 5.4, 2),
    ("Platelets", "K/uL", 150, 400, 0), ("MCV", "fL", 80.0, 100.0, 1),
    ("MCH", "pg", 27.0, 33.0, 1), ("MCHC", "g/dL", 32.0, 36.0, 1),
    ("RDW", "%", 11.5, 14.5, 1), ("Neutrophils", "%", 40.0, 75.0, 1),
    ("Lymphocytes", "%", 20.0, 45.0, 1), ("AST", "U/L", 8, 40, 0),
    ("ALT", "U/L", 7, 56, 0), ("Alkaline Phosphatase", "U/L", 40, 130, 0),
    ("Total Bilirubin", "mg/dL", 0.1, 1.2, 1), ("Albumin", "g/dL", 3.5, 5.0, 1),
    ("Total Protein", "g/dL", 6.0, 8.3, 1), ("LDH", "U/L", 120, 250, 0),
    ("GGT", "U/L", 5, 60, 0), ("Lipase", "U/L", 10, 140, 0),
    ("Amylase", "U/L", 30, 110, 0), ("Uric Acid", "mg/dL", 2.5, 7.5, 1),
    ("Total Cholesterol", "mg/dL", None, 200, 0), ("LDL Cholesterol", "mg/dL", None, 100, 0),
    ("HDL Cholesterol", "mg/dL", 40, None, 0), ("Triglycerides", "mg/dL", None, 150, 0),
    ("Hemoglobin A1c", "%", 4.0, 5.6, 1), ("TSH", "uIU/mL", 0.40, 4.50, 2),
    ("Free T4", "ng/dL", 0.8, 1.8, 1), ("Troponin I", "ng/mL", None, 0.04, 2),
    ("BNP", "pg/mL", None, 100, 0), ("CK-MB", "ng/mL", 0.0, 5.0, 1),
    ("INR", "", 0.8, 1.2, 1), ("PT", "sec", 11.0, 13.5, 1),
    ("aPTT", "sec", 25.0, 36.0, 1), ("D-dimer", "ug/mL FEU", None, 0.50, 2),
    ("CRP", "mg/L", None, 5.0, 1), ("ESR", "mm/hr", 0, 20, 0),
    ("Ferritin", "ng/mL", 24, 336, 0), ("Iron", "µg/dL", 50, 175, 0),
    ("Vitamin B12", "pg/mL", 200, 900, 0), ("Folate", "ng/mL", 3.0, 20.0, 1),
    ("Vitamin D, 25-Hydroxy", "ng/mL", 30, 100, 0), ("PSA", "ng/mL", None, 4.0, 1),
    ("Lactate", "mmol/L", 0.5, 2.0, 1), ("Ammonia", "µmol/L", 11, 51, 0),
    ("eGFR", "mL/min/1.73m2", 60, None, 0), ("Procalcitonin", "ng/mL", None, 0.10, 2),
    ("Digoxin", "ng/mL", 0.5, 2.0, 1), ("Lithium", "mmol/L", 0.6, 1.2, 1),
    ("Fibrinogen", "mg/dL", 200, 400, 0), ("Haptoglobin", "mg/dL", 30, 200, 0),
    ("Anion Gap", "mEq/L", 4, 16, 0), ("Osmolality", "mOsm/kg", 275, 295, 0),
    ("Cortisol", "µg/dL", 6.2, 19.4, 1), ("Prolactin", "ng/mL", 4.0, 15.2, 1),
    ("White Cell Count", "x10^9/L", 4.0, 11.0, 1), ("Platelet Count", "10*9/L", 150, 450, 0),
    ("Haemoglobin", "g/L", 130, 170, 0), ("Urea", "mmol/L", 2.5, 7.8, 1),
    ("Ionized Calcium", "mmol/L", 1.12, 1.32, 2), ("Reticulocytes", "%", 0.5, 2.5, 1),
)  # fmt: skip


def panel(dice: random.Random, size: int) -> list[Value]:
    """``size`` different analytes with values inside and outside their ranges."""
    values = []
    for name, unit, low, high, digits in dice.sample(ANALYTES, size):
        span = (high - low) if low is not None and high is not None else (high or low or 1)
        kind = dice.choice(("N", "N", "H", "L"))
        if kind == "H" and high is None:
            kind = "L"
        if kind == "L" and (low is None or low - 0.5 * span <= 0):
            kind = "H" if high is not None else "N"
        edge = 10.0**-digits
        if kind == "H":
            number = max(high + edge, high + span * dice.uniform(0.05, 1.2))
        elif kind == "L":
            number = min(low - edge, low - span * dice.uniform(0.05, 0.4))
        else:
            bottom = low if low is not None else 0.3 * high
            top = high if high is not None else low * 1.6
            number = dice.uniform(bottom + edge, top - edge)
        text = f"{number:.{digits}f}"
        shown = float(text)
        flag = "H" if high is not None and shown > high else "L" if low is not None and shown < low else "N"
        if high is not None and low is None and shown == high:
            text = f"{shown - edge:.{digits}f}"

        def told(bound: float | None, places: int = digits) -> str:
            return "" if bound is None else f"{bound:.{places}f}"

        values.append(Value(name, text, unit, told(low), told(high), flag))
    return values


def _mark(value: Value, words: dict[str, str]) -> str:
    return words.get(value.flag, "")


HL = {"H": "H", "L": "L"}
WORDS = {"H": "HIGH", "L": "LOW"}


def _pipes(values: list[Value]) -> str:
    rows = [f"| {v.name} | {v.value} | {v.unit} | {v.range} | {_mark(v, HL)} |" for v in values]
    return "\n".join(["| Test | Result | Units | Reference Range | Flag |", "|---|---|---|---|---|", *rows])


def _tabs(values: list[Value]) -> str:
    rows = [f"{v.name}\t{v.value}\t{_mark(v, HL)}\t{v.unit}\t{v.range}" for v in values]
    return "\n".join(["TEST\tRESULT\tFLAG\tUNITS\tREFERENCE", *rows])


def _tabs_bare(values: list[Value]) -> str:
    return "\n".join(f"{v.name}\t{v.value} {_mark(v, HL)}\t({v.range})\t{v.unit}".rstrip() for v in values)


def _aligned(values: list[Value]) -> str:
    head = f"{'Component':<26}{'Value':<10}{'Flag':<6}{'Ref Range':<16}{'Units'}"
    rows = [f"{v.name:<26}{v.value:<10}{_mark(v, HL):<6}{v.range:<16}{v.unit}".rstrip() for v in values]
    return "\n".join([head, "-" * 70, *rows])


def _aligned_right(values: list[Value]) -> str:
    rows = [f"{v.name:<28}{v.value:>8} {_mark(v, HL):<3}{v.unit:<14}{v.range:>14}".rstrip() for v in values]
    return "\n".join(rows)


def _inline(values: list[Value]) -> str:
    rows = []
    for v in values:
        inside = f"{v.range} {v.unit}".strip()
        rows.append(" ".join(f"{v.name} {v.value} {_mark(v, HL)} ({inside})".split()))
    return "\n".join(rows)


def _colon_ref(values: list[Value]) -> str:
    rows = []
    for v in values:
        rows.append(" ".join(f"{v.name}: {v.value} {v.unit} (Ref: {v.range}) {_mark(v, WORDS)}".split()))
    return "\n".join(rows)


def _flag_first(values: list[Value]) -> str:
    rows = []
    for v in values:
        mark = f"({v.flag})" if v.flag != "N" else ""
        rows.append(
            " ".join(f"- {v.name}: {mark} {v.value} {v.unit} [{v.low or '0'} - {v.high or '999'}]".split())
        )
    return "\n".join(rows)


def _range_to(values: list[Value]) -> str:
    rows = []
    for v in values:
        shown = f"{v.low} to {v.high}" if v.low and v.high else v.range
        rows.append(
            " ".join(
                f"{v.name.upper()}   {v.value}{'*' if v.flag != 'N' else ''}   {v.unit}   {shown}".split("  ")
            )
        )
    return "\n".join(rows)


def _range_first(values: list[Value]) -> str:
    return "\n".join(
        f"{v.name} ({v.range}{' ' + v.unit if v.unit else ''}): {v.value} {_mark(v, HL)}".rstrip()
        for v in values
    )


def _dots(values: list[Value]) -> str:
    rows = []
    for v in values:
        rows.append(
            f"{v.name} {'.' * (30 - len(v.name))} {v.value} {v.unit}  ref {v.range}  {_mark(v, HL)}".rstrip()
        )
    return "\n".join(rows)


def _low_high_columns(values: list[Value]) -> str:
    rows = [f"{v.name} | {v.value} | {v.low} | {v.high} | {v.unit}" for v in values]
    return "\n".join(["Analyte | Value | Low | High | Units", *rows])


def _prior_column(values: list[Value]) -> str:
    head = f"{'Test':<26}{'Prior':<10}{'Result':<10}{'Units':<16}{'Reference Interval'}"
    rows = []
    for v in values:
        rows.append(f"{v.name:<26}{_other(v):<10}{v.value:<10}{v.unit or ' ':<16}{v.range}".rstrip())
    return "\n".join([head, *rows])


def _other(value: Value) -> str:
    digits = len(value.value.partition(".")[2])
    return f"{float(value.value) * 0.9 + 0.1:.{digits}f}"


def _unit_in_name(values: list[Value]) -> str:
    rows = []
    for v in values:
        shown = f" ({v.unit})" if v.unit else ""
        rows.append(f"{v.name}{shown}\t{v.value}\t{v.range}\t{_mark(v, HL)}".rstrip())
    return "\n".join(rows)


def _keys(values: list[Value]) -> str:
    blocks = []
    for v in values:
        unit = f"\nUnits: {v.unit}" if v.unit else ""
        mark = f"\nFlag: {v.flag}" if v.flag != "N" else ""
        blocks.append(f"{v.name}\n  Result: {v.value}{unit}\nReference Range: {v.range}{mark}")
    return "\n\n".join(blocks)


def _arrows(values: list[Value]) -> str:
    marks = {"H": "↑", "L": "↓"}
    return "\n".join(
        f"• {v.name} – {v.value} {v.unit} {_mark(v, marks)} (normal range {v.range})" for v in values
    )


def _prose(values: list[Value]) -> str:
    parts = [
        f"{v.name.lower() if len(v.name) > 5 else v.name} {v.value}{' ' + v.unit if v.unit else ''}"
        for v in values
    ]
    return "Laboratory data today showed " + ", ".join(parts[:-1]) + f", and {parts[-1]}."


def _semicolons(values: list[Value]) -> str:
    parts = [
        f"{v.name} {v.value} {v.unit} ({v.range})".replace("  ", " ")
        + (f" {v.flag}" if v.flag != "N" else "")
        for v in values
    ]
    return "; ".join(parts) + "."


def _stars(values: list[Value]) -> str:
    rows = []
    for v in values:
        mark = {"H": "*H*", "L": "*L*"}.get(v.flag, "")
        rows.append(f"{v.name:<25} {v.value:>7} {mark:<4} {v.unit:<14} (REF {v.range})".rstrip())
    return "LABORATORY\n" + "\n".join(rows)


LAYOUTS: dict[str, Callable[[list[Value]], str]] = {
    "pipes": _pipes, "tabs": _tabs, "tabs without heading": _tabs_bare,
    "aligned": _aligned, "aligned right": _aligned_right, "inline": _inline,
    "colon and ref": _colon_ref, "flag before": _flag_first, "range with to": _range_to,
    "range before": _range_first, "dot leaders": _dots, "low and high columns": _low_high_columns,
    "prior column": _prior_column, "unit in name": _unit_in_name, "keys": _keys,
    "arrows": _arrows, "prose": _prose, "semicolons": _semicolons,
    "stars": _stars,
}  # fmt: skip
NO_RANGE = {"prose"}


def same(value: Value, found: Measurement, *, flags: bool) -> bool:
    """Are name, number, unit (and flag) what was rendered?"""
    number = found.value is not None and abs(found.value - float(value.value)) < 1e-9
    unit = found.unit == (ucum(value.unit) or value.unit) if value.unit else not found.unit
    flag = not flags or found.flag == value.flag
    return preferred(value.name) == found.name and number and unit and flag


def preferred(name: str) -> str:
    """The preferred name of a printed one."""
    match = names().find_at(words_of(name), 0, name)
    return match.payload.name if match and match.payload else name.lower()


@dataclass
class Tally:
    """Right, found and true, for F1."""

    right: int = 0
    found: int = 0
    true: int = 0

    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2 * self.right / max(1, self.found + self.true)


def laboratory(rounds: int = 30, seed: int = 5) -> Iterator[tuple[str, Tally, Tally]]:
    """For each layout: name+value+unit+flag, and flags alone among values found."""
    for layout, render in {**LAYOUTS, **FRESH}.items():
        dice = random.Random(f"{seed}/{layout}")
        whole, flags = Tally(), Tally()
        for _ in range(rounds):
            values = panel(dice, dice.randint(4, 14))
            found = list(build_structure(render(values)).measurements)
            whole.true += len(values)
            whole.found += len(found)
            left = list(found)
            for value in values:
                hit = next((m for m in left if same(value, m, flags=layout not in NO_RANGE)), None)
                if hit is not None:
                    whole.right += 1
                    left.remove(hit)
                near = next((m for m in found if same(value, m, flags=False)), None)
                if near is not None and layout not in NO_RANGE:
                    flags.true += value.flag != "N"
                    flags.found += near.flag in ("H", "L", "HH", "LL", "A")
                    flags.right += value.flag != "N" and near.flag == value.flag
        yield layout, whole, flags


def reports() -> list[dict[str, object]]:
    """The shared real reports."""
    with lzma.open(SHARED / "reports/mtsamples.jsonl.xz", "rt") as file:
        return [json.loads(line) for line in file]


def headings(rows: list[dict[str, object]]) -> Tally:
    """Section headings by offset against those the data set lists."""
    tally = Tally()
    for row in rows:
        text = str(row["transcription"])
        true: list[int] = []
        at = 0
        for section in row["sections"]:  # type: ignore[attr-defined]
            heading = section["heading"]
            if not heading:
                continue
            match = re.compile(r"(?:^|\n)[ \t]*(" + re.escape(heading) + r")[ \t]*:").search(text, at)
            start = match.start(1) if match else text.find(heading, at)
            true.append(start)
            at = start + len(heading) if start >= 0 else at
        found = {section.start for section in find_sections(text)}
        tally.true += len(true)
        tally.found += len(found)
        tally.right += len(found & set(true))
    return tally


def assertions(rows: list[dict[str, object]], labels: Path) -> tuple[int, int, int, Counter[tuple[str, str]]]:
    """Right, labelled, non-findings kept as findings, and what was taken for what."""
    texts = {row["id"]: str(row["transcription"]) for row in rows}
    wrong: Counter[tuple[str, str]] = Counter()
    right = labelled = kept = 0
    structures: dict[str, object] = {}
    for line in labels.read_text().splitlines():
        label = json.loads(line)
        text = texts[label["report_id"]]
        sentence = text[label["sentence_start"] : label["sentence_end"]]
        if hashlib.sha256(sentence.encode()).hexdigest() != label["sentence_sha256"]:
            raise SystemExit("the shared reports are not the ones that were labelled")
        structure = structures.setdefault(label["report_id"], build_structure(text))
        found = [f for f in structure.findings if f.start < label["end"] and label["start"] < f.end]  # type: ignore[attr-defined]
        told = found[0].assertion if found else "missed"
        if label["assertion"] == "not_a_finding":
            kept += bool(found)
            continue
        labelled += 1
        right += told == label["assertion"]
        if told != label["assertion"]:
            wrong[label["assertion"], told] += 1
    return right, labelled, kept, wrong


def main() -> None:
    """Print the tables."""
    print(f"structure on {platform.processor() or platform.machine()}, Python {platform.python_version()}\n")
    print(f"{'laboratory layout':<24}{'F1 name+value+unit+flag':>26}{'F1 flags':>12}")
    whole, flags = Tally(), Tally()
    for layout, part, part_flags in laboratory():
        shown = "-" if layout in NO_RANGE else f"{part_flags.f1():.4f}"
        print(f"{layout:<24}{part.f1():>26.4f}{shown:>12}")
        for total, more in ((whole, part), (flags, part_flags)):
            total.right, total.found, total.true = (
                total.right + more.right,
                total.found + more.found,
                total.true + more.true,
            )
    print(f"{'all':<24}{whole.f1():>26.4f}{flags.f1():>12.4f}\n")
    if not (SHARED / "reports/mtsamples.jsonl.xz").exists():
        print("real reports: skipped, shared data is not beside the project")
        return
    rows = reports()
    print(f"headings on {len(rows)} real reports: F1 {headings(rows).f1():.4f}")
    for labels in LABELS:
        right, labelled, kept, wrong = assertions(rows, labels)
        share = right / labelled
        print(f"{labels.stem}: {share:.4f} of {labelled} hand-read spans right; non-findings kept: {kept}")
        for (label, told), count in wrong.most_common():
            print(f"    {label} taken for {told}: {count}")
    started = time.process_time()
    characters = 0
    for row in rows[:200]:
        build_structure(str(row["transcription"]))
        characters += len(str(row["transcription"]))
    cost = (time.process_time() - started) / characters * 3000 * 1000
    print(f"time: {cost:.1f} ms of processor time for 3,000 characters")


if __name__ == "__main__":
    main()
