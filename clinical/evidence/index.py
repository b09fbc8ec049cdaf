"""A report prepared for checking.

Each sentence as atoms and quantities, with what its words make of them.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from clinical.evidence.instructions import instruction_spans, is_instruction
from clinical.evidence.measured import printed_flags, value_of, with_values
from clinical.evidence.quantities import Quantity, quantities_of
from clinical.evidence.scope import scope_of
from clinical.evidence.words import Atom, Token, atoms_of, implied_by, named_numbers, tokens_of
from clinical.report import Measurement, Report, Section
from clinical.structure.sentences import sentences

_BASE = {
    "family_history": frozenset({"family"}),
}
_SEGMENT = frozenset(
    {",", ";", ":", "and", "or", "but", "with", "(", ")", ".", "/", "versus", "while", "whereas"}
)
_SEX: Mapping[str, str] = {
    **dict.fromkeys(
        ("she", "her", "hers", "herself", "woman", "female", "lady", "girl", "mrs", "ms"), "woman"
    ),
    **dict.fromkeys(("he", "him", "his", "himself", "man", "male", "gentleman", "boy", "mr"), "man"),
}
_ABSENT = frozenset({"absent"})
_SIDES = {"left": "left", "right": "right", "bilater": "bilateral"}


@dataclass(frozen=True, slots=True)
class Mention:
    """An atom in its place.

    Its sense (``absent`` …), its side, and the segment of the sentence it stands in.
    """

    key: str
    token: int
    last: int
    states: frozenset[str]
    turned: bool
    side: str | None
    segment: int
    known: bool

    @property
    def negative(self) -> bool:
        return ("absent" in self.states) != self.turned


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence, of a report or of a draft.

    ``start:end`` are offsets into its text; ``heading`` holds atoms of the heading it stands under.
    """

    start: int
    end: int
    tokens: tuple[Token, ...]
    mentions: tuple[Mention, ...]
    quantities: tuple[Quantity, ...]
    triggers: frozenset[int]
    segments: tuple[int, ...]
    section: str | None = None
    heading: frozenset[str] = frozenset()
    report: int = 0


@dataclass(frozen=True, slots=True)
class Index:
    """All lines of the reports, how much each atom tells them apart, and when each report was observed."""

    lines: tuple[Line, ...]
    weight: dict[str, float]
    keys: frozenset[str]
    default_weight: float
    sex: str | None = None
    observed: tuple[str | None, ...] = ()
    memo: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def weight_of(self, key: str) -> float:
        return self.weight.get(key, self.default_weight)

    def days_between(self, one: int, two: int) -> int | None:
        """Whole days from report number ``one`` to number ``two``; None where a date is not known."""
        try:
            first, last = (date.fromisoformat((self.observed[n] or "")[:10]) for n in (one, two))
        except ValueError:
            return None
        return (last - first).days


def line_of(
    text: str,
    start: int,
    end: int,
    *,
    section: str | None = None,
    heading: frozenset[str] = frozenset(),
    report: int = 0,
    measured: Sequence[Measurement] = (),
    wider: bool = False,
) -> Line:
    """Prepare ``text[start:end]``; offsets of its tokens are into ``text``."""
    tokens = printed_flags(
        text, [Token(t.start + start, t.end + start, t.lower) for t in tokens_of(text[start:end])]
    )
    locked = named_numbers(tokens)
    quantities = [q for q in quantities_of(tokens) if not locked & set(range(q.first, q.last))]
    values = [v for m in measured if (v := value_of(text, m, tokens)) is not None]
    quantities = with_values(quantities, values)
    taken = {i for q in quantities for i in range(q.first, q.last)}
    scope = scope_of(tokens, _BASE.get(section or "", frozenset()))
    segments = _segments(tokens)
    atoms = atoms_of(tokens, taken)
    if wider:
        atoms += [replace(a, key=key) for a in atoms for key in implied_by(a.key)]
    sides = [(a.first, _SIDES[a.key]) for a in atoms if a.key in _SIDES]
    mentions = tuple(_mention(a, scope.states, segments, sides) for a in atoms) + tuple(
        Mention(key, v.token, v.token + 1, frozenset(), False, None, segments[v.token], True)
        for v in values
        for key in v.keys
    )
    mentions += tuple(
        Mention(key, v.token, v.token + 1, _ABSENT, False, None, segments[v.token], True)
        for v in values
        for key in v.denied
    )
    return Line(
        start, end, tokens, mentions, tuple(quantities), scope.triggers, segments, section, heading, report
    )


