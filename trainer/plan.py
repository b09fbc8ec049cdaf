"""Before anything starts: what fits this machine, how long it takes, what it costs in disk, and what will not go.

Pure reckoning from a machine, a model and an amount of data. A training passes every token forward and back through
the frozen weights: about four operations for each weight and token (Kaplan et al. 2020, table 1, less the weights'
own gradients), six with checkpointing. The speed of the machine is measured, not looked up: a second of matrix
products on a CPU, its stated peak times a measured share on a GPU.
"""

import math
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from trainer.catalog import Method, Model
from trainer.gate import default_rule
from trainer.llamacpp import QUANTIZATIONS, Quantization
from trainer.recipe import Recipe

GPU_SHARE = 0.35
"""Of a GPU's 16-bit peak: assumed, not yet measured."""
CPU_SHARE = 0.55
"""Of the measured speed of large matrix products: assumed for a training step on a CPU."""
RESERVE = 0.92
"""Of a memory that may be planned with."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What a training may use. Memory in bytes; speed in operations a second."""

    gpus: int
    gpu_bytes: float
    gpu_speed: float
    ram_bytes: float
    disk_bytes: float
    cores: int
    cpu_speed: float
    gpu_name: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a training would go.

    Attributes:
        fits: can it be done here at all?
        reasons: what does not fit, each with what would help.
        method, recipe, quantization: as they would be run.
        memory_bytes, disk_bytes: needed at the height.
        seconds: of fine-tuning; export_seconds: of merging, converting and quantizing.
        notes: what to know.
    """

    model: Model
    fits: bool
    reasons: tuple[str, ...]
    method: Method
    recipe: Recipe
    quantization: Quantization
    memory_bytes: float
    disk_bytes: float
    seconds: float
    export_seconds: float
    notes: tuple[str, ...] = ()


def plan(
    model: Model,
    machine: Machine,
    *,
    tokens: int,
    recipe: Recipe | None = None,
    quantization: Quantization | None = None,
) -> Plan:
    """The plan for one model.

    Args:
        tokens: of all training rows, computed once (`trainer.batches` tells).
        recipe: what is wished; method and row length are lowered until they fit.
        quantization: what is wished; by default the finest that the machine can serve.
    """
    wished = recipe or Recipe()
    on_gpu = machine.gpus > 0
    memory = (machine.gpu_bytes * machine.gpus if on_gpu else machine.ram_bytes) * RESERVE
    reasons: list[str] = []
    notes: list[str] = []
    tried = _attempts(wished, on_gpu)
    chosen = next((r for r in tried if model.training_bytes(r.method, r, gpu=on_gpu) <= memory), None)
    if chosen is None:
        chosen = tried[-1]
        needed = model.training_bytes(chosen.method, chosen, gpu=on_gpu)
        place = "GPU memory" if on_gpu else "memory"
        reasons.append(
            f"training needs {gigabytes(needed)} of {place}, {gigabytes(memory)} may be used: "
            "take a smaller model or a machine with more"
        )
    elif chosen.method != wished.method:
        notes.append("LoRA does not fit: QLoRA on weights of four bits.")
    if chosen.rank < wished.rank:
        notes.append(f"Rank {chosen.rank} instead of {wished.rank}.")
    if chosen.row_tokens < wished.row_tokens:
        notes.append(f"Rows of {chosen.row_tokens} tokens; longer examples are left out and counted.")
    served = quantization or _finest(model, machine.gpu_bytes * machine.gpus or machine.ram_bytes)
    if served is None and on_gpu:
        served = _finest(model, machine.ram_bytes)
        notes.append("The model and its cache are served partly from main memory, which is slow.")
    if served is None:
        served = "Q4_K_M"
        reasons.append(
            f"even Q4_K_M is {gigabytes(model.gguf_bytes(served))}, more than this machine can serve"
        )
    disk = model.merge_disk_bytes(served)
    if disk > machine.disk_bytes * RESERVE:
        reasons.append(f"export needs {gigabytes(disk)} of disk, {gigabytes(machine.disk_bytes)} are free")
    if not on_gpu and model.computed > 3:
        notes.append("Without a GPU this model takes days to train.")
    return Plan(
        model=model,
        fits=not reasons,
        reasons=tuple(reasons),
        method=chosen.method,
        recipe=chosen,
        quantization=served,
        memory_bytes=model.training_bytes(chosen.method, chosen, gpu=on_gpu),
        disk_bytes=disk,
        seconds=training_seconds(model, machine, chosen, tokens),
        export_seconds=10 + model.parameters * 12,
        notes=tuple(notes),
    )


def training_seconds(model: Model, machine: Machine, recipe: Recipe, tokens: int) -> float:
    """Time of fine-tuning on ``tokens`` for the recipe's epochs."""
    share = (recipe.top_layers or model.layers) / model.layers
    passes = 2 + 2 * share + (2 if recipe.gradient_checkpointing else 0)
    slower = 1.35 if recipe.method == "qlora" else 1.0
    work = passes * model.computed * 1e9 * tokens * recipe.epochs * slower
    speed = machine.gpu_speed * machine.gpus * GPU_SHARE if machine.gpus else machine.cpu_speed * CPU_SHARE
    seconds = work / max(1.0, speed)
    return min(seconds, recipe.max_minutes * 60) if recipe.max_minutes else seconds


