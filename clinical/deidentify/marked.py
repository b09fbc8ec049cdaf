"""A text with the identifiers that would be removed marked, for a person's eyes at a terminal."""

from collections.abc import Sequence

from clinical.report import Span

REVERSE, PLAIN = "\x1b[7m", "\x1b[0m"


def marked(text: str, spans: Sequence[Span], color: bool = True) -> str:
    """``text`` with each span in reverse video (without color: in brackets) and its label behind it."""
    parts: list[str] = []
    place = 0
    for span in sorted(spans, key=lambda s: s.start):
        words = text[span.start : span.end]
        parts.append(text[place : span.start])
        parts.append(f"{REVERSE}{words} {span.label}{PLAIN}" if color else f"⟦{words}|{span.label}⟧")
        place = span.end
    return "".join(parts) + text[place:]
