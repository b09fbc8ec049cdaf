"""Whether a text is signed, by whom and when; and whether it says that it amends or withdraws another.

A signature is an explicit statement ("Electronically signed by …", "/s/ …"). "Dictated by", a typist's
initials or a bare name sign nothing, except the bare name of one of the practice's own physicians as the
closing line. The phrases are data (signature.toml).
"""

import re
import tomllib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from clinical.report import Status
from watchers.extract.dates import DATE, find_moment
from watchers.extract.options import Signer

_RULES: dict[str, list[str]] = tomllib.loads(
    Path(__file__).with_name("signature.toml").read_text(encoding="utf-8")
)


def _any_of(name: str, before: str = r"(?:^|\n)[^\n\w]*", after: str = "") -> re.Pattern[str]:
    return re.compile(f"{before}(?:{'|'.join(_RULES[name])}){after}", re.IGNORECASE)


_TITLE = re.compile(r"^(?:dr|prof|mr|mrs|ms|doctor|professor)\b\.?\s*", re.IGNORECASE)
_CREDENTIALS = "|".join(_RULES["credentials"])
_PARTICLE = r"(?:van|von|der|den|de|del|della|di|da|la|le|bin|al|el|ter|dos|du)\b"
_WORD = rf"(?:{_PARTICLE}|[A-Z\u00C0-\u024F\u0370-\u04FF][\w'\u2019`\-]*\.?)"
_NOT_CREDENTIAL = rf"(?!(?:{_CREDENTIALS})(?!\w))"
_PERSON = (
    rf"(?:(?:Dr|Prof|DR|PROF)\b\.?\s+)?(?P<name>{_WORD}(?:,?[ \t]+{_NOT_CREDENTIAL}{_WORD}){{0,5}})"
    rf"(?P<cred>(?:,?[ \t]+(?:{_CREDENTIALS})(?!\w))*)"
)
_PHRASE = _any_of("signs", r"(?<!\w)", r"(?:\s+by)?[ \t]*[:\-\u2013\u2014]?[ \t]*")
_SLASH_S = re.compile(r"(?:^|\s)/[eE]?[sS]/[ \t]*|(?:^|\n)[ \t]*[eE]?[sS]/[ \t]+(?=[A-Z])")
_COSIGNED = re.compile(r"(?<!\w)(?:electronically\s+)?co-?signed\s+by[ \t]*[:\-–—]?[ \t]*", re.IGNORECASE)
_VERB_ALONE = re.compile(
    r"(?:finalized|attested|released|approved|verified|certified|validated|authori[sz]ed)", re.IGNORECASE
)
_HAS_CREDENTIALS = re.compile(rf"(?:,|\s)\s*(?:{_CREDENTIALS})(?!\w)")
_UNSIGNED = _any_of("unsigned", r"\b", r"\b")
_PRELIMINARY = _any_of("preliminary")
_STATUS_FINAL = _any_of("final", r"(?:^|\n|\s{2,}|\|)\W*")
_AMENDED = _any_of("amended")
_RETRACTED = _any_of("retracted")
_SUPERSEDES = _any_of(
    "supersedes",
    r"\b",
    r"[^\n]{0,60}?[\s:#](?P<id>(?=[\w-]*\d)[A-Z]{0,5}-?\d[\w-]{3,})",
)
_NOT_SIGNERS = re.compile(
    r"^(?:on|at|date|time|pending|electronically|by|the|final|report|signature|none|not|and|patient|physician|provider|page|md|dr|attending|radiologist|pathologist|name|status|yes|no|title)\b",
    re.IGNORECASE,
)


_AFTER_NAME = (
    "on|at|date|time|electronically|signed|attending|radiologist|pathologist|cardiologist|physician|staff|"
    "department|dept|report|final|consultant|specialist|chief|director|medical"
)


@dataclass(frozen=True, slots=True)
class Signature:
    """What a text says of its own standing."""

    signed: bool
    status: Status
    signed_by: str | None = field(default=None, repr=False)
    signed_at: str | None = field(default=None, repr=False)
    supersedes: str | None = field(default=None, repr=False)


def name_parts(name: str) -> tuple[str, ...]:
    """The words of a physician's name, in natural order and lower case, without titles and credentials."""
    text = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    text = _TITLE.sub("", text.strip())
    text = re.sub(rf"(?:,|\s)\s*(?:{_CREDENTIALS})(?![\w])", " ", text)
    if "," in text:
        family, given = text.split(",", 1)
        text = f"{given} {family}"
    return tuple(re.findall(r"[^\W\d_]+(?:['’-][^\W\d_]+)*", text.casefold()))