def index_of(reports: Sequence[Report]) -> Index:
    """Prepare all sentences of ``reports``."""
    lines: list[Line] = []
    for number, report in enumerate(reports):
        lines += _lines(report, number)
    spread: Counter[str] = Counter()
    for line in lines:
        spread.update({m.key for m in line.mentions} | line.heading)
    total = max(1, len(lines))
    weight = {key: math.log(1 + total / count) for key, count in spread.items()}
    observed = tuple(report.observed_at for report in reports)
    return Index(tuple(lines), weight, frozenset(spread), math.log(1 + total), _sex(lines), observed)


def words_of_sex() -> Mapping[str, str]:
    """Pronouns and nouns that tell a person's sex."""
    return _SEX


def _sex(lines: Sequence[Line]) -> str | None:
    """The sex of the patient as most pronouns have it, relatives left out; None where it is not plain."""
    counts = Counter(
        sex
        for line in lines
        if line.section != "family_history" and not any("family" in m.states for m in line.mentions)
        for t in line.tokens
        if (sex := _SEX.get(t.lower)) is not None
    )
    if not counts:
        return None
    best, often = counts.most_common(1)[0]
    return best if often >= 0.8 * sum(counts.values()) else None


def _lines(report: Report, number: int) -> list[Line]:
    text, sections = report.text, report.structure.sections
    found = []
    at = -1
    headings: dict[int, frozenset[str]] = {}
    orders = instruction_spans(text)
    for sentence in sentences(text):
        if orders and is_instruction(orders, sentence.start, sentence.end):
            continue
        while at + 1 < len(sections) and sections[at + 1].start <= sentence.start:
            at += 1
        section: Section | None = sections[at] if at >= 0 and sentence.start < sections[at].end else None
        heading: frozenset[str] = frozenset()
        if section is not None:
            if at not in headings:
                headings[at] = frozenset(a.key for a in atoms_of(tokens_of(section.heading)))
            heading = headings[at]
        name = section.name if section else None
        measured = [m for m in report.structure.measurements if sentence.start <= m.start < sentence.end]
        found.append(
            line_of(
                text,
                sentence.start,
                sentence.end,
                section=name,
                heading=heading,
                report=number,
                measured=measured,
                wider=True,
            )
        )
    return found


def _segments(tokens: Sequence[Token]) -> tuple[int, ...]:
    current, found = 0, []
    for token in tokens:
        if token.lower in _SEGMENT:
            current += 1
        found.append(current)
    return tuple(found)


def _mention(
    atom: Atom, states: Sequence[frozenset[str]], segments: Sequence[int], sides: Sequence[tuple[int, str]]
) -> Mention:
    side = None
    if atom.key not in _SIDES:
        near = [
            (abs(at - atom.first) + (0 if at <= atom.first else 1), name)
            for at, name in sides
            if _near(at, atom, segments)
        ]
        side = min(near)[1] if near else None
    return Mention(
        atom.key,
        atom.first,
        atom.last,
        states[atom.first],
        atom.turned,
        side,
        segments[atom.first],
        atom.known,
    )


def _near(at: int, atom: Atom, segments: Sequence[int]) -> bool:
    return abs(at - atom.first) <= 6 and abs(segments[at] - segments[atom.first]) <= 1
