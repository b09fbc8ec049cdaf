"""Who says it: a claim must not put words into another mouth."""

from collections.abc import Sequence

from clinical.evidence.index import Line
from clinical.evidence.scope import speakers

_NEAR = 3


def speaker_fault(claim: Line, lines: Sequence[Line]) -> str | None:
    """Does the claim name a speaker where the report names another?"""
    mine = _speaker(claim)
    if mine is None:
        return None
    theirs = {s for line in lines if (s := _speaker(line)) is not None}
    return "speaker: another person says it in the report" if theirs and mine not in theirs else None


def _speaker(line: Line) -> str | None:
    kinds = speakers()
    lowers = [t.lower for t in line.tokens]
    for i, word in enumerate(lowers):
        if word in kinds["verbs"]:
            if word in ("per", "according"):
                around = lowers[i + 1 : i + 1 + _NEAR + 1]
            else:
                around = lowers[max(0, i - _NEAR) : i][::-1]
            for near in around:
                for kind in ("relative", "clinician", "patient"):
                    if near in kinds[kind]:
                        return kind
    return None
