"""What in the cells of a header or a sign-off only an identifier explains: numbers, people, places by their shape."""

import re
from collections.abc import Iterator, Sequence

from clinical.deidentify.found import Found
from clinical.deidentify.labels import Announced, is_label_word
from clinical.deidentify.phrases import DEGREE
from clinical.deidentify.values import MEDICAL
from clinical.deidentify.vocabulary import Vocabulary
from clinical.deidentify.words import UPPER, Word, Words
from clinical.deidentify.zones import LAYER, Cell, Zone, cells
from clinical.report import Label

_TITLE = re.compile(r"(?i)(?:dear|dr|drs|mr|mrs|ms|miss|prof|professor|doctor)\Z")
_MEASURE = re.compile(
    r"(?i)\d[ ]?(?:mg|mcg|ml|cc|units?|mm|cm|kg|lbs?|mmhg|g/dl|mmol|meq|bpm|%|degrees"
    r"|years?|weeks?|days?|hours?|minutes?|°|/min)(?!\w)"
    r"|\d{2,3}/\d{2,3}(?!\d|/)"
)
_NUMBER = re.compile(
    r"(?<![\w@.,])#?(?P<id>(?:[A-Z]{1,6}[ ]|[A-Za-z]{1,6}[-./]?)?\d[\w]*"
    r"(?:[-./ ](?=[\w-]*\d)[A-Z0-9a-z]{1,8}|-[A-Z]{1,3}(?!\w))*)(?!\w)"
)
_PLAIN_NUMBER = re.compile(
    r"(?:19|20)\d\d|\d{1,3}(?:[.,]\d{1,2})?|\d{1,2}:\d\d(?::\d\d)?(?:[ ]?[AP]M)?|\d{1,2}\.\d{1,3}|\d{4}[ ]?(?:hrs?|h)?",
    re.I,
)
_SIZE = re.compile(r"\d[ ]?[xX][ ]?\d")
_UNITED = re.compile(
    r"[ ]?(?:%|mg|ml|mm|cm|kg|cc|mcg|views?|years?|yrs?|y/?o|months?|days?|weeks?|hours?|hrs)\b", re.I
)


def find_in_zones(
    words: Words, vocabulary: Vocabulary, zones: Sequence[Zone], taken: Sequence[Found]
) -> Iterator[Found]:
    """Yields names, places and numbers that stand in a zone and that no layer took.

    Args:
        taken: stretches already found.
    """
    reader = _Reader(words, vocabulary, taken)
    for zone in zones:
        for cell in cells(words.text, zone):
            if cell.kind == "other":
                continue
            yield from reader.numbers(cell)
            yield from reader.places(cell)
            yield from reader.people(cell)


