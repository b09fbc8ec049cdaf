"""Measures how often a doubted stretch is an identifier, and writes ``clinical/deidentify/risk.toml``.

    python -m bench.deid_calibrate

On the injected reports and the made-up cases that rules were tuned on; never on the held half.
How often an unknown layout leaks is measured on the sets of odd layouts whose misses were read.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence

from bench.deid_random import random_rows
from bench.deidentify import fresh, injected, made_up
from clinical.deidentify.deidentifier import THRESHOLD, Deidentifier, is_nameless
from clinical.deidentify.risk import FILE, STEPS, step

LABELS = ("NAME", "DATE", "ID", "LOCATION", "PHONE", "EMAIL", "AGE")


def smoothed(right: Sequence[int], seen: Sequence[int]) -> list[float]:
    """Returns the chance by step, drawn towards that of all steps and never falling as the score rises."""
    pooled = (sum(right) + 0.5) / (sum(seen) + 50)
    chances = [(r + 10 * pooled) / (n + 10) for r, n in zip(right, seen, strict=True)]
    return [max(chances[: i + 1]) for i in range(len(chances))]


def layouts(deidentifier: Deidentifier) -> tuple[int, int]:
    """Counts, on the sets of odd layouts, the reports whose layout is not understood, and those of them that leak."""
    shown = leaking = 0
    for row in [*fresh("fresh", 150), *fresh("confirm", 150), *random_rows("open", 165)]:
        taken, _ = deidentifier.weigh(row.text)
        if is_nameless(row.text, taken):
            shown += 1
            leaking += any(not any(t.start <= s and e <= t.end for t in taken) for s, e, _ in row.spans)
    return shown, leaking


def main() -> None:
    """Counts and writes."""
    deidentifier = Deidentifier()
    rows = [*injected(None), *made_up("tune", 300), *made_up("second", 300)]
    right: dict[str, list[int]] = defaultdict(lambda: [0] * STEPS)
    seen: dict[str, list[int]] = defaultdict(lambda: [0] * STEPS)
    unseen: Counter[str] = Counter()
    for row in rows:
        taken, doubted = deidentifier.weigh(row.text)
        for label in LABELS:
            gold = [(s, e) for s, e, g in row.spans if g == label]
            left = [g for g in gold if not any(t.start <= g[0] and g[1] <= t.end for t in taken)]
            doubtful = [d for d in doubted if d.label == label]
            missed = [g for g in left if not any(d.start < g[1] and g[0] < d.end for d in doubted)]
            unseen[label] += bool(missed)
            for item in doubtful:
                seen[label][step(item.score, THRESHOLD)] += 1
                right[label][step(item.score, THRESHOLD)] += any(
                    item.start < e and s < item.end for s, e in left
                )
    shown, leaking = layouts(deidentifier)
    print("reports with a number and no named header", shown, "of them leaking", leaking)
    lines = [
        "# Measured by bench/deid_calibrate.py. unseen: chance that a report holds one that no layer saw.",
        "# doubted: chance that a stretch below the threshold is an identifier, by step of its score.",
        "",
        "[unseen]",
        *(f"{label} = {(unseen[label] + 0.5) / (len(rows) + 1):.4f}" for label in LABELS),
        "",
        "[doubted]",
    ]
    for label in LABELS:
        rising = smoothed(right[label], seen[label])
        lines.append(f"{label} = [{', '.join(f'{c:.4f}' for c in rising)}]")
        print(label, list(zip(right[label], seen[label], strict=True)), unseen[label])
    lines += [
        "",
        "# nameless: chance that a report leaks which holds a record number but no header that names someone.",
        "[layout]",
        f"nameless = {(leaking + 0.5) / (shown + 1):.4f}",
    ]
    FILE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
