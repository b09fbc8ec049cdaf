"""Who it is about and who says it: a claim must not change the patient's sex or the speaker."""

from collections.abc import Sequence

from clinical.evidence.fit import Unit
from clinical.evidence.index import Index, Line, words_of_sex
from clinical.evidence.scope import speakers
from clinical.evidence.words import stem

_NEAR = 3
_PASSIVE = ("is", "was", "are", "were", "been", "be")


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
        if word in kinds["verbs"] and not (i and lowers[i - 1] in _PASSIVE):
            if word in ("per", "according"):
                around = lowers[i + 1 : i + 1 + _NEAR + 1]
            else:
                around = lowers[max(0, i - _NEAR) : i][::-1]
            for near in around:
                for kind in ("relative", "clinician", "patient"):
                    if near in kinds[kind]:
                        return kind
    return None


def is_sex_of(unit: Unit, index: Index) -> bool:
    """Is the unit only the word for a patient of the sex that the report speaks of?"""
    return index.sex is not None and all(m.key == stem(index.sex) for m in unit.mentions)


def claim_sex(claim: Line) -> str | None:
    """The sex that the claim gives the patient, where it speaks of one person only."""
    if any("family" in m.states for m in claim.mentions):
        return None
    said = {sex for t in claim.tokens if (sex := words_of_sex().get(t.lower)) is not None}
    return said.pop() if len(said) == 1 and claim.tokens[0].lower in words_of_sex() else None
