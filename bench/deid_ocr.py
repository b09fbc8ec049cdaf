"""What still names the patient after a page image was read and de-identified.

    python -m bench.deid_ocr [--pages N] [--read FILE.json]

The truth of a page lists its identifiers as printed. One leaks if a word or number of it stands in the de-identified
text, as printed or one letter off, and does not belong to the page's other text as well. ``--read`` keeps what the OCR
read, so that the second run need not read again.
"""

import argparse
import json
import lzma
import re
import tarfile
from collections import Counter
from pathlib import Path

from clinical.deidentify.deidentifier import Deidentifier
from clinical.deidentify.folding import key
from clinical.deidentify.tags import TAG
from clinical.report import ReportFile
from watchers.extract.extract import extract

DATA = Path(__file__).parents[1] / "../shared/data/ocr"
PIECE = re.compile(r"[^\W\d_]{3,}|\d[\d./-]*\d")


def near(first: str, second: str) -> bool:
    """Tells whether two words are the same but for one letter changed, missing or added."""
    if first == second:
        return True
    if min(len(first), len(second)) < 5 or abs(len(first) - len(second)) > 1:
        return False
    while first and second and first[0] == second[0]:
        first, second = first[1:], second[1:]
    return second[1:] == first[1:] or second == first[1:] or first == second[1:]


def pieces(text: str) -> list[str]:
    """Returns the words and numbers of an identifier, numbers without their separators."""
    found = [key(p) if p[0].isalpha() else re.sub(r"\D", "", p) for p in PIECE.findall(text)]
    return [p for p in found if p.isalpha() or len(p) > 3]


def leaks(truth: dict[str, object], deidentified: str) -> Counter[str]:
    """Returns by label how many identifiers of a page are left, of how many (``LABEL``, ``LABEL left``)."""
    printed = str(truth["text"])
    for item in sorted(truth["phi_strings"], key=lambda s: -len(str(s))):  # type: ignore[call-overload]
        printed = printed.replace(str(item), " ")
    elsewhere = set(pieces(printed))
    left = [w for w in pieces(TAG.sub(" ", deidentified)) if w not in elsewhere]
    counts: Counter[str] = Counter()
    for item in truth["phi"]:  # type: ignore[attr-defined]
        counts[item["label"]] += 1
        own = [p for p in pieces(item["text"]) if p not in elsewhere]
        counts[item["label"] + " left"] += any(near(p, w) for p in own for w in left)
    return counts


def read_pages(count: int) -> list[tuple[dict[str, object], str]]:
    """Reads the page images with the intake's own reader."""
    with lzma.open(DATA / "pages.jsonl.xz", "rt", encoding="utf-8") as lines:
        truths = [json.loads(line) for line in lines][:count]
    result = []
    with tarfile.open(DATA / "pages.tar") as archive:
        members = {Path(m.name).name: m for m in archive.getmembers() if m.isfile()}
        for truth in truths:
            member = archive.extractfile(members[truth["image"]])
            assert member is not None
            reports = extract(ReportFile(truth["image"], member.read()))
            result.append((truth, "\n".join(r.text for r in reports)))
    return result


def main() -> None:
    """Prints the share of identifiers left, by label and by kind of page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pages", type=int, default=24)
    parser.add_argument("--read", type=Path, default=None, help="keep what was read here")
    options = parser.parse_args()
    if not (DATA / "pages.tar").exists():
        print("skipped: the page images are not there")
        return
    if options.read and options.read.exists():
        pages = json.loads(options.read.read_text(encoding="utf-8"))
    else:
        pages = read_pages(options.pages)
        if options.read:
            options.read.write_text(json.dumps(pages), encoding="utf-8")
    deidentifier = Deidentifier()
    total: Counter[str] = Counter()
    levels: dict[str, Counter[str]] = {}
    held = 0
    for truth, text in pages:
        result = deidentifier.deidentify(text)
        held += result.held
        counts = leaks(truth, result.text)
        total += counts
        levels.setdefault(str(truth["level"]), Counter()).update(counts)
    for name, counts in [*sorted(levels.items()), ("all", total)]:
        labels = [k for k in counts if not k.endswith(" left")]
        every, left = sum(counts[k] for k in labels), sum(counts[k + " left"] for k in labels)
        by_label = ", ".join(f"{k} {counts[k + ' left']} of {counts[k]}" for k in sorted(labels))
        print(f"{name:<12} left {left} of {every} ({100 * left / max(every, 1):.1f}%): {by_label}")
    print(f"{len(pages)} pages, {held} held")


if __name__ == "__main__":
    main()
