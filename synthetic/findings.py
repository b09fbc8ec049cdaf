"""The findings section of imaging and heart studies.

One engine for every study whose phrases are in ``phrases/<study>.toml``: regions in order, concepts with a
way to be said, normal sentences and negatives for what is not there.
"""

import random
from collections.abc import Sequence

from clinical.report import Side
from synthetic.atlas import Atlas, Compared, Concept, grade_of
from synthetic.case import Case
from synthetic.course import Observation
from synthetic.dates import dated
from synthetic.grammar import book
from synthetic.text import Found, Measured, Text, join
from synthetic.values import Result, quoted

_SHORT_SITES = {
    "left upper lobe": "LUL",
    "left lower lobe": "LLL",
    "right upper lobe": "RUL",
    "right middle lobe": "RML",
    "right lower lobe": "RLL",
}


_WALLS = (("inferior", "II, III and aVF"), ("anterior", "V1-V4"), ("lateral", "I, aVL, V5 and V6"))
_MARGINS = ("spiculated", "lobulated", "smooth", "well-circumscribed", "irregular")
_COLON = ("cecum", "ascending colon", "sigmoid colon", "descending colon")
_RIBS = ("4th", "5th", "6th", "seventh", "eighth")


def slots_for(
    concept: Concept, o: Observation, case: Case, rng: random.Random, *, formal: bool
) -> dict[str, Text | str]:
    """Words for the slots of a concept's lines; ``formal`` keeps the canonical ones, for conclusions."""
    exact = grade_of(concept, o)
    grade = exact
    if grade and not formal and f"grade.{grade}" in book("follow"):
        grade = book("follow").say(f"grade.{grade}", rng).string
    if formal and grade == "moderate size":
        grade = "moderate"
    plural = o.side == "bilateral"
    wall, leads = _WALLS[o.detail % len(_WALLS)]
    return {
        "grade": grade,
        "grade_ly": {"mild": "mildly", "moderate": "moderately", "severe": "severely"}.get(exact, ""),
        "side": o.side or "",
        "on_side": {"left": "on the left", "right": "on the right"}.get(o.side or "", "on both sides"),
        "s": "s" if plural else "",
        "is": "are" if plural else "is",
        "a": "" if plural else "a/an",
        "A": "" if plural else "a/an",
        "site": _SHORT_SITES.get(o.site, o.site) if case.style.abbreviate else o.site,
        "level": str(6 + o.detail % 7),
        "lumbar": str(1 + o.detail % 4),
        "ordinal": _RIBS[o.detail % len(_RIBS)],
        "wall": wall,
        "wall_ecg": wall,
        "leads": leads,
        "colon": _COLON[o.detail % len(_COLON)],
        "pole": ("upper pole", "lower pole", "interpolar region")[o.detail % 3],
        "convexity": ("frontal", "parietal", "temporal")[o.detail % 3],
        "deep": ("basal ganglia", "thalamus", "corona radiata")[o.detail % 3],
        "margin": _MARGINS[o.detail % len(_MARGINS)],
        "n": str(rng.randrange(2, 6)),
        "image": str(rng.randrange(18, 240)),
        "size": size_words(o.size, case) if o.size is not None else "",
        "follow": "",
    }


def size_words(millimetres: float, case: Case) -> str:
    """A size as the house style prints it."""
    if case.style.name == "narrative" and millimetres >= 10:
        return f"{millimetres / 10:.1f} cm"
    return f"{millimetres:.0f} mm"


def measures(concept: Concept, o: Observation, text: str) -> dict[str, Measured]:
    """The size of an observation as a measured value."""
    if o.size is None or not text:
        return {}
    number, _, unit = text.partition(" ")
    return {"size": Measured(concept.measure or concept.term, number, float(number), unit)}


def value_slots(rows: Sequence[Result]) -> tuple[dict[str, Text | str], dict[str, Measured]]:
    """Slots and marks for measured values."""
    printed: dict[str, Text | str] = {r.analyte.key: r.analyte.printed(r.value) for r in rows}
    marks = {r.analyte.key: quoted(r, str(printed[r.analyte.key])) for r in rows}
    return printed, marks


def when_words(case: Case) -> dict[str, Text | str]:
    """Slots that name the prior study."""
    assert case.prior_day is not None
    return {"date": dated(case.prior_day, case.style.dates)}


def side_of(o: Observation) -> Side | None:
    """Its side, also where only the site tells it."""
    if o.side is None and o.site.startswith(("left", "right")):
        return "left" if o.site.startswith("left") else "right"
    if o.side is None and o.site == "lingula":
        return "left"
    return o.side


