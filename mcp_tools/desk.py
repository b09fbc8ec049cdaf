"""The desk that a client stands at: which reports its token may see, and in what words they leave.

Each tool (one plain file each) opens reports here and hands its answer back through ``give``. Opening checks
the report as it is *now*: retracted reports do not answer, held ones do not leave to the cloud, and the
token's reports of the day are counted. Giving sweeps what leaves. Both write one audit line of ids.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

from clinical.answers.answer import Answer, Part
from clinical.answers.report import report_from_text
from clinical.deidentify.deidentifier import Deidentifier, Roster
from clinical.errors import Refused
from clinical.prompts import Generate
from clinical.report import Report
from mcp_tools.answering import PASTED, TEXT_ID, Answering
from mcp_tools.egress import Sweep, left_over, masked, to_cloud, without_identifiers
from mcp_tools.injection import Flagged, Neutral, find_instructions, neutral
from mcp_tools.known import sweeping_of
from practice.feedback import FeedbackBook
from practice.releases import Releases
from practice.rows import ReportRow
from practice.store import Store
from practice.taken import PRELIMINARY, UNKNOWN_SIGNER, UNSIGNED
from practice.tokens import Scope, Token, Tokens

log = logging.getLogger("resident.tools")

MAX_TEXT = 200_000
# A report held only because nobody has signed it yet is usable everywhere (and says so); any other hold means
# that a person has to look before the words leave.
SIGNING = frozenset({UNSIGNED, UNKNOWN_SIGNER, PRELIMINARY})

P = TypeVar("P", bound=Part)


class Audit(Protocol):
    """Takes audit lines: ids, never text (``practice.audit``)."""

    def append(
        self, event: str, actor: str, ids: Mapping[str, str | int | Sequence[str]] | None = None
    ) -> object: ...


@dataclass(frozen=True, slots=True)
class Opened:
    """A report that the client may be answered about.

    Attributes:
        report: without the words of what reads like instructions to software.
        flagged: where those words stand.
        warnings: what the client must be told beside what the answer says itself.
        replaced: that a newer version of the report holds instead; told before anything else.
    """

    report: Report
    flagged: tuple[Flagged, ...] = ()
    warnings: tuple[str, ...] = ()
    replaced: str = ""


@dataclass(frozen=True, slots=True)
class Desk:
    """One client's desk; cheap to make, one for each call.

    Attributes:
        generate: the engine of the current release when one runs, else None.
        roster: the practice's own people and places; the patients that it knows are added for the sweep.
        token: who asks. What may leave belongs to it, not to what a client says of itself.
    """

    store: Store
    releases: Releases
    generate: Callable[[], Generate | None]
    deidentifier: Deidentifier
    audit: Audit
    token: Token
    roster: Roster = field(default_factory=Roster)

    @property
    def answering(self) -> Answering:
        """What computes the answers."""
        return Answering(self.store, self.releases, self.generate)

    @property
    def cloud(self) -> bool:
        """Whether nothing but de-identified words may go to this client."""
        return self.token.egress != "local"

    def need(self, scope: Scope) -> None:
        """Refuse a token that lacks a scope."""
        if not self.token.may(scope):
            raise Refused(f"This token lacks the scope {scope}.", "Make another with `resident connect`.")

    def open(self, *report_ids: str) -> tuple[Opened, ...]:
        """Reports by id, checked and counted.

        Raises:
            NotFound: no such report.
            Refused: retracted, held from the cloud, or the day's limit is reached.
        """
        rows = [self.store.status_of(report_id) for report_id in report_ids]
        for row in rows:
            self.check(row)
        self.count(*report_ids)
        return tuple(_opened(self.answering.read(row.id), row) for row in rows)

    def open_text(self, text: str) -> Opened:
        """A text that the client itself sent.

        Raises:
            Refused: empty or too long.
        """
        if not text.strip():
            raise Refused("The text is empty.", "Give a report's text, or `report_id`.")
        if len(text) > MAX_TEXT:
            raise Refused(
                f"The text is longer than {MAX_TEXT} characters.",
                "Drop it into the watched folder, or split it.",
            )
        warnings: tuple[str, ...] = ()
        if self.cloud:
            text = self.deidentifier.deidentify(text).text
            warnings = ("The text was de-identified first: offsets are those of the de-identified text.",)
        opened = _opened(neutral(report_from_text(text, id=TEXT_ID)), None)
        return replace(opened, warnings=(*warnings, *opened.warnings))

    def one(self, report_id: str | None, text: str | None) -> Opened:
        """The report that a tool is asked about: by id, or as text.

        Raises:
            Refused: neither is given, or both.
        """
        if (report_id is None) == (text is None):
            raise Refused("Give either `report_id` or `text`.", "`list_reports` and `find` tell report ids.")
        if report_id is not None:
            return self.open(report_id)[0]
        assert text is not None
        return self.open_text(text)

    def check(self, row: ReportRow) -> None:
        """Refuse a report that may not be answered about, or not to this client."""
        if row.state == "retracted":
            replacement = f" Ask about {row.superseded_by} instead." if row.superseded_by else ""
            raise Refused("This report was retracted and does not answer." + replacement)
        if self.cloud and (row.state == "held" or row.reasons) and not set(row.reasons) <= SIGNING:
            raise Refused(
                "This report is held until a person has looked at it; it does not leave to this client.",
                "`resident show ID` says why; `resident release ID` lifts it.",
            )

    def count(self, *report_ids: str) -> None:
        """Count reports against the token's daily limit."""
        Tokens(self.store).count_use(self.token, report_ids)

    def give(self, answer: Answer, *opened: Opened) -> Answer:
        """The answer as this client may have it, with its audit line."""
        replaced = (one.replaced for one in opened if one.replaced)
        warnings = (*replaced, *answer.warnings, *(w for one in opened for w in one.warnings))
        answer = answer.model_copy(update={"warnings": tuple(dict.fromkeys(warnings))})
        if self.cloud:
            answer = to_cloud(answer, self.sweep())
        self.note(f"tool.{answer.tool}", *(one.report.id for one in opened))
        return answer

    def give_part(self, value: P, event: str, *report_ids: str) -> P:
        """Any other result as this client may have it, with its audit line."""
        if self.cloud:
            clean = without_identifiers(value, self.sweep())
            value = clean.value
            warnings = getattr(value, "warnings", None)
            if clean.hits and isinstance(warnings, tuple):
                value = value.model_copy(update={"warnings": (*warnings, left_over(clean.hits))})
        self.note(event, *report_ids)
        return value

    def report_text(self, report_id: str, original: bool = False) -> str:
        """A report's text; the original, identifiers included, to local tokens only.

        Identifiers and instruction-like words are masked to their own length, so that offsets stay true.
        """
        if original and self.cloud:
            self.note("tool.refused", report_id)
            raise Refused(
                "Originals do not leave to this client.",
                "A token made for local use may see them (see the docs).",
            )
        opened = self.open(report_id)[0]
        self.note("resource.original" if original else "resource.report", report_id)
        if original:
            return self.store.original_text(report_id)
        text = self.store.report(report_id).text
        for part in opened.flagged:
            words = "".join(c if c == "\n" else "█" for c in text[part.start : part.end])
            text = text[: part.start] + words + text[part.end :]
        return masked(text, self.sweep()(text)) if self.cloud else text

    def sweep(self) -> Sweep:
        """The second sweep, with every identity that the practice knows."""
        return sweeping_of(self.deidentifier, self.store, self.roster)

    def feedback(self) -> FeedbackBook:
        """Where judgements go."""
        return FeedbackBook(self.store)

    def note(self, event: str, *report_ids: str) -> None:
        """One audit line."""
        ids = [report_id for report_id in report_ids if report_id not in PASTED]
        self.audit.append(event, self.token.id, {"reports": ids[:20]} if ids else {})


def _opened(cleaned: Neutral, row: ReportRow | None) -> Opened:
    warnings: list[str] = []
    replaced = ""
    if row is not None and row.superseded_by:
        replaced = f"This report was replaced by {row.superseded_by}: ask about that one."
    if cleaned.flagged:
        where = ", ".join(f"{part.start}-{part.end}" for part in cleaned.flagged[:10])
        more = "" if len(cleaned.flagged) <= 10 else f" and {len(cleaned.flagged) - 10} more"
        warnings.append(
            f"Text that reads like instructions to software stands in report {cleaned.report.id} at characters "
            f"{where}{more}; its words are withheld and were not followed. Read them in the original."
        )
    return Opened(cleaned.report, cleaned.flagged, tuple(warnings), replaced)


def is_clean(text: str) -> bool:
    """Whether a text that a client sent holds nothing that reads like instructions to software."""
    return not find_instructions(text)
