"""What a reply is worth, from 0 to 1: for choosing between drafts and as GRPO's reward. Pure.

Four parts: the form that the tool reads, support by the report, the reference's numbers, and length. A reply that
breaks its form is worth nothing, whatever it says; so is one that says nothing where there is something to say.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from clinical.evidence.check import Checker
from clinical.prompts import BrokenReply, parse_reply, target
from trainer import measures
from trainer.example import Example
from trainer.pairs import Correction, corrected

WEIGHTS: Mapping[str, float] = {"supported": 0.5, "values": 0.2, "agreement": 0.2, "length": 0.1}
CLEAR = 0.15
"""By how much one draft must be worth more than another to be preferred."""

LONGER = 1.5
"""How many times as long as the other one reply of a preference may be, in words."""


@dataclass(frozen=True, slots=True)
class Preference:
    """Of two replies to one prompt the one that is preferred."""

    example: Example = field(repr=False)
    chosen: str = field(repr=False)
    rejected: str = field(repr=False)


def reward(example: Example, reply: str) -> float:
    """What a reply is worth."""
    parts = reward_parts(example, reply)
    return sum(weight * parts[name] for name, weight in WEIGHTS.items()) if parts else 0.0


def reward_parts(example: Example, reply: str) -> dict[str, float]:
    """The parts, each 0 to 1; empty where the reply breaks its form or is silent without reason."""
    try:
        parse_reply(example.task, reply)
    except BrokenReply:
        return {}
    text, sentences = measures.draft_text(example, reply)
    if not text.strip():
        return {} if example.reference else dict.fromkeys(WEIGHTS, 1.0)
    checker = Checker(example.reports)
    said_once = list(dict.fromkeys(sentences or [text]))
    support = measures.support_measures(said_once, checker)["unsupported"]
    new = len(said_once) / max(1, len(sentences))  # a sentence said again supports nothing more
    values = measures.value_measures(text, example.reference, "")["value_f1"]
    agreement = measures.text_measures(text, example.reference)["rougeL"][0]
    wanted, said = len(example.reference.split()), len(text.split())
    looping = measures.reply_measures(example.prompt, example, reply)["loops"][0]
    return {
        "supported": new * (1 - support[0] / support[1]) if support[1] else 0.0,
        "values": values[0] / values[1] if values[1] else 1.0,
        "agreement": agreement,
        "length": 0.0 if looping else min(wanted, said) / max(wanted, said, 1),
    }


def by_correction(corrections: Sequence[Correction]) -> list[Preference]:
    """What a physician made of a draft is preferred to the draft; an accepted draft prefers nothing."""
    preferences = []
    for correction in corrections:
        example = corrected(correction)
        lines = [line.strip(" -•\t") for line in correction.draft.splitlines() if line.strip(" -•\t")]
        if example is None or correction.tool == "diagnose":
            continue
        drafted = target(correction.tool, sentences=lines)
        if drafted != example.completion:
            preferences.append(Preference(example, example.completion, drafted))
    return preferences


def by_check(examples: Sequence[Example], drafts: Mapping[str, Sequence[str]]) -> list[Preference]:
    """The worthiest of a model's drafts and the physician's reply against the model's least worthy draft, where they
    differ clearly and are of much the same length. What the physician wrote is never what is turned down.

    A pair whose longer reply wins may teach to say more before it teaches to say what is true, one whose shorter reply
    wins to say less: both were seen (bench/README.md). So of the physician's reply as many first sentences are offered
    as the draft's length allows, and neither reply may be much longer than the other.

    Args:
        examples: with the replies that train (`trainer.grounding`), so that nothing unsupported is preferred.
        drafts: by example id, replies of a model; an example without any gives no preference.
    """
    preferences = []
    for example in examples:
        worth = {reply: reward(example, reply) for reply in drafts.get(example.id, ())}
        if not worth:
            continue
        least = min(worth, key=lambda reply: worth[reply])
        about = _words(example, least)
        offered = {reply: reward(example, reply) for reply in _beginnings(example)}
        offered = {
            reply: value
            for reply, value in (worth | offered).items()
            if about / LONGER <= _words(example, reply) <= LONGER * about
        }
        most = max(offered, key=lambda reply: offered[reply], default=least)
        if offered.get(most, 0.0) - worth[least] >= CLEAR:
            preferences.append(Preference(example, most, least))
    return preferences


def _beginnings(example: Example) -> list[str]:
    """The physician's reply, and its first sentences alone."""
    shorter = [example.sentences[:count] for count in range(1, len(example.sentences))]
    return [example.completion, *(target(example.task, sentences=sentences) for sentences in shorter)]


def _words(example: Example, reply: str) -> int:
    return len(measures.draft_text(example, reply)[0].split())
