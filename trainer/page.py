"""The evaluation as a page that a doctor can read: one HTML file, nothing outside it, no patient text in it.

Made from plain values as a release keeps them, so that the page of an old release can be made at any time.
"""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from trainer.measures import LOWER_IS_BETTER
from trainer.rating import ASKED

Record = Mapping[str, Any]

COLUMNS: Mapping[str, tuple[str, str]] = {
    "quality": ("quality", "agreement with the physician's words and numbers, 0 to 1"),
    "value_f1": ("values right", "numbers with the right unit, F1"),
    "label_f1": ("diagnoses right", "F1 of diagnosis labels"),
    "label_exact": ("all diagnoses", "answers that name just the physician's diagnoses"),
    "omitted": ("omitted", "abnormal findings of the physician's conclusion that are left out"),
    "contradicted": ("contradicted", "sentences that the report contradicts"),
    "unsupported": ("unsupported", "sentences that the report does not support"),
    "ragas_faithfulness": (
        "judged faithful",
        "statements that the judging model finds in the report (ragas)",
    ),
    "judge_failed": ("judge failed", "answers that the judging model gave no verdict on"),
    "withheld": ("withheld", "sentences that the evidence check kept back"),
}
WORDS: Mapping[str, tuple[str, str]] = {
    "rouge1": ("ROUGE-1", "words in common with what the physician wrote"),
    "rouge2": ("ROUGE-2", "pairs of words in common"),
    "rougeL": ("ROUGE-L", "longest common run of words"),
    "bleu": ("BLEU", "runs of one to four words in common"),
    "ragas_chrf": ("chrF", "runs of letters in common (ragas)"),
    "ragas_similarity": ("edits", "likeness by edits (ragas)"),
    "words": ("words", "length of the answer"),
}
DRAFT: Mapping[str, tuple[str, str]] = {
    "draft_rougeL": ("ROUGE-L", "longest common run of words with what the physician wrote"),
    "draft_value_f1": ("values right", "numbers with the right unit, F1"),
    "draft_words": ("words", "length of the draft"),
    "draft_wrong_numbers": ("invented numbers", "numbers that neither report nor reference holds"),
    "draft_unsupported": ("unsupported", "sentences that the report does not support"),
    "valid": ("valid form", "replies that meet their schema"),
    "loops": ("loops", "replies that run in circles"),
    "perplexity": ("perplexity", "how surprised the model is by what the physician wrote"),
}
NAMES = {
    "extract": "extract mode",
    "first line": "first line",
    "base": "untuned base",
    "challenger": "this model",
}
FEW = 3
"""A report type of fewer patients says nothing by itself."""
_COLORS = {
    "extract": "#8a8f98",
    "first line": "#c9ccd1",
    "base": "#d49a3a",
    "champion": "#4c78b5",
    "challenger": "#2a7d4f",
}


@dataclass(frozen=True, slots=True)
class _Chart:
    alt: str
    png: str


@dataclass(frozen=True, slots=True)
class _Group:
    """Tables under one heading; ``folded`` ones open on a click."""

    title: str
    note: str
    tables: Sequence[dict[str, Any]]
    folded: bool = False


def evaluation_page(
    title: str,
    speakers: Sequence[Record],
    decision: Record,
    *,
    losses: Sequence[tuple[float, float]] = (),
    parity: Record | None = None,
    memory: Record | None = None,
    ratings: Sequence[Record] = (),
) -> str:
    """The page as one HTML text.

    Args:
        title: such as the release's id.
        speakers: records of `trainer.scores.Scores`.
        decision: record of `trainer.gate.Decision`.
        losses: (step, training loss).
        parity, memory: records of the release.
        ratings: records of what physicians said in a blinded rating (`trainer.rating.scores`).
    """
    template = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
    ).get_template("page.html")
    whole = speakers[0]["scores"]["all"]
    tasks = [name for name in speakers[0]["scores"] if name != "all" and " / " not in name]
    groups = [_Group("What a physician gets", "", [_table(task, speakers, task, COLUMNS) for task in tasks])]
    if ratings:
        note = "One to five, five is best; the physicians did not know who had answered."
        groups.append(_Group("What physicians said", note, [_table("all tasks", ratings, "all", ASKED)]))
    drafted = [speaker for speaker in speakers if "valid" in speaker["scores"]["all"]]
    if drafted:
        note = "What a model says before the evidence check; what is unsupported is never shown."
        groups.append(_Group("Drafts", note, [_table("all tasks", drafted, "all", DRAFT)]))
    note = "Agreement of the answers' wording with the physician's; two true sentences may share few words."
    groups.append(_Group("Wording", note, [_table(task, speakers, task, WORDS) for task in tasks], True))
    note = f"Types of fewer than {FEW} patients are left out."
    groups.append(_Group("Quality by report type", note, [_by_type(speakers, task) for task in tasks], True))
    charts = [_quality_chart(speakers, tasks)]
    if losses:
        charts.append(_loss_chart(losses))
    return template.render(
        title=title,
        answers=whole["answers"],
        patients=whole["patients"],
        decision=decision,
        charts=charts,
        groups=[group for group in (_shown(group) for group in groups) if group.tables],
        reason=str(decision["reason"]).removeprefix("Promoted: ").removeprefix("Held: "),
        facts=_facts(parity, memory),
    )


