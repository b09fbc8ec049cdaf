"""explain: whether a report supports a sentence, and with which words."""

from typing import Literal

from pydantic import Field

from clinical.answers.answer import Evidence, Part
from clinical.errors import Refused
from clinical.evidence.check import check
from mcp_tools.desk import Desk

MAX_CLAIM = 4_000
AROUND = 120


class ExplainedClaim(Part):
    """A sentence and what the report says to it; ``around``: the text about the first evidence."""

    text: str = Field(repr=False)
    verdict: Literal["supported", "contradicted", "unsupported"]
    reason: str = ""
    evidence: tuple[Evidence, ...] = ()
    around: str = Field(default="", repr=False)


class Explanation(Part):
    """Each sentence of the claim, checked on its own."""

    report_id: str
    claims: tuple[ExplainedClaim, ...] = ()
    warnings: tuple[str, ...] = ()


def explain(desk: Desk, report_id: str, claim: str) -> Explanation:
    """The evidence of a claim: supported, contradicted or not in the report, and where."""
    if not claim.strip() or len(claim) > MAX_CLAIM:
        raise Refused(f"A claim has 1 to {MAX_CLAIM} characters.")
    opened = desk.open(report_id)[0]
    text = opened.report.text
    claims = []
    for checked in check(claim, (opened.report,)).claims:
        first = checked.evidence[0] if checked.evidence else None
        around = text[max(0, first.start - AROUND) : first.end + AROUND].strip() if first else ""
        claims.append(
            ExplainedClaim(
                text=checked.text,
                verdict=checked.verdict,
                reason=checked.reason,
                evidence=checked.evidence,
                around=around,
            )
        )
    result = Explanation(
        report_id=report_id,
        claims=tuple(claims),
        warnings=tuple(w for w in (opened.replaced, *opened.warnings) if w),
    )
    return desk.give_part(result, "tool.explain", report_id)
