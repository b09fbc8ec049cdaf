"""The plan says beforehand what fits; its reckoning agrees with what is known of the models."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from clinical.errors import BaseError
from trainer.basemodel import BaseModel, load_model
from trainer.catalog import advise, catalog, find
from trainer.machine import cpu_speed, look
from trainer.plan import Curve, Machine, curves, fitting, plan, reports_needed, training_seconds
from trainer.recipe import Recipe

LAPTOP = Machine(0, 0, 0, 16e9, 200e9, 8, 300e9)
BIG_GPU = Machine(1, 48e9, 300e12, 128e9, 900e9, 16, 900e9, "48 GB")
NODE = Machine(4, 80e9, 900e12, 900e9, 4e12, 64, 2e12, "80 GB")


def test_every_family_the_owner_named_is_in_the_catalog() -> None:
    names = " ".join(model.name for model in catalog())
    for wanted in (
        "Mistral-7B",
        "Mixtral",
        "Llama-2-70b",
        "zephyr",
        "gemma",
        "medgemma",
        "Qwen1.5-72B",
        "Qwen3",
    ):
        assert wanted in names


@pytest.mark.parametrize("model", [m for m in catalog() if not m.active], ids=lambda m: m.title)
def test_parameters_follow_from_the_shape(model: object) -> None:
    attention = 2 * model.hidden * model.head_dim * (model.heads + model.kv_heads)  # type: ignore[attr-defined]
    layers = model.layers * (attention + 3 * model.hidden * model.intermediate)  # type: ignore[attr-defined]
    embedding = model.vocabulary * model.hidden  # type: ignore[attr-defined]
    counted = model.parameters * 1e9  # type: ignore[attr-defined]
    assert layers + embedding < counted * 1.03
    assert layers + 2 * embedding > counted * 0.93


def test_seventy_billion_fit_48_gb_by_qlora_and_not_by_lora() -> None:
    model = find("meta-llama/Llama-3.3-70B-Instruct")
    assert model is not None
    made = plan(model, BIG_GPU, tokens=1_000_000)
    assert made.fits and made.method == "qlora", made.reasons
    assert made.memory_bytes < 48e9
    assert plan(model, NODE, tokens=1_000_000).method == "lora"


def test_a_mixtures_experts_are_reckoned_whole_by_qlora_too() -> None:
    model = find("mistralai/Mixtral-8x7B-Instruct-v0.1")
    assert model is not None
    assert model.training_bytes("qlora", Recipe()) > 0.9 * model.parameters * 2e9
    assert not plan(model, BIG_GPU, tokens=100_000).fits
    dense = find("meta-llama/Llama-3.1-8B-Instruct")
    assert dense is not None
    assert dense.training_bytes("qlora", Recipe()) < 0.5 * dense.training_bytes("lora", Recipe())


def test_what_does_not_fit_is_said_before_anything_starts() -> None:
    model = find("Qwen/Qwen2.5-72B-Instruct")
    assert model is not None
    made = plan(model, LAPTOP, tokens=1_000_000)
    assert not made.fits
    assert any("memory" in reason for reason in made.reasons)
    small_disk = plan(model, replace(NODE, disk_bytes=50e9), tokens=1_000_000)
    assert any("disk" in reason for reason in small_disk.reasons)


def test_a_laptop_gets_the_demonstration_and_is_told_what_else_it_may_serve() -> None:
    plans = fitting(catalog(), LAPTOP)
    assert plans[0].fits
    assert any(made.model.name == "embedded" and made.fits for made in plans)
    assert all(made.model.kind != "base" for made in plans)


def test_a_base_model_is_refused_and_an_unknown_one_warned_of() -> None:
    with pytest.raises(BaseError, match="no instruct model"):
        advise("mistralai/Mistral-7B-v0.3")
    model, warning = advise("somebody/something")
    assert model is None and warning is not None and "not in the catalog" in warning


def test_a_local_folder_is_read_from_its_configuration(tiny_base: BaseModel) -> None:
    model = find(str(tiny_base.path))
    assert model is not None
    real = sum(p.numel() for p in load_model(tiny_base).parameters())
    assert model.parameters * 1e9 == pytest.approx(real, rel=0.02)


def test_training_fewer_layers_takes_less_time() -> None:
    model = find("embedded")
    assert model is not None
    whole = training_seconds(model, LAPTOP, Recipe(), 250_000)
    top = training_seconds(model, LAPTOP, Recipe(top_layers=10), 250_000)
    assert 0.5 * whole < top < 0.75 * whole


def test_the_machine_is_measured(tmp_path: Path) -> None:
    machine = look(tmp_path, seconds=0.05)
    assert machine.ram_bytes > 1e8 and machine.disk_bytes > 0 and machine.cores >= 1
    assert machine.gpus == (torch.cuda.device_count() if torch.cuda.is_available() else 0)
    assert cpu_speed(0.05) > 1e8


@pytest.mark.parametrize(
    ("signed", "word"), [(10, "about 80 patients are needed"), (2000, "enough for the gate")]
)
def test_a_practice_is_told_what_the_gate_asks_for(signed: int, word: str) -> None:
    assert word in reports_needed(signed)


def test_a_practice_is_told_from_how_many_reports_a_model_was_better_than_extract_mode() -> None:
    loose = (0.4, 0.2, 0.1)
    rising = Curve("base", 30, "summary", (0, 100, 400), (0.1, 0.42, 0.5), (0.05, 0.05, 0.05), loose, 0.4)
    assert "better beyond chance from 400 reports on" in rising.told()
    assert "0.42 / 0.20 after 100" in rising.told()
    assert rising.better_from == 400 and replace(rising, extract=0.46).better_from is None
    assert "not better beyond chance so far" in replace(rising, extract=0.46).told()
    assert curves() and all(len(c.reports) == len(c.model) for c in curves())
    assert all(curve.told() in reports_needed(500) for curve in curves())
    earned = any(curve.better_from for curve in curves())
    assert ("a larger base" in reports_needed(500)) is not earned