def same_physician(printed: str, signer: Signer) -> bool:
    """Whether a printed name is the signer's: family name alike, given name alike or its initial."""
    parts = name_parts(printed)
    if len(parts) < 2:
        return any(parts and parts == name_parts(alias) for alias in signer.aliases)
    for known in (name_parts(signer.name), *(name_parts(alias) for alias in signer.aliases)):
        if parts == known:
            return True
        if len(known) < 2 or parts[-1] != known[-1]:
            continue
        first, other = parts[0], known[0]
        if first == other or (1 in (len(first), len(other)) and first[0] == other[0]):
            middle = {p[0] for p in parts[1:-1]}, {p[0] for p in known[1:-1]}
            if not middle[0] or not middle[1] or middle[0] & middle[1]:
                return True
    return False


def find_signer(printed: str | None, signers: Sequence[Signer]) -> Signer | None:
    """The one configured physician whose name this is; None where none is or two could be."""
    if not printed:
        return None
    hits = [signer for signer in signers if same_physician(printed, signer)]
    return hits[0] if len(hits) == 1 else None


def find_signature(text: str, signers: Sequence[Signer] = ()) -> Signature:
    """Read the signature block, usually at the end, and the standing that headings state."""
    signer, moment, signed = _statement(text)
    if not signed:
        signer, moment, signed = _closing_name(text, signers)
    lines = [line for line in text.splitlines() if line.strip()]
    head, tail = "\n".join(lines[:14]), "\n".join(lines[-14:])
    if signed and _UNSIGNED.search(f"{head}\n{tail}") and not _later_signature(text):
        signed, signer, moment = False, None, None
    status: Status = "final" if signed else "preliminary"
    if _PRELIMINARY.search(head):
        # A sign-off under a page that calls itself preliminary or a draft does not make it final.
        status, signed = "preliminary", False
    elif _STATUS_FINAL.search(head) and status != "final" and not _UNSIGNED.search(f"{head}\n{tail}"):
        status = "final"
    supersedes = None
    if _AMENDED.search(text):
        status = "amended" if status == "final" else status
        supersedes = _superseded(text)
    elif match := re.search(r"\b(?:supersedes|replaces)\b", f"{head}\n{tail}", re.IGNORECASE):
        supersedes = _superseded(f"{head}\n{tail}"[match.start() :])
        if supersedes and status == "final":
            status = "amended"
    if _RETRACTED.search(head):
        status, supersedes = "retracted", _superseded(text)
    return Signature(signed, status, signer, moment, supersedes)


def _superseded(text: str) -> str | None:
    for match in _SUPERSEDES.finditer(text):
        if not DATE.fullmatch(match["id"]):
            return match["id"]
    return None


def _later_signature(text: str) -> bool:
    """An explicit signature after the last "unsigned" remark."""
    unsigned = [m.end() for m in _UNSIGNED.finditer(text)]
    phrases = [m.start() for m in _PHRASE.finditer(text)]
    return bool(unsigned and phrases and phrases[-1] > unsigned[-1])


def _statement(text: str) -> tuple[str | None, str | None, bool]:
    """The last explicit statement of a signature that names a signer or a time."""
    best: tuple[str | None, str | None, bool] = (None, None, False)
    # A co-signature counts where nobody signed: it stands first, and the last statement wins.
    spots = [m.span() for m in _COSIGNED.finditer(text)]
    spots += sorted(m.span() for pattern in (_PHRASE, _SLASH_S) for m in pattern.finditer(text))
    for start, end in spots:
        before = text[max(0, start - 24) : start]
        if re.search(
            r"\b(?:not|un|never|be|until|yet|consent|was|were|has|is|and|patient|form)[\s-]*$", before, re.I
        ) or _UNSIGNED.match(text, max(0, start - 1)):
            continue
        if _UNSIGNED.search(text[max(0, start - 12) : end + 24].split("\n")[0]):
            continue
        phrase = text[start:end]
        weak = (
            re.match(
                r"(?:signed|signature|approved|verified|released|certified|validated|authori[sz]ed|"
                r"(?:final|this|the|report|results?|note|study|document|interpretation)s?\b)",
                phrase.strip(),
                re.IGNORECASE,
            )
            is not None
        )
        line_start = text.rfind("\n", 0, start) + 1
        opening = not text[line_start:start].strip(" \t*_-([|.")
        if (
            weak
            and not opening
            and not re.search(r"(?:[|.;,)*:]|[-–—]\s|\s{2,}|\bM\.?D\.?)\s*$", text[line_start:start])
        ):
            continue
        rest = text[end : end + 220]
        if (
            phrase.rstrip().lower().endswith("signature:")
            and re.match(r"[ \t_.]*(?:\n|$)", rest)
            and not re.match(r"[ \t_.]*\n[ \t]*[A-Z][^\n]*\d", rest)
        ):
            continue
        signer = _name_after(rest) or _name_before(text[:start])
        moment = _moment_near(rest) or _moment_before(text[:start])
        if signer is None and moment is None:
            continue
        if weak and signer is None:
            continue
        if _VERB_ALONE.fullmatch(phrase.strip(" \t:")) and not _HAS_CREDENTIALS.search(signer or ""):
            # "Verified: yes", "Approved: Main Street Clinic" name no physician.
            continue
        best = (signer, moment, True)
    return best


