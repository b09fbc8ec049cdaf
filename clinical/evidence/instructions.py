"""Text inside a report that tries to instruct a machine. It is never evidence and never quoted.

A report is data. A line that orders the reader about, plays a chat turn or a tool call, or hides characters is
left out of what may support a sentence, and its place is told by offset.
"""

import re
from dataclasses import dataclass
from functools import cache
from tomllib import loads
from typing import Any

from clinical.evidence.words import RULES

_LONGEST = 600


@dataclass(frozen=True, slots=True)
class InstructionSpan:
    """A line of the text that reads as an instruction, by offset."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Order:
    needs: tuple[str, ...]
    pattern: re.Pattern[str]


@cache
def _data() -> dict[str, Any]:
    return loads((RULES / "instructions.toml").read_text(encoding="utf-8"))


@cache
def _orders() -> tuple[_Order, ...]:
    return tuple(_Order(tuple(o["needs"]), re.compile(o["pattern"], re.I | re.M)) for o in _data()["order"])


@cache
def _hidden() -> re.Pattern[str]:
    return re.compile(_data()["hidden"].encode().decode("unicode_escape"))


def instruction_spans(text: str) -> tuple[InstructionSpan, ...]:
    """Lines of ``text`` that speak to a machine, in order, without overlap."""
    lowered = text.lower()
    hits = [
        match
        for order in _orders()
        if any(word in lowered for word in order.needs)
        for match in order.pattern.finditer(text)
    ]
    if not text.isascii():
        hits += _hidden().finditer(text)
    found: list[InstructionSpan] = []
    for match in sorted(hits, key=lambda m: m.start()):
        start = text.rfind("\n", 0, match.start()) + 1
        end = text.find("\n", match.end())
        end = len(text) if end < 0 else end
        if end - start > _LONGEST:  # a whole report on one line: only the sentence
            start = max(start, text.rfind(". ", 0, match.start()) + 1)
            stop = text.find(". ", match.end())
            end = min(end, stop + 1 if stop > 0 else end)
        if not found or start >= found[-1].end:
            found.append(InstructionSpan(start, end))
    return tuple(found)


def is_instruction(spans: tuple[InstructionSpan, ...], start: int, end: int) -> bool:
    """Does ``start:end`` touch one of ``spans``?"""
    return any(s.start < end and start < s.end for s in spans)
