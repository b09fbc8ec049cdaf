"""Fixtures of the trainer's tests: a tiny base, an invented practice's reports, the embedded base."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

# Before torch comes: its threads must not spin on cores that tests share.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "0")

from clinical.answers.report import report_from_text
from clinical.report import Report
from tests.trainer.tiny import tiny_llama
from trainer.basemodel import BaseModel, embedded_base
from trainer.example import Example


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The whole family matrix takes long: it runs where it is asked for."""
    if "family" not in str(config.getoption("markexpr")):
        for item in items:
            if "family" in item.keywords and item.get_closest_marker("family"):
                item.add_marker(pytest.mark.skip(reason="asked for with -m family"))


SECRET = b"a key for tests, thirty-two byte"


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> BaseModel:
    return tiny_llama(tmp_path_factory.mktemp("tiny") / "base")


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> BaseModel:
    return embedded_base(tmp_path_factory.mktemp("embedded"))


def radiograph(number: int, *, day: int = 1, patient: str | None = None) -> Report:
    """A signed chest radiograph that differs from every other number's."""
    rate = 60 + number % 40
    words = ("apical", "basal", "hilar", "lingular", "perihilar", "retrocardiac", "peripheral")
    place = f"{words[number % 7]} {words[(number // 7) % 7]} {words[(number // 49) % 7]}"
    text = (
        "INDICATION: Cough and shortness of breath for several days.\n\n"
        f"FINDINGS: A {number % 9 + 2} mm {place} nodule, image {number}. Heart rate was {rate} bpm. "
        "The heart is enlarged. No pleural effusion.\n\n"
        f"IMPRESSION: Cardiomegaly. Pulmonary nodule, {place}, follow-up advised."
    )
    made = report_from_text(text, f"r{number}-{day}")
    return Report(
        id=made.id,
        text=text,
        structure=made.structure,
        patient_id=patient or f"p{number}",
        report_type="chest x-ray",
        observed_at=f"2024-03-{day:02d}",
        author="a1",
    )


@pytest.fixture(scope="session")
def reports() -> Sequence[Report]:
    return tuple(radiograph(number) for number in range(60))


@pytest.fixture(scope="session")
def examples(reports: Sequence[Report]) -> Sequence[Example]:
    from trainer.pairs import build_pairs

    return tuple(build_pairs(reports))


def folder_bytes(folder: Path) -> bytes:
    """All bytes of all files below a folder."""
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())