_TIME_AND_BY = re.compile(
    r"^[\s,]*(?:at\s+)?(?:\d{1,2}:?\d{2}(?::\d{2})?)?[ \t]*(?:[AaPp]\.?[Mm]\.?)?(?:[ \t]*(?:[ECMP]?[SD]T|UTC|hrs?)\b)?"
    r"(?:[ \t,;|\-–—]|\n(?!\s*\n))*(?:[Bb][Yy]\s*:?\s*)?"
)


def _name_after(rest: str) -> str | None:
    lead = re.match(r"[\s:,\-–—_]*(?:(?:on|at)\s+)?", rest)
    body = rest[lead.end() if lead else 0 :]
    when = DATE.match(body)
    if when:  # "Electronically signed: 01/02/2024 10:33 AM, Jane Doe, MD"
        body = _TIME_AND_BY.sub("", body[when.end() :])
    return _person(body)


def _name_before(before: str) -> str | None:
    """``Jane Doe, MD (electronically signed …)`` or the name on the line above."""
    lines = [line.strip(" \t([{*_-|,;") for line in before.rstrip().rsplit("\n", 2)[-2:]]
    for line in reversed(lines):
        if when := list(DATE.finditer(line)):
            line = re.sub(r"[\s,(]*\b(?:on|at)?[\s,]*$", "", line[: when[-1].start()])
        if not line:
            continue
        match = re.search(rf"(?:^|[|:;/]\s*|\s{{2,}}){_PERSON}\s*[,(\[*-]*$", line)
        if match and len(match["name"].split()) >= 2 and not _NOT_SIGNERS.match(match["name"]):
            return _tidy(match)
    return None


def _moment_before(before: str) -> str | None:
    """The date on the same line, or the one that ends the line above."""
    lines = before[-160:].rsplit("\n", 2)[-2:]
    return find_moment(lines[-1][-60:]) or (
        find_moment(lines[0][-60:]) if not lines[-1].strip(" \t*([") else None
    )


def _person(body: str) -> str | None:
    match = re.match(_PERSON, body)
    if match is None or _NOT_SIGNERS.match(match["name"]):
        return None
    found = _tidy(match)
    return found if len(name_parts(found)) >= 2 or "dr" in body[:4].lower() else None


def _tidy(match: re.Match[str]) -> str:
    """The name as printed, with its credentials, without a title or date word that follows it."""
    printed = re.sub(r"\s+", " ", match["name"] + match["cred"])
    return re.split(rf",?\s+(?:{_AFTER_NAME})\b", printed, maxsplit=1, flags=re.IGNORECASE)[0].strip(" ,")


def _moment_near(rest: str) -> str | None:
    """The first date on the signature's line or one of the three lines below."""
    return find_moment("\n".join(rest.split("\n")[:4]).replace("\n", " "))


def _closing_name(text: str, signers: Sequence[Signer]) -> tuple[str | None, str | None, bool]:
    """One of the practice's own physicians as the closing line, with credentials, not a typist's initials."""
    if not signers:
        return None, None, False
    for line in [line.strip() for line in text.splitlines() if line.strip()][-4:]:
        match = re.match(rf"^{_PERSON}[\s,;|]*(?P<after>.*)$", line)
        if match is None or not match["cred"] or re.match(r"\s*/", match["after"]):
            continue
        if match["after"] and DATE.search(match["after"]) is None and len(match["after"]) > 24:
            continue
        printed = _tidy(match)
        if find_signer(printed, signers):
            return printed, find_moment(match["after"]), True
    return None, None, False
