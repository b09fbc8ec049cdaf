"""What may train tonight: pairs from all signed reports and confirmed corrections, swept once more, split, frozen."""

import time
from collections import defaultdict
from collections.abc import Sequence

from mcp_tools.known import Sweeping
from practice.feedback import FeedbackBook
from practice.releases import Releases
from resident.parts import make_deidentifier, make_roster
from resident.publish import Material
from resident.setup import Practice
from trainer.dataset import freeze
from trainer.example import Example
from trainer.grounding import Grounding
from trainer.pairs import Correction, pair_up


def new_material(practice: Practice) -> int:
    """Signed reports and confirmed corrections that no release has seen."""
    seen_reports: set[str] = set()
    seen_feedback: set[str] = set()
    for release in Releases(practice.home).list():
        seen_reports |= set(release.lineage.reports)
        seen_feedback |= set(release.lineage.feedback)
        seen_reports |= set(release.scores.get("held_out", ()))
    reports = sum(row.id not in seen_reports for row in practice.store.reports(trainable=True))
    return reports + sum(item.id not in seen_feedback for item in FeedbackBook(practice.store).confirmed())


def gather(practice: Practice, *, keep: bool = True) -> Material:
    """Pairs from all that may train, swept a second time, split and frozen.

    Args:
        keep: write the frozen list into the home.
    """
    store = practice.store
    reports = [store.report(row.id) for row in store.reports(trainable=True)]
    confirmed = [item for item in FeedbackBook(store).confirmed() if item.verdict == "edited"]
    corrections = [
        Correction((store.report(item.report_id),), item.tool, item.draft, item.final or "")  # type: ignore[arg-type]
        for item in confirmed
        if item.tool in ("summarize", "diagnose", "anomalies")
    ]
    pairs = pair_up(reports, corrections)
    sweeping = Sweeping(make_deidentifier(practice.settings), store, make_roster(practice.settings))
    drafts = tuple(c for c in corrections if not sweeping(c.draft))
    examples, swept = sweep(sweeping, pairs.examples)
    joined = {
        patient: store.patient_aliases(patient)
        for patient in {e.patient for e in examples}
        if patient.startswith("p-")
    }
    folder = practice.home.datasets / time.strftime("%Y%m%d-%H%M%S") if keep else None
    dataset = freeze(examples, practice.keys.split, folder, joined=joined, for_training=Grounding())
    return Material(dataset, tuple(item.id for item in confirmed), {**pairs.left_out, **swept}, drafts)


def sweep(sweeping: Sweeping, examples: Sequence[Example]) -> tuple[list[Example], dict[str, int]]:
    """Pairs in which the second sweep still finds an identifier are stopped and counted."""
    texts: dict[str, list[str]] = defaultdict(list)
    for example in examples:
        texts[_about(example)] += [
            *(r.text for r in example.reports),
            example.reference,
            example.question or "",
        ]
    # What several pairs share is swept once; the parts stand apart, so that none completes another.
    hit = {about: bool(sweeping("\n\n".join(dict.fromkeys(parts)))) for about, parts in texts.items()}
    clean = [example for example in examples if not hit[_about(example)]]
    stopped = len(examples) - len(clean)
    return clean, {"stopped by the second sweep": stopped} if stopped else {}


def _about(example: Example) -> str:
    return "+".join(report.id for report in example.reports)
