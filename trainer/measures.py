"""What is measured of one answer against its reference and its report. Each measure is a pair (sum, weight), so that
any set of answers has the ratio of the sums as its score.

ROUGE: Lin (2004). BLEU: Papineni et al. (2002), as sacrebleu computes it for one sentence.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from clinical.evidence.check import Checker
from clinical.evidence.quantities import quantities_of
from clinical.evidence.words import tokens_of
from clinical.prompts import BrokenReply, Prompt, Reply, parse_reply
from clinical.report import Report, Structure
from clinical.structure.build import build_structure
from trainer.example import Example

Measure = tuple[float, float]
LOWER_IS_BETTER = frozenset(
    {"unsupported", "contradicted", "omitted", "loops", "words", "perplexity", "wrong_numbers", "withheld"}
)
_WORD = re.compile(r"[a-z]+|\d+(?:\.\d+)?")


def text_measures(text: str, reference: str) -> dict[str, Measure]:
    """ROUGE-1, -2, -L (F1), BLEU and length of a text against the reference; two empty texts agree."""
    words = float(len(text.split()))
    if not reference.strip() or not text.strip():
        same = float(not reference.strip() and not text.strip())
        return {
            "rouge1": (same, 1),
            "rouge2": (same, 1),
            "rougeL": (same, 1),
            "bleu": (same, 1),
            "words": (words, 1),
        }
    scores = _rouge().score(reference, text)
    found = {name: (float(scores[name].fmeasure), 1.0) for name in ("rouge1", "rouge2", "rougeL")}
    bleu = _sacrebleu().sentence_bleu(text, [reference]).score / 100
    return {**found, "bleu": (float(bleu), 1.0), "words": (words, 1.0)}


def value_measures(text: str, reference: str, report: str) -> dict[str, Measure]:
    """Numbers with their units: F1 against the reference, and the share that stands neither there nor in the report."""
    said, wanted, known = _values(text), _values(reference), _values(report)
    right = sum((said & wanted).values())
    wrong = sum(count for value, count in said.items() if value not in wanted and value not in known)
    total = sum(said.values()) + sum(wanted.values())
    return {
        "value_f1": (2.0 * right, float(total)),
        "wrong_numbers": (float(wrong), float(sum(said.values()))),
    }


def support_measures(sentences: Sequence[str], checker: Checker) -> dict[str, Measure]:
    """Sentences that the report contradicts or does not support, by the evidence check."""
    verdicts = Counter(claim.verdict for sentence in sentences for claim in checker.check(sentence).claims)
    total = float(sum(verdicts.values()))
    return {
        "contradicted": (float(verdicts["contradicted"]), total),
        "unsupported": (float(verdicts["unsupported"] + verdicts["contradicted"]), total),
    }


def omission_measures(text: str, example: Example) -> dict[str, Measure]:
    """Abnormal findings that the physician's reference names and the text does not."""
    wanted = _present(build_structure(example.reference))
    if not wanted:
        return {"omitted": (0.0, 0.0)}
    said = _present(build_structure(text))
    lower = text.lower()
    left = [concept for concept in wanted if concept not in said and not _names(lower, concept)]
    return {"omitted": (float(len(left)), float(len(wanted)))}


def label_measures(conditions: Sequence[str], wanted: Sequence[str]) -> dict[str, Measure]:
    """F1 of diagnosis labels: the same preferred term, or most words in common."""
    left = [_words(condition) for condition in wanted]
    right = 0
    for condition in conditions:
        words = _words(condition)
        hit = next((i for i, other in enumerate(left) if _alike(words, other)), None)
        if hit is not None:
            right += 1
            del left[hit]
    exact = float(bool(conditions) == bool(wanted) and right == len(wanted) == len(conditions))
    return {"label_f1": (2.0 * right, float(len(conditions) + len(wanted))), "label_exact": (exact, 1.0)}


def reply_measures(prompt: Prompt, example: Example, raw: str) -> dict[str, Measure]:
    """Does the raw reply meet its schema, and does it run in circles?"""
    try:
        parse_reply(example.task, raw)
        valid = 1.0
    except BrokenReply:
        valid = 0.0
    return {"valid": (valid, 1.0), "loops": (float(_in_circles(example, raw)), 1.0)}


def draft_text(example: Example, raw: str) -> tuple[str, list[str]]:
    """The text of a raw reply and its sentences; a reply that breaks its schema is taken as it stands."""
    try:
        reply = parse_reply(example.task, raw)
    except BrokenReply:
        return raw, [raw] if raw.strip() else []
    if example.task == "diagnose":
        named = [condition.condition for condition in reply.conditions]
        return ". ".join(named), _sentences(reply)
    return " ".join(reply.sentences), list(reply.sentences)


def _in_circles(example: Example, raw: str) -> bool:
    """As `loops`; two conditions may rest on the same finding, but none is named twice."""
    try:
        reply = parse_reply(example.task, raw)
    except BrokenReply:
        return loops(raw)
    named = [condition.condition.lower() for condition in reply.conditions]
    if len(named) > len(set(named)) or loops(". ".join(named)):
        return True
    lists = [reply.sentences, *(part for c in reply.conditions for part in (c.for_, c.against))]
    return any(loops(". ".join(sentences)) for sentences in lists)


def loops(text: str) -> bool:
    """Does the text say a sentence twice, or any six words three times?"""
    sentences = [" ".join(_WORD.findall(part.lower())) for part in re.split(r'[.!?]\s|"', text)]
    counted = Counter(sentence for sentence in sentences if len(sentence.split()) >= 3)
    if any(count > 1 for count in counted.values()):
        return True
    words = _WORD.findall(text.lower())
    runs = Counter(tuple(words[i : i + 6]) for i in range(len(words) - 5))
    return any(count > 2 for count in runs.values())


def _sentences(reply: Reply) -> list[str]:
    return [text for condition in reply.conditions for text in (*condition.for_, *condition.against)]


def _values(text: str) -> Counter[tuple[str, tuple[float, ...]]]:
    found = quantities_of(tokens_of(text))
    return Counter((q.dimension, tuple(round(value, 6) for value in q.base)) for q in found)


def _present(structure: Structure) -> set[str]:
    return {f.concept.lower() for f in structure.findings if f.assertion == "present"}


def _names(text: str, concept: str) -> bool:
    """Does the text hold the concept, or the noun that ends it (``pulmonary nodule``: a nodule)?"""
    return concept in text or re.search(rf"\b{re.escape(concept.split()[-1])}", text) is not None


def _words(text: str) -> frozenset[str]:
    return frozenset(word for word in _WORD.findall(text.lower()) if len(word) > 2)


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return bool(one and other) and len(one & other) / len(one | other) >= 0.5


def quality(task: str, measures: Mapping[str, Measure]) -> Measure:
    """How good one answer is, 0 to 1: agreement with the physician's words, and with their numbers where there are any.

    Diagnose is judged by its labels.
    """
    if task == "diagnose":
        right, total = measures["label_f1"]
        return (right / total if total else 1.0, 1.0)
    rouge = measures["rougeL"][0]
    right, total = measures["value_f1"]
    return ((rouge + right / total) / 2 if total else rouge, 1.0)


@cache
def _rouge() -> Any:
    from rouge_score import rouge_scorer  # slow to import; only evaluation needs it

    return rouge_scorer.RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=True)


@cache
def _sacrebleu() -> Any:
    import sacrebleu  # slow to import; only evaluation needs it

    return sacrebleu


def checker_of(reports: Sequence[Report]) -> Checker:
    """The evidence check over an example's reports."""
    return Checker(reports)
