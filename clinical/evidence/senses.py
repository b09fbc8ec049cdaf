"""What a claim and its best lines say beside the words that meet: in which sense, and of which rivals.

Where a claim is in other words than the report, no word meets, and no rule sees that one of them speaks of a plan or
names another organ. These numbers let the paraphrase model see it.
"""

from collections.abc import Sequence
from functools import cache

from clinical.evidence.alignment import Alignment
from clinical.evidence.index import Line
from clinical.evidence.scope import STATES
from clinical.evidence.words import RULES, stem

_GROUPS = ("body", "symptoms", "findings", "diseases", "tests", "drugs", "change")
_SECTIONS = (
    ("family_history",),
    ("past_history", "history", "procedure"),
    ("plan", "follow_up", "discharge_instructions", "disposition"),
)
SENSES = (
    *(f"claim_{s}" for s in STATES),
    *(f"line_{s}" for s in STATES),
    "negated",
    "line_negated",
    "in_family",
    "in_past",
    "in_plan",
    *(f"rival_{g}" for g in _GROUPS),
    *(f"extra_{g}" for g in _GROUPS),
    "unsaid",
)


@cache
def groups() -> dict[str, str]:
    """Group of each atom: the part of the lexicon where it stands."""
    found: dict[str, str] = {}
    group = ""
    for line in (RULES / "lexicon.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("# --"):
            name = line.removeprefix("# --")
            group = next((g for g in _GROUPS if g in name), "")
        elif group and ":" in line and not line.startswith("#"):
            words = line.partition(":")[0].split()
            if len(words) == 1:
                found.setdefault(stem(words[0].lstrip("!")), group)
    return found


def senses(alignment: Alignment, lines: Sequence[Line]) -> list[float]:
    """Numbers in the order of ``SENSES``; ``lines`` are the nearest lines of the report, the best first."""
    claim = alignment.claim
    first = lines[:2]
    mine = _shares([claim])
    theirs = _shares(first)
    in_claim = {m.key for m in claim.mentions}
    in_report = {m.key for line in lines for m in line.mentions}
    left = [m.key for i in alignment.open for m in alignment.units[i].mentions if m.key not in in_report]
    unsaid = [m for line in first[:1] for m in line.mentions if m.key not in in_claim]
    rival, extra = dict.fromkeys(_GROUPS, 0.0), dict.fromkeys(_GROUPS, 0.0)
    by_key = groups()
    for key in left:
        if key in by_key:
            extra[by_key[key]] += 1.0
    for key in {m.key for m in unsaid}:
        if key in by_key and rival[by_key[key]] < extra[by_key[key]]:
            rival[by_key[key]] += 1.0
    section = first[0].section if first else None
    return [
        *mine[:-1],
        *theirs[:-1],
        mine[-1],
        theirs[-1],
        *(float(section in names) for names in _SECTIONS),
        *rival.values(),
        *extra.values(),
        float(len(unsaid)),
    ]


def _shares(lines: Sequence[Line]) -> list[float]:
    """Share of the mentions in each state, the share of negated ones last."""
    mentions = [m for line in lines for m in line.mentions]
    total = max(1, len(mentions))
    return [
        *(sum(state in m.states for m in mentions) / total for state in STATES),
        sum(m.negative for m in mentions) / total,
    ]
