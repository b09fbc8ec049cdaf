"""Text inside a report that tries to instruct a machine. It is never evidence and never quoted.

A report is data. A line that orders the reader about, plays a chat turn or a tool call, or hides characters is
left out of what may support a sentence, and its place is told by offset.
"""

import re
from dataclasses import dataclass
from functools import cache
from tomllib import loads

from clinical.evidence.words import RULES

_LONGEST = 600


@dataclass(frozen=True, slots=True)
class InstructionSpan:
    """A line of the text that reads as an instruction, by offset."""

    start: int
    end: int


@cache
def _rules() -> tuple[re.Pattern[str], re.Pattern[str]]:
    data = loads((RULES / "instructions.toml").read_text(encoding="utf-8"))
    hidden = data["hidden"].encode().decode("unicode_escape")
    return re.compile("|".join(f"(?:{p})" for p in data["patterns"]), re.I | re.M), re.compile(hidden)


def instruction_spans(text: str) -> tuple[InstructionSpan, ...]:
    """Lines of ``text`` that speak to a machine, in order, without overlap."""
    orders, hidden = _rules()
    found: list[InstructionSpan] = []
    for match in sorted([*orders.finditer(text), *hidden.finditer(text)], key=lambda m: m.start()):
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