class _Reader:
    """Reads cells of one text."""

    def __init__(self, words: Words, vocabulary: Vocabulary, taken: Sequence[Found]) -> None:
        self._words, self._vocabulary, self._taken = words, vocabulary, taken

    def _free(self, start: int, end: int, *, number: bool = False) -> bool:
        return not any(
            f.start < end
            and start < f.end
            and not (number and f.label == "ID" and f.end - f.start < end - start)
            for f in self._taken
        )

    def numbers(self, cell: Cell) -> Iterator[Found]:
        """Yields what has the shape of a record number."""
        text = self._words.text
        for match in _NUMBER.finditer(text, cell.start, cell.end):
            start, end = match.span("id")
            stretch = match.group("id")
            digits = sum(c.isdigit() for c in stretch)
            if _SIZE.search(stretch) or re.fullmatch(
                r"[A-Za-z]{1,5}[ ](?:19|20)\d\d|[A-Za-z]+[ ]?\d{1,3}[./]\d+|\d{1,3}-\d{1,3}", stretch
            ):
                continue
            if (
                not self._free(start, end, number=True)
                or _MEASURE.match(text, start)
                or _UNITED.match(text, end)
            ):
                continue
            letters = any(c.isalpha() for c in stretch)
            if cell.kind == "id" and digits > 2 and not _PLAIN_TIME.fullmatch(stretch):
                yield Found(start, end, "ID", 0.9, LAYER)
            elif not _PLAIN_NUMBER.fullmatch(stretch) and (digits > 4 or (digits > 3 and letters)):
                yield Found(start, end, "ID", 0.8, LAYER)

    def places(self, cell: Cell) -> Iterator[Found]:
        """Yields a cell that is an address, a facility, or a town before a date."""
        text = self._words.text
        body = text[cell.start : cell.end]
        trimmed = body.strip(" ,.:-*_")
        if not 3 < len(trimmed) < 110 or cell.kind not in (None, "location", "name"):
            return
        start = cell.start + body.index(trimmed)
        end = start + len(trimmed)
        run = [w for w in self._words.items[self._words.at(start) :][:16] if w.start < end]
        if _POSTED.search(trimmed) or (_NUMBERED.match(trimmed) and cell.kind != "name"):
            yield Found(start, end, "LOCATION", 0.85, LAYER)
        elif self._facility(run, cell.kind):
            yield Found(start, run[-1].end, "LOCATION", 0.85 if cell.kind == "location" else 0.7, LAYER)
        town = _TOWN_DATED.match(trimmed)
        if (
            town
            and cell.kind is None
            and any(f.label == "DATE" and f.start == start + town.end() for f in self._taken)
        ):
            yield Found(start, start + town.end("town"), "LOCATION", 0.7, LAYER)

    def _facility(self, run: Sequence[Word], kind: Announced | None) -> bool:
        """Tells whether a whole cell is a facility's or a town's name; ``Clinic Note`` is not."""
        v = self._vocabulary
        whole = [w for w in run if len(w.text) > 1]
        if not 1 < len(whole) < 9 or any(not w.capital and w.key not in _SMALL for w in whole):
            return False
        if whole[-1].key in _DOCUMENTS or any(w.key in v.stop - v.facility - _SMALL for w in whole):
            return False
        heads = [w for w in whole if w.key in v.facility | v.weak_facility | _HEADS]
        own = [
            w
            for w in whole
            if w not in heads
            and w.key not in v.generic | v.roles | v.abbreviations | _SMALL | _DOCUMENTS | DEGREE
            and not (len(w.key) > 6 and MEDICAL.search(w.key))
            and (kind != "location" or not is_label_word(w.key))
        ]
        return bool(own) and (kind == "location" or (bool(heads) and kind is None))

    def people(self, cell: Cell) -> Iterator[Found]:
        """Yields the runs of capitalised words that nothing explains, or that a label announces."""
        strict = cell.kind in ("date", "phone", "mail", "id")
        text, words = self._words.text, self._words
        first = words.at(cell.start)
        items: list[Word] = []
        while first < len(words.items) and words.items[first].start < cell.end:
            items.append(words.items[first])
            first += 1
        if len(items) > 14:
            return
        lower = bool(items) and all(w.text.islower() for w in items)
        for run in _runs(text, items, lower and cell.kind in ("name", "location")):
            run = self._trimmed(run, cell.kind)
            if not run or (lower and not self._in_lower_case(run)):
                continue
            if not self._anyone(run, cell.kind, strict) or self._goes_on(run[-1], cell):
                continue
            if cell.kind is None and len(run) == 1 and len(items) > 4:
                continue
            if all(not self._free(w.start, w.end) for w in run):
                continue
            label: Label = "LOCATION" if self._place(run, cell.kind) else "NAME"
            score = 0.85 if cell.kind in ("name", "location") else 0.7
            yield Found(run[0].start, run[-1].end, label, score, LAYER)

    def _in_lower_case(self, run: Sequence[Word]) -> bool:
        """Tells whether words in lower case may be a name: two, none of them in ordinary use only."""
        v = self._vocabulary
        return len(run) > 1 and all(v.name(w.text) or not v.ordinary(w.text) for w in run)

    def _goes_on(self, last: Word, cell: Cell) -> bool:
        """Tells whether a word in lower case follows that no field has: ``Left-sided weakness``."""
        index = self._words.at(last.end)
        if index >= len(self._words.items) or last.text.islower():
            return False
        word = self._words.items[index]
        return (
            word.start < cell.end and word.text.islower() and last.gap == " " and not is_label_word(word.key)
        )

    def _trimmed(self, run: list[Word], kind: Announced | None) -> list[Word]:
        """Takes salutations, titles, degrees and words of labels off the ends."""
        titles = [i for i, w in enumerate(run) if _TITLE.match(w.text)]
        if titles:
            run = run[titles[-1] + 1 :]
        short = kind == "name" and len(run) > 1 and run[0].title and run[0].key in self._vocabulary.family
        while run and not short and ((run[0].key in DEGREE and run[0].caps) or self._dull(run[0])):
            run = run[1:]
        while run and (
            (run[-1].key in DEGREE and run[-1].caps)
            or (run[-1].key in self._vocabulary.stop and run[-1].key not in self._vocabulary.facility)
        ):
            run = run[:-1]
        return run

    def _dull(self, word: Word) -> bool:
        return word.key in self._vocabulary.stop or (word.key in _MONTHS and len(word.text) > 2)

    def _place(self, run: Sequence[Word], kind: Announced | None) -> bool:
        v = self._vocabulary
        return (
            kind == "location"
            or any(w.key in v.facility or w.key in v.weak_facility for w in run)
            or (kind != "name" and all(w.key in v.places for w in run))
        )

    def _strange(self, word: Word) -> bool:
        v = self._vocabulary
        if (
            len(word.text) < 2
            or (v.ambiguous(word.text) and not v.name(word.text))
            or word.key in v.abbreviations | v.stop | v.roles
        ):
            return False
        if (
            v.ordinary(word.text)
            or word.key in v.keep
            or word.key in DEGREE
            or is_label_word(word.key)
            or word.key in v.regions
            or word.key in v.drugs
        ):
            return False
        if len(word.key) > 6 and MEDICAL.search(word.key) and not v.name(word.text):
            return False
        return not (
            word.caps
            and len(word.text) < 5
            and not v.name(word.text)
            and not self._words.shouting(self._words.at(word.start))
        )

    def _anyone(self, run: Sequence[Word], kind: Announced | None, strict: bool) -> bool:
        """Tells whether a run is somebody or somewhere."""
        v = self._vocabulary
        whole = [w for w in run if len(w.text) > 1]
        if not whole:
            return False
        strange = [w for w in whole if self._strange(w)]
        named = [w for w in whole if v.name(w.text)]
        known = [
            w
            for w in whole
            if w.key in v.generic | v.roles | v.keep_before | v.abbreviations or is_label_word(w.key)
        ]
        if strange:
            return (
                len(strange) * 2 >= len(whole)
                or bool(set(strange) & set(named))
                or kind in ("name", "location")
            )
        if strict:
            return False
        if kind == "location":
            return any(w.key in v.places for w in whole)
        if kind == "name" and len(whole) < len(run) == 2 and named:
            return True
        if known:
            return False
        if kind == "name":
            return bool(named) and len(whole) < 5
        return len(whole) in (2, 3) and len(named) == len(whole)


