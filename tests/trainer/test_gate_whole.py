"""Evaluation and gate together: what models say goes through the tools, the measures and the rule.

The models here are functions with known faults, so that what the gate must tell apart is known. The demo and
`bench/gate.py` do the same with models that were really trained.
"""

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from clinical.answers.passages import passages
from clinical.answers.report import report_from_text
from clinical.prompts import Generate, Prompt, target
from synthetic.practice import simulate
from trainer.evaluate import evaluate
from trainer.example import Example
from trainer.gate import Decision, decide
from trainer.memory import Memory
from trainer.pairs import build_pairs
from trainer.scores import Scores

CLEAN = Memory(canaries=4, canaries_found=0, training_continued=0.1, unseen_continued=0.1)


@pytest.fixture(scope="module")
def asked() -> Sequence[Example]:
    """Summaries of a simulated practice."""
    reports = [
        replace(report_from_text(r.text, f"r{r.number}"), patient_id=f"p{r.patient}", report_type=r.kind)
        for r in simulate(3, 150)
        if r.signed
    ]
    return tuple(example for example in build_pairs(reports) if example.task == "summarize")[:40]


def says(examples: Sequence[Example], reply: Callable[[Example, int], str]) -> Generate:
    """A model that gives each prompt the reply that ``reply`` makes of its example and number."""
    known = {str(e.prompt.messages): reply(e, number) for number, e in enumerate(examples)}
    return lambda prompt: known[str(prompt.messages)]


def nothing(prompt: Prompt) -> str:
    return '{"sentences": []}'


def good(example: Example, number: int) -> str:
    return example.completion


def fair(example: Example, number: int) -> str:
    """The physician's words for half of the reports, nothing for the others."""
    return example.completion if number % 2 else '{"sentences": []}'


def with_numbers(example: Example, number: int) -> str:
    """The physician's words after a sentence of the report that holds a number."""
    report = example.reports[0]
    held = (p.text(report) for p in passages(report))
    found = next((text for text in held if re.search(r"\d", text) and len(text) < 200), None)
    return target("summarize", sentences=[*([found] if found else []), *example.sentences])


def with_changed_numbers(example: Example, number: int) -> str:
    """The same with a fifth of the numbers changed."""
    rng = random.Random(number)

    def other(match: re.Match[str]) -> str:
        return str(int(match.group()) + 1 + rng.randrange(8)) if rng.random() < 0.2 else match.group()

    return re.sub(r"\d+", other, with_numbers(example, number))


def swapped(examples: Sequence[Example]) -> Callable[[Example, int], str]:
    return lambda example, number: examples[(number + 1) % len(examples)].completion


def judged(
    asked: Sequence[Example], challenger: Generate, champion: Generate | None = None
) -> tuple[Decision, Scores]:
    extract, base = evaluate(asked, "extract"), evaluate(asked, "base", nothing)
    scores = evaluate(asked, "challenger", challenger)
    rival = evaluate(asked, "champion", champion) if champion else None
    return decide(scores, extract, rival, base=base, memory=CLEAN), scores


def test_a_truly_better_model_is_promoted(asked: Sequence[Example]) -> None:
    first, _ = judged(asked, says(asked, fair))
    assert first.promote, first.reason
    better, _ = judged(asked, says(asked, good), says(asked, fair))
    assert better.promote, better.reason


def test_the_same_model_again_is_held(asked: Sequence[Example]) -> None:
    decision, _ = judged(asked, says(asked, good), says(asked, good))
    assert not decision.promote and "better than champion" in decision.reason


def test_a_model_with_a_fifth_of_its_numbers_changed_is_held(asked: Sequence[Example]) -> None:
    decision, scores = judged(asked, says(asked, with_changed_numbers), says(asked, with_numbers))
    assert (scores.value("draft_wrong_numbers") or 0) > 0.05
    assert not decision.promote
    failed = [finding.what for finding in decision.findings if not finding.passed]
    assert any("wrong numbers" in what for what in failed), failed


def test_a_model_that_gives_the_answers_of_others_is_held(asked: Sequence[Example]) -> None:
    decision, scores = judged(asked, says(asked, swapped(asked)))
    assert not decision.promote
    assert (scores.value("draft_unsupported") or 0) > 0.3
