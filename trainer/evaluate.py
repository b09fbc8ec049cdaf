"""Asks a speaker every held-out question through the very functions that the tools use, and measures the answers.

Two things are measured of a model: its *draft* (the raw reply: does it invent, contradict, loop?) and the *answer*
that a physician would get after the evidence check. Extract mode and the report's first line stand beside it.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from time import monotonic
from typing import Literal

from clinical.answers.anomalies import anomalies
from clinical.answers.answer import Answer
from clinical.answers.ask import ask
from clinical.answers.compare import compare
from clinical.answers.diagnose import diagnose
from clinical.answers.passages import passages
from clinical.answers.summarize import summarize
from clinical.errors import Refused
from clinical.evidence.check import Checker
from clinical.prompts import Generate, Prompt
from trainer import measures, ragas_measures
from trainer.example import Example
from trainer.measures import Measure
from trainer.scores import ScoreRow, Scores

Score = Callable[[Example], Sequence[float]]
"""Natural log-probabilities that a model gives the tokens of an example's reference reply."""
Judge = Callable[[str, str, Sequence[str]], Mapping[str, Measure]]
"""Measures of an answer by question, answer and reports (`trainer.ragas_measures.Judge.measures`)."""
Baseline = Literal["extract", "first line"]


def evaluate(
    examples: Sequence[Example],
    speaker: str,
    generate: Generate | None = None,
    *,
    score: Score | None = None,
    judge: Judge | None = None,
    scored: int = 24,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Scores:
    """Scores of one speaker.

    Args:
        examples: held-out ones; a patient that trained must not be among them.
        speaker: ``extract`` or ``first line`` (then ``generate`` is None), or the name of a model.
        generate: the model's reply to a prompt.
        score: for perplexity, which takes a request a token through an engine.
        judge: gives an answer marks of its own; it decides nothing.
        scored: how many examples perplexity is taken of, spread evenly over all.
        workers: questions asked at the same time.
        progress: called with answered and all.
    """
    began = monotonic()
    rows: list[ScoreRow] = []
    every = max(1, len(examples) // max(1, scored))
    scorers = [score if number % every == 0 else None for number in range(len(examples))]
    with ThreadPoolExecutor(max(1, workers)) as pool:
        asked = pool.map(lambda example, scorer: _row(example, speaker, generate, scorer), examples, scorers)
        for example, (row, text) in zip(examples, asked, strict=True):
            if judge is not None:
                row = replace(row, measures={**row.measures, **judge(*_asked(example, text))})
            rows.append(row)
            if progress is not None:
                progress(len(rows), len(examples))
    return Scores(speaker, tuple(rows), {"seconds": monotonic() - began})


def answer(example: Example, generate: Generate | None) -> Answer:
    """What the tool returns for an example."""
    if example.task == "compare":
        return compare(example.reports[0], example.reports[1], generate=generate)
    if example.task == "ask":
        return ask(example.reports, example.question or "", generate=generate)
    if example.task == "summarize":
        return summarize(example.reports[0], generate=generate, sentences=example.at_most)
    of_one = diagnose if example.task == "diagnose" else anomalies
    return of_one(example.reports[0], generate=generate)


def _asked(example: Example, text: str) -> tuple[str, str, list[str]]:
    """What a judge is shown: the instruction without the report, the answer, the reports."""
    reports = [report.text for report in example.reports]
    question = example.question or f"{example.task} the report for a physician"
    return question, text, reports


def _row(
    example: Example, speaker: str, generate: Generate | None, score: Score | None
) -> tuple[ScoreRow, str]:
    """The measures of one answer, and its text."""
    found: dict[str, Measure] = {}
    checker = Checker(example.reports)
    if speaker == "first line":
        text, labels = _first_line(example), [_first_line(example)]
    else:
        heard = _Heard(generate) if generate else None
        text, labels, withheld = _answered(example, heard)
        found["withheld"] = withheld
        if heard is not None:
            found |= _draft_measures(example, heard, checker)
    report = "\n".join(report.text for report in example.reports)
    found |= measures.text_measures(text, example.reference)
    found |= ragas_measures.lexical(text, example.reference)
    found |= measures.value_measures(text, example.reference, report)
    found |= measures.omission_measures(text, example)
    if example.task == "diagnose":
        found |= measures.label_measures(labels, [c.condition for c in example.conditions])
    else:
        found |= measures.support_measures([text] if text else [], checker)
    if score is not None:
        likelihoods = score(example)
        found["perplexity"] = (-float(sum(likelihoods)), float(len(likelihoods)))
    found["quality"] = measures.quality(example.task, found)
    return ScoreRow(example.id, example.patient, example.task, example.report_type, found), text


class _Heard:
    """A generate function that remembers the last reply."""

    def __init__(self, generate: Generate) -> None:
        self._generate = generate
        self.prompt: Prompt | None = None
        self.reply = ""

    def __call__(self, prompt: Prompt) -> str:
        self.prompt, self.reply = prompt, self._generate(prompt)
        return self.reply


def _answered(example: Example, heard: _Heard | None) -> tuple[str, list[str], Measure]:
    """Text of the answer, its conditions, and (withheld, all) sentences."""
    try:
        given = answer(example, heard)
    except Refused:
        return "", [], (0.0, 0.0)
    conditions = [c.condition for c in given.differential]
    claims = [claim.text for claim in given.claims]
    gone = float(sum(item.count for item in given.withheld))
    text = ". ".join(conditions) if example.task == "diagnose" else " ".join(claims)
    return text, conditions, (gone, gone + len(claims) + len(conditions))


def _draft_measures(example: Example, heard: _Heard, checker: Checker) -> dict[str, Measure]:
    if heard.prompt is None:
        return {}
    text, sentences = measures.draft_text(example, heard.reply)
    report = "\n".join(report.text for report in example.reports)
    found = measures.reply_measures(heard.prompt, example, heard.reply)
    drafted = measures.text_measures(text, example.reference)
    drafted |= measures.value_measures(text, example.reference, report)
    drafted |= measures.support_measures(sentences, checker)
    return found | {f"draft_{name}": measure for name, measure in drafted.items()}


def _first_line(example: Example) -> str:
    """The first sentence below a heading (a header is no summary), or the very first without headings."""
    report = example.reports[-1]
    lines = [p for p in passages(report) if len(p.text(report).split()) > 2]
    chosen = next((p for p in lines if p.section is not None), lines[0] if lines else None)
    return chosen.text(report) if chosen else ""
