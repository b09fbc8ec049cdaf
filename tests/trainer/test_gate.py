"""The gate as pure logic: same model held, better promoted, spoiled held, whatever was memorised held."""

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from practice.releases import Earned
from trainer.gate import Rule, decide, default_rule
from trainer.memory import Memory
from trainer.scores import ScoreRow, Scores, difference

CLEAN = Memory(canaries=5, canaries_found=0, training_continued=0.1, unseen_continued=0.1)


def speaker(
    name: str,
    quality: float,
    *,
    patients: int = 30,
    seed: int = 0,
    wrong: float = 0.0,
    omitted: float = 0.2,
    unsupported: float = 0.2,
    tasks: tuple[str, ...] = ("summarize", "ask"),
    quality_of: Callable[[str], float] | None = None,
) -> Scores:
    """Scores about ``quality``, with noise of patient and answer that is the same for all speakers."""
    rows = []
    for patient in range(patients):
        luck = random.Random(f"patient {patient}").gauss(0, 0.08)
        for task in tasks:
            for number in range(2):
                noise = random.Random(f"{seed}/{patient}/{task}/{number}").gauss(0, 0.05)
                level = (quality_of(task) if quality_of else quality) + luck + noise
                measures = {
                    "quality": (min(1.0, max(0.0, level)), 1.0),
                    "contradicted": (0.0, 3.0),
                    "wrong_numbers": (wrong * 2, 2.0),
                    "omitted": (omitted * 2, 2.0),
                    "draft_unsupported": (unsupported * 3, 3.0),
                    "draft_wrong_numbers": (wrong * 2, 2.0),
                    "loops": (0.0, 1.0),
                }
                kind = "ct" if patient % 2 else "ecg"
                rows.append(ScoreRow(f"{patient}/{task}/{number}", f"p{patient}", task, kind, measures))
    return Scores(name, tuple(rows))


EXTRACT = speaker("extract", 0.35, seed=1)
CHAMPION = speaker("champion", 0.45, seed=2)
BASE = speaker("base", 0.25, seed=3, unsupported=0.5)


def test_a_truly_better_model_is_promoted_with_the_tasks_it_earned() -> None:
    decision = decide(speaker("new", 0.55, seed=4), EXTRACT, CHAMPION, memory=CLEAN)
    assert decision.promote, decision.reason
    assert decision.earned == (Earned("ask"), Earned("summarize"))


def test_a_first_model_must_beat_the_base() -> None:
    assert decide(speaker("new", 0.5, seed=4), EXTRACT, base=BASE, memory=CLEAN).promote
    assert not decide(
        replace(BASE, speaker="new"), speaker("extract", 0.1, seed=1), base=BASE, memory=CLEAN
    ).promote


def test_the_same_model_again_is_held() -> None:
    decision = decide(replace(CHAMPION, speaker="new"), EXTRACT, CHAMPION, memory=CLEAN)
    assert not decision.promote
    assert "better than champion" in decision.reason


def test_an_improvement_that_may_be_chance_is_held() -> None:
    assert not decide(speaker("new", 0.455, seed=4), EXTRACT, CHAMPION, memory=CLEAN).promote


def test_wrong_numbers_hold_a_model_that_reads_better() -> None:
    spoiled = speaker("new", 0.6, seed=4, wrong=0.2)
    decision = decide(spoiled, EXTRACT, CHAMPION, memory=CLEAN)
    assert not decision.promote
    assert any("wrong numbers" in f.what and not f.passed for f in decision.findings)


def test_omitted_abnormal_findings_hold_a_model_that_reads_better() -> None:
    assert not decide(speaker("new", 0.6, seed=4, omitted=0.5), EXTRACT, CHAMPION, memory=CLEAN).promote


def test_drafts_that_invent_more_hold_a_model() -> None:
    decision = decide(speaker("new", 0.6, seed=4, unsupported=0.4), EXTRACT, CHAMPION, memory=CLEAN)
    assert not decision.promote and "unsupported" in decision.reason


def test_a_task_is_earned_only_where_the_model_beats_extract_mode() -> None:
    mixed = speaker("new", 0, seed=4, quality_of=lambda task: 0.6 if task == "summarize" else 0.3)
    rival = speaker("champion", 0, seed=2, quality_of=lambda task: 0.4 if task == "summarize" else 0.2)
    assert decide(mixed, EXTRACT, rival, memory=CLEAN).earned == (Earned("summarize"),)


def test_losing_a_task_that_the_champion_earned_holds() -> None:
    mixed = speaker("new", 0, seed=4, quality_of=lambda task: 0.9 if task == "summarize" else 0.3)
    decision = decide(
        mixed, EXTRACT, CHAMPION, champion_earned=[Earned("summarize"), Earned("ask")], memory=CLEAN
    )
    assert not decision.promote and "keeps ask" in decision.reason


def test_a_task_may_be_earned_for_one_report_type() -> None:
    better = speaker("new", 0.7, seed=4)
    worse = speaker("new", 0.1, seed=4)
    rows = tuple(
        good if good.report_type == "ct" else bad for good, bad in zip(better.rows, worse.rows, strict=True)
    )
    earned = decide(Scores("new", rows), EXTRACT, memory=CLEAN).earned
    assert Earned("summarize", "ct") in earned and Earned("summarize", "ecg") not in earned


def test_too_few_patients_hold() -> None:
    small = [speaker(name, level, patients=4) for name, level in (("new", 0.9), ("extract", 0.3))]
    decision = decide(small[0], small[1], memory=CLEAN)
    assert not decision.promote and "enough held-out patients" in decision.reason


@pytest.mark.parametrize(
    "memory",
    [
        None,
        replace(CLEAN, canaries_found=1),
        replace(CLEAN, training_continued=0.3),
    ],
)
def test_what_remembers_its_patients_is_held_whatever_its_scores(memory: Memory | None) -> None:
    assert not decide(speaker("new", 0.9, seed=4), EXTRACT, CHAMPION, memory=memory).promote


def test_every_finding_carries_its_figures_and_the_decision_is_plain_values() -> None:
    decision = decide(speaker("new", 0.55, seed=4), EXTRACT, CHAMPION, memory=CLEAN)
    assert all(finding.figures for finding in decision.findings)
    assert decision.record()["earned"][0]["tool"] == "ask"


def test_the_shipped_rule_is_read_whole() -> None:
    assert isinstance(default_rule(), Rule)


def test_intervals_are_wider_with_fewer_patients_and_hold_the_value() -> None:
    few, many = (speaker("x", 0.5, patients=n).interval("quality") for n in (8, 80))
    assert few is not None and many is not None
    assert few.low < few.value < few.high
    assert few.high - few.low > 1.5 * (many.high - many.low)


def test_many_answers_on_few_patients_do_not_count_as_many_patients() -> None:
    rows = speaker("x", 0.5, patients=8).rows
    copied = tuple(replace(row, example=f"{row.example}/{i}") for i in range(20) for row in rows)
    once, often = Scores("x", rows).interval("quality"), Scores("x", copied).interval("quality")
    assert once is not None and often is not None
    assert often.high - often.low == pytest.approx(once.high - once.low, rel=0.05)


def test_a_model_against_itself_differs_by_nothing() -> None:
    found = difference(CHAMPION, CHAMPION, "quality")
    assert found is not None and found.value == found.low == found.high == 0
