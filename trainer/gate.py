"""Decides whether a challenger may answer, and what: promote or hold, with the reason, and the tasks it earned.

A pure function of scores. The rule: a task is earned only where the model's answers are better than extract mode's
beyond chance, and contradictions, wrong numbers and omitted abnormal findings are, by the upper bound of the
difference on the same answers, no more than a stated margin above extract mode's. A challenger that earned something
is promoted only if it is better beyond chance than the model that answers now (or the untuned base), worse in no task
that one earned, and its drafts invent no more. A challenger that gives back what was planted in its training data, or
continues training text better than unseen text, is held whatever its scores.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from practice.releases import Earned
from trainer.memory import Memory
from trainer.scores import Interval, Scores, difference


@dataclass(frozen=True, slots=True)
class Rule:
    """The gate's limits; see gate.toml for what each means."""

    min_patients: int
    min_answers: int
    min_type_patients: int
    margin: Mapping[str, float]
    draft: Mapping[str, float]
    memory: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: what, the figures, and whether it passed."""

    what: str
    passed: bool
    figures: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What the gate says.

    Attributes:
        promote: may the challenger answer?
        reason: one sentence for people; the first failure where it is held.
        earned: tasks (and report types) that it may answer.
        findings: everything that was looked at.
    """

    promote: bool
    reason: str
    earned: tuple[Earned, ...] = ()
    findings: tuple[Finding, ...] = field(default=(), repr=False)

    def record(self) -> dict[str, Any]:
        """As plain values, for the release."""
        return asdict(self)


@cache
def default_rule() -> Rule:
    """The rule as shipped."""
    with Path(__file__).with_name("gate.toml").open("rb") as file:
        return Rule(**tomllib.load(file))


def decide(
    challenger: Scores,
    extract: Scores,
    champion: Scores | None = None,
    *,
    champion_earned: Sequence[Earned] = (),
    base: Scores | None = None,
    memory: Memory | None = None,
    rule: Rule | None = None,
) -> Decision:
    """Promote or hold.

    Args:
        challenger: the new model's answers on held-out examples.
        extract: extract mode's on the same examples.
        champion: the model that answers now, on the same examples; None if there is none.
        champion_earned: what the champion may answer.
        base: the untuned base; what a first challenger must beat.
        memory: what the challenger remembers of its training data; None holds it.
        rule: limits; the shipped ones by default.
    """
    rule = rule or default_rule()
    findings: list[Finding] = [_enough(challenger, rule), *_memory(memory, rule)]
    earned: list[Earned] = []
    for task in challenger.tasks():
        given, looked_at = _earned(challenger, extract, task, rule)
        earned += given
        findings += looked_at
    if not earned:
        findings.append(
            Finding("a task is earned", False, "extract mode answers every task at least as well")
        )
    rival = champion if champion is not None else base
    if rival is not None:
        findings += _against(challenger, rival, rule)
        findings += _keeps(challenger, rival, champion_earned, earned)
    blocking = [f for f in findings if not f.passed and not f.what.startswith("earns ")]
    if blocking:
        return Decision(
            False, f"Held: {blocking[0].what} failed ({blocking[0].figures}).", (), tuple(findings)
        )
    names = ", ".join(_name(part) for part in earned)
    return Decision(True, f"Promoted: answers {names}.", tuple(earned), tuple(findings))


def _enough(challenger: Scores, rule: Rule) -> Finding:
    patients = challenger.patients()
    return Finding(
        "enough held-out patients",
        patients >= rule.min_patients,
        f"{patients}, at least {rule.min_patients} needed",
    )


def _memory(memory: Memory | None, rule: Rule) -> list[Finding]:
    if memory is None:
        return [Finding("memorisation check", False, "not made")]
    above = memory.training_continued - memory.unseen_continued
    return [
        Finding(
            "no planted canary comes back",
            memory.canaries_found <= rule.memory["canaries"],
            f"{memory.canaries_found} of {memory.canaries}",
        ),
        Finding(
            "training text is not continued by heart",
            above <= rule.memory["continuation"],
            f"{memory.training_continued:.3f} against {memory.unseen_continued:.3f} of unseen text",
        ),
    ]


def _earned(challenger: Scores, extract: Scores, task: str, rule: Rule) -> tuple[list[Earned], list[Finding]]:
    """The task for all report types, or for those types that alone have enough patients and pass."""
    whole = challenger.of(task)
    findings = _task_findings(whole, extract.of(task), f"earns {task}", rule)
    if all(finding.passed for finding in findings):
        return [Earned(task)], findings
    earned = []
    for kind in whole.report_types():
        part = challenger.of(task, kind)
        if part.patients() < rule.min_type_patients:
            continue
        looked_at = _task_findings(part, extract.of(task, kind), f"earns {task} on {kind}", rule)
        findings += looked_at
        if all(finding.passed for finding in looked_at):
            earned.append(Earned(task, kind))
    return earned, findings


def _task_findings(model: Scores, extract: Scores, what: str, rule: Rule) -> list[Finding]:
    if len(model.rows) < rule.min_answers:
        return [Finding(f"{what}: enough answers", False, f"{len(model.rows)} of {rule.min_answers}")]
    better = difference(model, extract, "quality")
    findings = [
        Finding(f"{what}: better than extract mode", better is not None and better.low > 0, _figures(better))
    ]
    for metric, margin in rule.margin.items():
        # On the same answers, patients drawn together; where extract mode has nothing to measure, its share is none.
        above = difference(model, extract, metric) or model.interval(metric)
        if above is not None:
            findings.append(
                Finding(
                    f"{what}: {metric.replace('_', ' ')} near extract mode's",
                    above.high <= margin,
                    f"{_figures(above)}, upper bound at most {margin:.2f}",
                )
            )
    return findings


def _against(challenger: Scores, rival: Scores, rule: Rule) -> list[Finding]:
    better = difference(challenger, rival, "quality")
    findings = [
        Finding(f"better than {rival.speaker}", better is not None and better.low > 0, _figures(better)),
    ]
    for metric, limit in rule.draft.items():
        worse = difference(challenger, rival, f"draft_{metric}" if metric != "loops" else "loops")
        if worse is not None:
            findings.append(
                Finding(
                    f"drafts have no more {metric.replace('_', ' ')} than {rival.speaker}'s",
                    worse.low <= limit,
                    _figures(worse),
                )
            )
    return findings


def _keeps(
    challenger: Scores, rival: Scores, had: Sequence[Earned], earned: Sequence[Earned]
) -> list[Finding]:
    """No task that the champion answers may be answered worse beyond chance."""
    findings = []
    for part in had:
        if part in earned or Earned(part.tool) in earned:
            continue
        change = difference(
            challenger.of(part.tool, part.report_type), rival.of(part.tool, part.report_type), "quality"
        )
        if change is not None:
            findings.append(
                Finding(f"keeps {_name(part)}", change.high >= 0, f"not earned again; {_figures(change)}")
            )
    return findings


def _name(part: Earned) -> str:
    return part.tool if part.report_type is None else f"{part.tool} on {part.report_type}"


def _figures(found: Interval | None) -> str:
    if found is None:
        return "nothing to compare"
    return f"difference {found.value:+.3f} [{found.low:+.3f}, {found.high:+.3f}], {found.patients} patients"