def say_observation(
    chart: Atlas, row: Compared, values: Sequence[Result], case: Case, rng: random.Random
) -> list[Text]:
    """The sentences for one observation."""
    concept = chart.concepts[row.now.concept]
    slots = slots_for(concept, row.now, case, rng, formal=False)
    follow = book("follow")
    extra: list[Text] = []
    if row.direction is not None:
        when: dict[str, Text | str] = {"when": follow.say("when", rng, when_words(case))}
        sized = "_size" if row.direction in ("up", "down") and row.now.size is not None else ""
        if rng.random() < 0.65:
            slots["follow"] = follow.say(f"{row.direction}{sized}", rng, when)
        else:
            extra.append(follow.say(f"{row.direction}_sentence", rng, when))
    printed, marks = value_slots(values)
    found = Found(concept.term, "present", side_of(row.now), grade_of(concept, row.now) or None)
    marks |= measures(concept, row.now, str(slots["size"]))
    sentence = chart.book.say(f"{concept.name}.say", rng, {**printed, **slots}, found=found, measures=marks)
    return [sentence.capital(), *(e.capital() for e in extra)]


def negative(chart: Atlas, region: str, present: set[str], rng: random.Random, most: int = 3) -> Text | None:
    """One sentence of negatives for a region, none of which is present."""
    lines = chart.book.rules.get(f"negatives.{region}", ())
    items: list[Text] = []
    said: set[str] = set()
    for line in rng.sample(lines, len(lines)):
        item = chart.book.fill(line, rng)
        concepts = {m.value.concept for m in item.marks if isinstance(m.value, Found)}
        if concepts & (present | said):
            continue
        said |= concepts
        items.append(item)
        if len(items) >= most:
            break
    if not items:
        return None
    return book("follow").say("negative.list", rng, {"list": listed(items, "or")}).capital()


def listed(items: Sequence[Text | str], word: str) -> Text:
    """a, b or c."""
    if len(items) < 2:
        return join("", items)
    return join(", ", items[:-1]) + f" {word} " + items[-1]


_TOLD_BY_NORMAL = ("heart", "skull", "pericardium", "rv")
_ALWAYS = ("rhythm", "conduction", "lv", "lungs", "parenchyma")


def findings(
    chart: Atlas,
    rows: Sequence[Compared],
    gone: Sequence[Observation],
    values: Sequence[Result],
    case: Case,
    rng: random.Random,
) -> Text:
    """The findings section, region by region."""
    printed, marks = value_slots(values)
    hidden = {region for r in rows for region in chart.concepts[r.now.concept].hides}
    af = any(r.now.concept == "af" for r in rows)
    present = {chart.concepts[r.now.concept].term for r in rows}
    present |= {cause for r in rows for cause in chart.concepts[r.now.concept].causes}
    blocks: list[Text] = []
    for region in chart.regions:
        sentences: list[Text] = []
        here = [r for r in rows if chart.concepts[r.now.concept].region == region]
        for row in sorted(here, key=lambda r: -chart.concepts[r.now.concept].rank):
            sentences += say_observation(chart, row, values, case, rng)
        for old in gone:
            if chart.concepts[old.concept].region == region:
                sentences.append(say_resolved(chart, old, case, rng))
        normal = f"normal.{region}_af" if af and f"normal.{region}_af" in chart.book else f"normal.{region}"
        if (
            not here
            and region not in hidden
            and normal in chart.book
            and (rng.random() < 0.85 or region in _ALWAYS)
        ):
            said = chart.book.say(normal, rng, printed, measures=marks).capital()
            sentences.insert(0, _with_tail(said, rng))
        wanted = (0.2 if region in _TOLD_BY_NORMAL else 0.6) if sentences else 1.0
        if f"negatives.{region}" in chart.book and region not in hidden and rng.random() < wanted:
            sentence = negative(chart, region, present, rng)
            if sentence is not None:
                sentences.append(sentence)
        if not sentences:
            continue
        body = join(" ", sentences)
        if case.style.findings == "regions":
            label = chart.book.rules[f"label.{region}"]
            name = chart.book.fill(label[len(case.style.name) % len(label)], rng).string
            body = f"{name}: " + body
        blocks.append(body)
    return join("\n" if case.style.findings == "regions" else " ", blocks)


_TAILS = (
    " on this study",
    " on the current examination",
    " on today's exam",
    " on this exam",
    " as imaged",
    ", as far as seen",
    " on the images provided",
)


def _with_tail(sentence: Text, rng: random.Random) -> Text:
    """Now and then a normal sentence says that this is so on this study."""
    words = sentence.string
    if rng.random() > 0.22 or " on " in words or not words.endswith(".") or ". " in words:
        return sentence
    bare = Text(words[:-1], sentence.marks)
    return bare + rng.choice(_TAILS) + "."


def say_resolved(chart: Atlas, o: Observation, case: Case, rng: random.Random) -> Text:
    """A sentence that something seen before is gone."""
    follow = book("follow")
    prior = when_words(case)
    what = chart.concepts[o.concept].term
    if o.side in ("left", "right"):
        what = f"{o.side} {what}"
    found = Found(chart.concepts[o.concept].term, "historical", side_of(o))
    slots: dict[str, Text | str] = {**prior, "when": follow.say("when", rng, prior), "what": what}
    return follow.say("resolved", rng, slots, found=found).capital()
