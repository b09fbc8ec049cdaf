"""What may leave with a token: the last look at an answer or a text before a client gets it.

To a ``cloud`` token everything goes without identifiers, swept a second time over the finished words with the
identities that the practice knows; of the examination's date only the year is told. A ``local`` token gets
the answer as it is.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from clinical.answers.answer import Answer, Part
from clinical.report import Span

SEPARATOR = "\n\u2029\n"
# What is never patient text: ids, offsets, fixed words, and reasons and warnings that Resident words itself.
KEPT = frozenset(
    {
        "report_id", "id", "release", "job", "tool", "mode", "status", "origin", "direction", "kind",
        "urgency", "flag", "unit", "warnings", "withheld", "coverage", "observed_at", "type", "verdict",
        "state",
    }
)  # fmt: skip
_LABEL = re.compile(r"\[[A-Z]")
_OWN_ID = re.compile(r"[a-z]{1,3}-[0-9a-f]{16}")  # random, made by the store: a sweep that tags one breaks it

P = TypeVar("P", bound=Part)


class Sweep(Protocol):
    """Finds identifiers that are still in a de-identified text."""

    def __call__(self, text: str) -> tuple[Span, ...]: ...


@dataclass(slots=True)
class _Strings:
    """The patient-text strings of a value, gathered in order, and put back in the same order."""

    found: list[str] = field(default_factory=list)

    def gather(self, value: object) -> None:
        self.change(value, self._note)

    def _note(self, text: str) -> str:
        self.found.append(text)
        return text

    def change(self, value: object, use: Callable[[str], str]) -> object:
        if isinstance(value, str):
            return use(value) if value and not _OWN_ID.fullmatch(value) else value
        if isinstance(value, tuple):
            return tuple(self.change(item, use) for item in value)
        if isinstance(value, Part):
            fields = [name for name in type(value).model_fields if name not in KEPT]
            return value.model_copy(update={name: self.change(getattr(value, name), use) for name in fields})
        return value


@dataclass(frozen=True, slots=True)
class Swept:
    """A text or value after the second sweep, and how many identifiers it still held."""

    hits: int
    texts: tuple[str, ...] = field(repr=False)


def to_cloud(answer: Answer, sweep: Sweep) -> Answer:
    """The answer as a cloud client may get it."""
    swept = without_identifiers(answer, sweep)
    answer = swept.value
    reports = tuple(
        report.model_copy(update={"observed_at": report.observed_at[:4] if report.observed_at else None})
        for report in answer.reports
    )
    warnings = answer.warnings
    if swept.hits:
        warnings = (*warnings, left_over(swept.hits))
    return answer.model_copy(update={"reports": reports, "warnings": warnings})


@dataclass(frozen=True, slots=True)
class Clean(Generic[P]):
    """A value without identifiers."""

    value: P
    hits: int


def left_over(hits: int) -> str:
    """The warning that the second sweep found something."""
    return f"{hits} possible identifier(s) were still in the words of this answer and were replaced by tags."


def without_identifiers(value: P, sweep: Sweep) -> "Clean[P]":
    """``value`` with what the sweep finds in its strings replaced by tags."""
    strings = _Strings()
    strings.gather(value)
    swept = sweep_texts(strings.found, sweep)
    if not swept.hits:
        return Clean(value, 0)
    fresh = iter(swept.texts)
    changed = strings.change(value, lambda _: next(fresh))
    assert isinstance(changed, type(value))
    return Clean(changed, swept.hits)


def sweep_texts(texts: list[str], sweep: Sweep) -> Swept:
    """Sweep several strings in one pass; those that occur twice are swept once."""
    distinct = list(dict.fromkeys(texts))
    joined = SEPARATOR.join(distinct)
    spans = sorted(sweep(joined), key=lambda span: span.start)
    if not spans:
        return Swept(0, tuple(texts))
    clean: dict[str, str] = {}
    start = 0
    for text in distinct:
        end = start + len(text)
        clean[text] = _tagged(text, start, [s for s in spans if s.start < end and start < s.end])
        start = end + len(SEPARATOR)
    return Swept(len(spans), tuple(clean[text] for text in texts))


def masked(text: str, spans: tuple[Span, ...]) -> str:
    """The text with identifiers masked to the same length, so that offsets into it stay true."""
    for span in spans:
        width = span.end - span.start
        tag = f"[{span.label}]"
        text = text[: span.start] + (tag + "█" * width)[: max(width, 0)] + text[span.end :]
    return text


def _tagged(text: str, offset: int, spans: list[Span]) -> str:
    for span in sorted(spans, key=lambda s: s.start, reverse=True):
        start, end = max(0, span.start - offset), min(len(text), span.end - offset)
        tag = span.replacement if _LABEL.match(span.replacement) else f"[{span.label}]"
        text = text[:start] + tag + text[end:]
    return text