@dataclass(frozen=True, slots=True)
class Curve:
    """One task's quality of a base that has seen so many reports, beside extract mode's on the same questions.

    Attributes:
        held_out: reports that were asked about.
        reports: seen in training, for each point.
        model: agreement of the drafts with the physician's words (ROUGE-L, 0 to 1); ``half``: half the width of
            its 95% interval.
        unsupported: share of the drafts' sentences that the report does not bear out.
        extract: agreement of extract mode.
    """

    base: str
    held_out: int
    task: str
    reports: tuple[int, ...]
    model: tuple[float, ...]
    half: tuple[float, ...]
    unsupported: tuple[float, ...]
    extract: float

    @property
    def better_from(self) -> int | None:
        """Reports from which on the model was better than extract mode beyond chance; None if it never was."""
        points = zip(self.reports, self.model, self.half, strict=True)
        return next((seen for seen, value, half in points if value - half > self.extract), None)

    def told(self) -> str:
        """The curve in words, and from where on the model was better beyond chance."""
        steps = ", ".join(
            f"{value:.2f} / {loose:.2f} after {seen}"
            for seen, value, loose in zip(self.reports, self.model, self.unsupported, strict=True)
        )
        first = self.better_from
        verdict = (
            f"better beyond chance from {first} reports on" if first else "not better beyond chance so far"
        )
        return f"{self.task}: {steps} reports; extract mode {self.extract:.2f}; {verdict}"


@cache
def curves() -> tuple[Curve, ...]:
    """What was measured; see curve.toml."""
    with Path(__file__).with_name("curve.toml").open("rb") as file:
        read = tomllib.load(file)
    return tuple(
        Curve(
            read["base"],
            read["held_out"],
            task["name"],
            tuple(read["reports"]),
            tuple(task["model"]),
            tuple(task["half"]),
            tuple(task["unsupported"]),
            task["extract"],
        )
        for task in read["task"]
    )


def reports_needed(signed: int) -> str:
    """What a practice with so many signed reports is told: what the gate asks for, and what was measured so far."""
    wanted = 10 * default_rule().min_patients
    if signed < wanted:
        first = (
            f"{signed} signed reports: the gate asks for {default_rule().min_patients} held-out patients, one in ten "
            f"is held out, so reports of about {wanted} patients are needed before a model can be promoted."
        )
    else:
        first = (
            f"{signed} signed reports: enough for the gate if they are of about {wanted} patients or more."
        )
    told = curves()
    measured = (
        f"Measured with {told[0].base} on {told[0].held_out} held-out real reports (agreement of its drafts with the "
        "physician's words, ROUGE-L / share of sentences that the report does not bear out, before any is withheld):"
    )
    lines = [first, measured, *(f"  {curve.told()}" for curve in told)]
    if not any(curve.better_from for curve in told):
        lines.append(
            f"So up to {max(told[0].reports)} reports no model of this base was better than extract mode: expect one "
            "to earn these from more reports, or of a larger base (`resident models` shows what fits)."
        )
    return "\n".join(lines)


def fitting(models: Sequence[Model], machine: Machine, tokens: int = 250_000) -> list[Plan]:
    """A plan for every model that follows instructions, those that fit first, the largest of them first."""
    plans = [plan(model, machine, tokens=tokens) for model in models if model.kind != "base"]
    return sorted(plans, key=lambda p: (not p.fits, -p.model.parameters if p.fits else p.model.parameters))


def gigabytes(count: float) -> str:
    """As people say it."""
    return f"{count / 1e9:.1f} GB"


def _attempts(wished: Recipe, on_gpu: bool) -> list[Recipe]:
    """From what is wished to what takes least."""
    lengths = [wished.row_tokens, *(n for n in (2048, 1024, 768, 512) if n < wished.row_tokens)]
    methods: list[Method] = [wished.method] if wished.method == "qlora" else ["lora", "qlora"]
    return [
        replace(
            wished,
            method=method,
            row_tokens=length,
            max_length=min(wished.max_length, length),
            gradient_checkpointing=on_gpu,
        )
        for method in methods
        for length in lengths
    ] + [
        replace(
            wished,
            method="qlora",
            rank=max(4, wished.rank // 2),
            row_tokens=min(512, lengths[-1]),
            max_length=min(512, wished.max_length),
            gradient_checkpointing=on_gpu,
        )
    ]


def _finest(model: Model, memory: float) -> Quantization | None:
    """The finest quantization that fits a memory together with a cache for four long reports."""
    memory *= RESERVE
    kept = model.cache_bytes(4 * min(4096, model.context)) + 1e9
    order: list[Quantization] = [q for q in reversed(QUANTIZATIONS) if q not in ("F16", "BF16")]
    return next((q for q in order if model.gguf_bytes(q) + kept <= memory), None)


def rows_of(tokens: int, row_tokens: int) -> int:
    """Rows that so many tokens fill."""
    return max(1, math.ceil(tokens / row_tokens))
