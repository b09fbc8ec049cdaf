"""A report with its identifiers marked, for a person's eyes in a terminal."""

from collections.abc import Sequence

from clinical.report import Span

_COLOURS = {"NAME": 31, "DATE": 33, "ID": 35, "LOCATION": 36, "PHONE": 34, "FAX": 34, "EMAIL": 34}


def render(text: str, spans: Sequence[Span], *, colour: bool = True) -> str:
    """Returns ``text`` with each span marked: its words, its label and how sure the de-identifier is.

    Args:
        colour: ANSI colours; without them spans stand in double brackets.
    """
    pieces: list[str] = []
    position = 0
    for span in sorted(spans, key=lambda s: s.start):
        words = text[span.start : span.end]
        note = f"{span.label} {span.score:.2f}"
        if colour:
            code = _COLOURS.get(span.label, 32)
            marked = f"\x1b[1;{code}m{words}\x1b[0;{code}m⟨{note}⟩\x1b[0m"
        else:
            marked = f"[[{words}|{note}]]"
        pieces += [text[position : span.start], marked]
        position = span.end
    return "".join([*pieces, text[position:]])
