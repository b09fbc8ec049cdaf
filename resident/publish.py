"""What a training made becomes a release: its files, lineage, scores and card, published with the manifest last."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clinical.prompts import prompt_hash
from practice.releases import Lineage, Release, Releases
from trainer.dataset import Dataset
from trainer.export import Exported
from trainer.finetune import Adapter
from trainer.gate import Decision
from trainer.memory import Memory
from trainer.page import evaluation_page
from trainer.pairs import Correction
from trainer.scores import Scores


@dataclass(frozen=True, slots=True)
class Material:
    """What a training starts from: the frozen dataset, where it came from, and what physicians made of drafts."""

    dataset: Dataset = field(repr=False)
    feedback: tuple[str, ...]
    left_out: dict[str, int]
    corrections: tuple[Correction, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Made:
    """All that a training made and all that was measured of it."""

    material: Material
    adapter: Adapter
    exported: Exported
    scores: tuple[Scores, ...] = field(repr=False)
    decision: Decision
    memory: Memory


def publish(releases: Releases, folder: Path, made: Made, context: int) -> Release:
    """The release, promoted or held by what the gate said.

    Args:
        folder: of the release in the making; the GGUF is in it.
        context: tokens that the engine will hold, for the Modelfile.

    Raises:
        HomeError: the disk is full; no release exists and the one that answers is untouched.
    """
    adapter, exported, decision, dataset = made.adapter, made.exported, made.decision, made.material.dataset
    shutil.copytree(adapter.path, folder / "adapter", dirs_exist_ok=True)
    files = [
        str(path.relative_to(folder)) for path in sorted((folder / "adapter").rglob("*")) if path.is_file()
    ]
    reports = sorted({report.id for example in dataset.train for report in example.reports})
    held_out = sorted({r.id for example in (*dataset.test, *dataset.validation) for r in example.reports})
    lineage = Lineage(
        tuple(reports),
        made.material.feedback,
        {
            "recipe": adapter.recipe.record(),
            "dataset": dataset.sha256,
            "base_sha256": adapter.base.sha256,
            "context": context,
            "figures": dict(adapter.figures),
        },
    )
    measured: dict[str, Any] = {
        "speakers": [each.record() for each in made.scores],
        "memory": made.memory.record(),
        "export": exported.record(),
        "losses": [list(pair) for pair in adapter.losses],
        "held_out": held_out,
        "left_out": made.material.left_out | dict(dataset.dropped),
    }
    card = folder / "CARD.md"
    card.write_text(model_card(made, len(reports)), "utf-8")
    page = folder / "evaluation.html"
    page.write_text(
        evaluation_page(
            folder.name,
            measured["speakers"],
            decision.record(),
            losses=adapter.losses,
            parity=exported.parity.record(),
            memory=made.memory.record(),
        ),
        "utf-8",
    )
    return releases.publish(
        folder,
        gguf=exported.gguf.name,
        base=adapter.base.name,
        quantization=exported.quantization,
        scores=measured,
        earned=decision.earned,
        lineage=lineage,
        prompt_hash=prompt_hash(),
        decision=decision.record(),
        files=[*files, card.name, page.name],
        held=None if decision.promote else decision.reason,
    )


def model_card(made: Made, reports: int) -> str:
    """The release's card: what it is, what it was measured to do, and what it is not for."""
    base, exported = made.adapter.base, made.exported
    demonstration = (
        "The base is a small model for demonstration. Not for clinical use.\n\n" if base.embedded else ""
    )
    parity = f"{exported.parity.mean_difference:.4f} nats from the trained model on average"
    lines = [
        f"# A practice's model on {base.name}",
        "",
        f"{demonstration}Trained from the base on {reports} signed, de-identified reports of one practice. It may "
        "hold traces of them: treat it as patient data. It answers only the tasks that it earned, each sentence "
        "checked against its report; every other task is answered without it.",
        "",
        f"- decision: {made.decision.reason}",
        f"- file: {exported.quantization}, {parity}",
        "",
        "| speaker | task | quality | draft ROUGE-L | draft value F1 | draft unsupported |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for each in made.scores:
        for task in each.tasks():
            cells = [_cell(each.of(task), metric) for metric in SHOWN]
            lines.append(f"| {each.speaker} | {task} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


SHOWN = ("quality", "draft_rougeL", "draft_value_f1", "draft_unsupported")


def _cell(part: Scores, metric: str) -> str:
    value = part.value(metric)
    return "–" if value is None else f"{value:.3f}"