_MONTHS = frozenset(
    "jan feb mar apr may jun jul aug sep sept oct nov dec january february march april june july august"
    " september october november december mon tue wed thu fri sat sun monday tuesday wednesday thursday friday"
    " saturday sunday am pm edt est pst cst hrs".split()
)
_PLAIN_TIME = re.compile(r"\d{1,2}:\d\d(?::\d\d)?|(?:19|20)\d\d|\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}")
_JOINT = re.compile(
    r"(?:'s)?(?:[ ]{1,2}|,[ ]?|\.[ ]?|-|[ ]?&[ ]|/|[ ]and[ ]"
    r"|[ ](?:of|the|de|la|van|von|der|den|del|ter|al|el|di|da|dos|bin)[ ](?:the[ ]|la[ ]|los[ ])?)\Z"
)


def _runs(text: str, items: Sequence[Word], lower: bool) -> Iterator[list[Word]]:
    """Yields words in a row that are written as names are."""
    run: list[Word] = []
    for word in items:
        fits = word.capital or lower
        if run and fits and _JOINT.match(text[run[-1].end : word.start]):
            run.append(word)
            continue
        if (
            word.text.islower()
            and not lower
            and run
            and text[run[-1].end : word.start] == " "
            and is_particle(word)
        ):
            continue
        if run:
            yield run
        run = [word] if fits else []
    if run:
        yield run


def is_particle(word: Word) -> bool:
    """Tells whether a small word may stand inside a name."""
    return word.key in _PARTICLES


_PARTICLES = frozenset("of the and de la van von der den del ter al el di da dos bin".split())

_POSTED = re.compile(
    rf"[{UPPER}\d][^\n]*,[ ]*(?:[{UPPER}][\w.'-]*[ ]?){{1,4}},?[ ]+"
    r"(?:\d{5}(?:-\d{4})?|[A-Z]\d[A-Z][ ]?\d[A-Z]\d|[A-Z]{1,2}\d{1,2}[A-Z]?[ ]\d[A-Z]{2})\Z"
)
"""Ends with a town, a state and a postal code."""
_NUMBERED = re.compile(
    rf"\#?\d{{1,5}}[A-Za-z]?(?:-\d+)?,?[ ]"
    rf"(?:(?:[NSEW]|[NS][EW]|North|South|East|West)\.?[ ])?(?:[{UPPER}][\w.'-]*[ ]){{1,3}}"
    r"(?i:st|street|ave|avenue|rd|road|ln|lane|blvd|dr|drive|ct|court|way|pl|place|pkwy|parkway|ter|terrace|cir|circle|sq|square"
    r"|hwy|highway|route|row|close|gardens|crescent|mews|walk|loop|trail|pike|plaza|path|run|alley|grove|hill)\b"
)
_TOWN_DATED = re.compile(rf"(?P<town>[{UPPER}][\w'-]+(?:[ ][{UPPER}][\w'-]+){{0,2}}),[ ]")
_SMALL = frozenset("of the and for at in de la du des los las del st & on".split())
_HEADS = frozenset(
    "campus pavilion partners group specialists physicians care hospice pharmacy lab laboratory imaging radiology"
    " orthopaedics orthopedics surgery health children's childrens eye heart cancer dialysis wellness"
    " system network va".split()
)
_DOCUMENTS = frozenset(
    "assessment chart consult consultation data evaluation exam examination follow-up followup form"
    " history letter note notes operation order orders page panel panels plan portal procedure profile"
    " record records referral report reports request result results sheet study summary tests transfer"
    " update values visit work workup".split()
)