def _shown(group: _Group) -> _Group:
    return replace(group, tables=[table for table in group.tables if table["rows"]])


def _table(
    first: str, speakers: Sequence[Record], part: str, columns: Mapping[str, tuple[str, str]]
) -> dict[str, Any]:
    shown = {m: c for m, c in columns.items() if any(m in s["scores"].get(part, {}) for s in speakers)}
    rows = []
    for speaker in speakers:
        scores = speaker["scores"].get(part)
        if scores:
            cells = [_cell(scores.get(metric), _best(speakers, part, metric)) for metric in shown]
            rows.append({"label": NAMES.get(speaker["speaker"], speaker["speaker"]), "cells": cells})
    return {"first": first, "columns": _heads(shown), "rows": rows}


def _by_type(speakers: Sequence[Record], task: str) -> dict[str, Any]:
    kinds = [
        name
        for name, part in speakers[0]["scores"].items()
        if name.startswith(f"{task} / ") and part["patients"] >= FEW
    ]
    rows = []
    for kind in kinds:
        cells = [
            _cell(s["scores"].get(kind, {}).get("quality"), _best(speakers, kind, "quality"))
            for s in speakers
        ]
        patients = speakers[0]["scores"][kind]["patients"]
        rows.append({"label": f"{kind.split(' / ')[1]} ({patients} patients)", "cells": cells})
    columns = {str(s["speaker"]): (NAMES.get(s["speaker"], str(s["speaker"])), "quality") for s in speakers}
    return {"first": task, "columns": _heads(columns), "rows": rows}


def _heads(columns: Mapping[str, tuple[str, str]]) -> list[dict[str, str]]:
    return [{"label": label, "help": text} for label, text in columns.values()]


def _cell(found: Sequence[float] | None, best: float | None) -> dict[str, Any]:
    if found is None:
        return {"value": "–", "range": "", "best": False}
    value, low, high = found
    return {"value": f"{value:.2f}", "range": f"{low:.2f}–{high:.2f}", "best": value == best}


def _best(speakers: Sequence[Record], part: str, metric: str) -> float | None:
    values = [s["scores"][part][metric][0] for s in speakers if metric in s["scores"].get(part, {})]
    if len(set(values)) < 2:
        return None
    lower = metric.removeprefix("draft_") in LOWER_IS_BETTER
    return float(min(values) if lower else max(values))


def _facts(parity: Record | None, memory: Record | None) -> list[str]:
    facts = []
    if parity is not None:
        facts.append(
            f"Served file against the trained model: the same likeliest word at {parity['same_first']:.1%} of "
            f"{parity['places']} places; {parity['tokens_equal']} of {parity['probes']} texts give the same tokens."
        )
    if memory is not None:
        facts.append(
            f"Planted lines that came back: {memory['canaries_found']} of {memory['canaries']}. Texts continued by "
            f"heart: {memory['training_continued']:.1%} of trained ones, {memory['unseen_continued']:.1%} of others."
        )
    return facts


def _quality_chart(speakers: Sequence[Record], tasks: Sequence[str]) -> _Chart:
    figure, axes = _axes(8, 3)
    width = 0.8 / len(speakers)
    for number, speaker in enumerate(speakers):
        places, values, below, above = [], [], [], []
        for place, task in enumerate(tasks):
            found = speaker["scores"].get(task, {}).get("quality")
            if found is not None:
                places.append(place + (number - (len(speakers) - 1) / 2) * width)
                values.append(found[0])
                below.append(max(0.0, found[0] - found[1]))
                above.append(max(0.0, found[2] - found[0]))
        name = speaker["speaker"]
        axes.bar(
            places, values, width * 0.92, label=NAMES.get(name, name), color=_COLORS.get(name, "#7a5ea8")
        )
        axes.errorbar(places, values, (below, above), fmt="none", ecolor="#333", elinewidth=1, capsize=2)
    axes.set_xticks(range(len(tasks)), tasks)
    axes.set_ylabel("quality")
    axes.legend(frameon=False, ncols=len(speakers), loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return _drawn(figure, "Quality by task and speaker, with 95% intervals")


def _loss_chart(losses: Sequence[tuple[float, float]]) -> _Chart:
    figure, axes = _axes(8, 2.2)
    steps, values = [step for step, _ in losses], [loss for _, loss in losses]
    wide = max(1, len(values) // 12)
    means = [
        sum(values[max(0, i - wide) : i + 1]) / len(values[max(0, i - wide) : i + 1])
        for i in range(len(values))
    ]
    axes.plot(steps, values, color="#2a7d4f", linewidth=0.8, alpha=0.3)
    axes.plot(steps, means, color="#2a7d4f", linewidth=1.8)
    axes.set_xlabel("step")
    axes.set_ylabel("training loss")
    axes.set_ylim(bottom=0)
    return _drawn(figure, "Training loss by step")


def _axes(width: float, height: float) -> tuple[Any, Any]:
    from matplotlib.figure import Figure  # slow to import; only the page needs it

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _drawn(figure: Any, alt: str) -> _Chart:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=150)
    return _Chart(alt, base64.b64encode(buffer.getvalue()).decode())
