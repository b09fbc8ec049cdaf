"""``resident review``: a person looks at held reports, one key a doubtful stretch, ten seconds a report.

Only what the de-identification doubted is shown, with the words around it. What is called an identifier is taken out;
what is not stays. Then the report is released. Nothing is written before a report's last key.
"""

import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import replace

from clinical.deidentify.deidentifier import apply_spans
from clinical.deidentify.marked import marked
from clinical.report import DeidentifiedReport, ExtractedReport, Span
from clinical.structure.build import build_structure
from practice.taken import IDENTIFIERS
from resident.setup import Practice, open_practice
from watchers.intake import age_at

AROUND = 60
Key = Callable[[], str]


def run(options: Namespace) -> int:
    """Goes through the held reports; q leaves, and what was not finished waits."""
    with open_practice(options.practice_home) as practice:
        waiting = [row.id for row in practice.store.reports(state="held") if IDENTIFIERS in row.reasons]
        if options.list or not waiting:
            print("\n".join(waiting) or "No report waits for a look.")
            return 0
        print("y: an identifier, take it out   n: not one, leave it   q: stop\n")
        for number, report_id in enumerate(waiting, 1):
            print(f"report {number} of {len(waiting)}")
            if not review(practice, report_id, one_key, print):
                return 0
    return 0


def review(practice: Practice, report_id: str, key: Key, show: Callable[[str], None]) -> bool:
    """One report; False if the person stopped before its end."""
    extracted = practice.store.extracted(report_id)
    before = practice.store.deidentified(report_id)
    taken: list[Span] = []
    for doubt in before.doubts:
        show(around(extracted.text, doubt))
        answer = ""
        while answer not in ("y", "n", "q"):
            answer = key().lower()
        if answer == "q":
            return False
        if answer == "y":
            taken.append(doubt)
    after = decided(extracted, before, taken)
    structure = build_structure(
        after.text,
        doubtful=after.doubtful,
        sex=extracted.identity.sex,
        age=age_at(extracted.identity.birth_date, extracted.observed_at),
        practice_limits=practice.settings.critical_limits,
    )
    practice.store.revise(report_id, after, structure)
    show(f"{report_id}: {len(taken)} taken out, {len(before.doubts) - len(taken)} left")
    return True


def decided(
    extracted: ExtractedReport, before: DeidentifiedReport, taken: Sequence[Span]
) -> DeidentifiedReport:
    """The de-identified report with what the person took out; nothing is doubted any more."""
    spans = tuple(
        sorted([*before.spans, *(replace(s, score=1.0, layers=("person",)) for s in taken)], key=_start)
    )
    text, doubtful = apply_spans(extracted.text, spans, extracted.doubtful)
    return replace(before, text=text, spans=spans, doubtful=doubtful, held=False, doubts=(), risk={})


def _start(span: Span) -> int:
    return span.start


def around(text: str, doubt: Span) -> str:
    """The doubtful words with those around them, on one line."""
    start, end = max(0, doubt.start - AROUND), min(len(text), doubt.end + AROUND)
    here = Span(doubt.start - start, doubt.end - start, doubt.label)
    return "  … " + " ".join(marked(text[start:end], [here], color=sys.stdout.isatty()).split()) + " …"


def one_key() -> str:
    """A single key from the terminal; a line's first letter where there is none."""
    if not sys.stdin.isatty():
        line = sys.stdin.readline()
        return line.strip()[:1] if line else "q"
    import termios
    import tty

    before = termios.tcgetattr(sys.stdin)
    try:
        tty.setcbreak(sys.stdin)
        return sys.stdin.read(1)
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
