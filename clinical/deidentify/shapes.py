"""Identifiers by their shape where headers, letterheads and sign-offs stand, whatever label announces them.

No list holds every label. What carries over to a layout never seen is the shape of a value that fills its cell:
``Last, F.``, ``Last^First``, a number of five digits or more.
"""

import re
from collections.abc import Iterator, Sequence

from clinical.deidentify.found import Found
from clinical.deidentify.phrases import DEGREE
from clinical.deidentify.vocabulary import Vocabulary
from clinical.deidentify.words import UPPER, Word, Words

LAYER = "shapes"

_PART = rf"[{UPPER}][\w'-]*"
_CARET = re.compile(
    rf"(?<![\w^])(?:[a-z]{{1,3}}[ ])*{_PART}(?:[ ][\w'-]+){{0,2}}"
    rf"\^{_PART}(?:[ ][\w'-]+){{0,2}}(?:\^(?:[ ]?[\w'.-]+)*)*(?!\w)"
)
_LABEL = r"(?P<label>[A-Za-z][\w.#/'() &-]{1,34}?)[ ]?[.]{0,40}[ \t]*(?::|[.]{3,}|=)[ \t]*"
_END = r"(?=[ \t]*(?:$|\||;|/|[ ]{2}|\t|,[ ]?(?:M\.?D|D\.?O|[A-Z]{2,5}\b)|\d))"
_PARTICLES = (
    r"(?:(?:van|von|de|der|den|del|della|di|da|dos|du|la|le|ter|ten|al|el|bin|st\.?|mac|abu)[ ]){0,3}"
)
_LAST_INITIAL = re.compile(
    rf"(?:(?<=[:|;/\t=])|(?<=^)|(?<=\.\.)|(?<=[ ]{{2}}))[ \t]*"
    rf"(?P<name>(?i:{_PARTICLES}){_PART}(?:[ -]{_PART})?,[ ]?[A-Z]\.?(?:[ ]?[A-Z]\.)?)"
    r"(?=[ \t]*(?:$|\||;|/|[ ]{2}|\t))",
    re.MULTILINE,
)
_INITIAL_LAST = re.compile(
    rf"(?:^|(?<=[|;\t])|(?<=[ ]{{2}}))[ \t]*{_LABEL}(?P<name>(?:[A-Z]\.[ ]?){{1,2}}(?i:{_PARTICLES}){_PART}){_END}",
    re.MULTILINE,
)
_BRACKETED = re.compile(
    rf"(?<![\w'-])(?P<name>{_PART}(?:[ ](?:[A-Z]\.|{_PART})){{1,3}})[ ]?[(\[]"
    r"(?=[^)\]\n]{0,14}\d[^)\]\n]{0,6}\d)[^)\]\n]{4,24}[)\]]"
)
_VALUED = re.compile(
    rf"(?:[:|;=?\t>]|--|[ ]{{3}})[ \t]*(?P<name>{_PART}(?:[ ](?:[A-Z]\.?|{_PART})){{1,3}}){_END}",
    re.MULTILINE,
)
_PERSON = re.compile(
    r"(?i)\b(?:by|m\.?d|d\.?o|dr|phys(?:ician)?|surgeon|doctor|nurse|r\.?n|crna|tech(?:nologist)?|anesth\w*|provider|author"
    r"|attending|resident|assistant|attn|cc|pcp|tr|scribe|patient|pt|name)\.?\Z"
)
_TYPED = re.compile(
    rf"^[ \t]*(?P<name>(?:(?:[A-Z]\.[ ]?){{1,2}}|{_PART}[ ])?{_PART}(?:[ ]{_PART})?)[ \t]*(?:,?[ ]?M\.?D\.?)?"
    r"(?:/(?P<typist>(?:[^\W\d_][\w'-]{2,}[ ]?){1,3})(?=[ ]{2,}(?:\#|[DdTt]:|\d))"
    r"|[ ]?/[ ]?(?:[a-z]{2,4}|[A-Z]{2,4})|:[a-z]{2,4}|:[A-Z]{2,4}(?=[ ]{2}))(?=[ \t]*(?:$|[ ]{2}|\d|[DT]:))",
    re.MULTILINE,
)
_NUMBER = re.compile(
    r"(?<![\w.,/$^-])\#?(?P<number>[A-Z]{0,4}\d[A-Z0-9]*(?:[-./][A-Z0-9]+){0,4}[A-Z]?)(?![\w/]|[.,-]\d)"
)
_PAIR = re.compile(r"(?<![\w.,/$-])(?!(?:19|20)\d\d[ ](?:19|20)\d\d)\d{4}[ ]\d{4}(?![\w/]|[.,-]\d)")
_UNIT = re.compile(
    r"[ ]?(?:mg|mcg|ml|mL|cc|units?|IU|cells|copies|per|x\b|%|/|mm|cm|kg"
    r"|lb|WBC|platelets|years?|degrees|hours?|hrs?|cGy|Gy|Hz|kcal|cal)\b"
)
_VALUE = re.compile(
    r"\d{3}\.\d{2}|\d{3}-\d{4}|\d{2,3}/\d{2,3}|\d{1,3}-\d{2,3}|[A-Z]\d{2}\.\d{1,4}|\d{1,3}\.\d+(?:/[\d./]+)?"
)
_CODE = re.compile(r"(?i)(?:CPT|ICD|code|HCPCS)[ -]?(?:9|10)?[ :#-]*\Z")


def edges(text: str) -> tuple[int, int]:
    """Returns where the header may end and where the sign-off may begin."""
    filled = [m.span() for m in re.finditer(r"[^\n]*[^\s][^\n]*", text)]
    lines = [end for _, end in filled]
    prose = next((start for start, end in filled if end - start > 240), len(text))
    top = min(lines[min(13, len(lines) - 1)], 800, prose + 120) if lines else 0
    bottom = max(filled[max(-7, -len(filled))][0] if filled else 0, len(text) - 500)
    return top, bottom


def find_shapes(words: Words, vocabulary: Vocabulary, dates: Sequence[tuple[int, int]]) -> Iterator[Found]:
    """Yields names and numbers whose shape and place tell them.

    Args:
        dates: stretches that are dates, so no numbers of records.
    """
    text = words.text
    for match in _CARET.finditer(text):
        yield Found(match.start(), match.end(), "NAME", 0.97, LAYER)
    for match in _LAST_INITIAL.finditer(text):
        if not _term(words, match, vocabulary):
            yield Found(*match.span("name"), "NAME", 0.88, LAYER)
    for match in _INITIAL_LAST.finditer(text):
        if _PERSON.search(match.group("label")) or not _term(words, match, vocabulary):
            yield Found(*match.span("name"), "NAME", 0.88, LAYER)
    top, bottom = edges(text)
    for match in _TYPED.finditer(text, bottom):
        if not _term(words, match, vocabulary) or match.group("typist"):
            yield Found(*match.span("name"), "NAME", 0.85, LAYER)
        if match.group("typist"):
            yield Found(*match.span("typist"), "NAME", 0.85, LAYER)
    for form in (_BRACKETED, _VALUED):
        for match in form.finditer(text):
            if form is _VALUED and top < match.start() < bottom:
                continue
            if _whole_person(words, match, vocabulary):
                yield Found(*match.span("name"), "NAME", 0.82, LAYER)
    yield from _identity_lines(words, vocabulary, top, dates)
    yield from _numbers(text, top, bottom, dates)


_CELLS = re.compile(r"[ \t]*(?://?|\||;|·|•|\t|[ ]{3,})[ \t]*")
_WHOLE = re.compile(
    rf"(?:[A-Za-z' ]{{2,14}}:[ ])?(?P<name>(?i:{_PARTICLES}){_PART}(?:,?[ ](?:{_PART}|[A-Z]\.?)){{1,3}})\Z"
)


def _identity_lines(
    words: Words, vocabulary: Vocabulary, top: int, dates: Sequence[tuple[int, int]]
) -> Iterator[Found]:
    """Yields the name in a line of cells of which another holds a date or a number: ``Ann Lee / 4471205 / 1/2/60``."""
    for line in re.finditer(r"[^\n]{10,200}", words.text[:top]):
        begin = line.start()
        cells = []
        for cut in [*_CELLS.finditer(line.group()), None]:
            end = line.start() + cut.start() if cut else line.end()
            cells.append((begin, end))
            begin = line.start() + cut.end() if cut else end
        dated = [c for c in cells if any(c[0] <= s < c[1] for s, _ in dates)]
        numbered = [
            c for c in cells if c not in dated and sum(x.isdigit() for x in words.text[c[0] : c[1]]) > 4
        ]
        if len(cells) < 3 or not dated + numbered:
            continue
        for start, end in cells:
            match = _WHOLE.match(words.text[start:end])
            if match is None:
                continue
            first = words.at(start + match.start("name"))
            run = [w for w in words.items[first : first + 7] if w.end <= end]
            strange = [w for w in run if len(w.text) > 1 and not vocabulary.ordinary(w.text)]
            if any(
                w.key in vocabulary.stop | vocabulary.generic or w.key in vocabulary.facility for w in run
            ):
                continue
            if strange or all(vocabulary.name(w.text) for w in run if len(w.text) > 1):
                yield Found(start + match.start("name"), start + match.end("name"), "NAME", 0.85, LAYER)


def _numbers(text: str, top: int, bottom: int, dates: Sequence[tuple[int, int]]) -> Iterator[Found]:
    """Yields tokens with five digits or more in the header and the sign-off."""
    for match in _PAIR.finditer(text):
        if not top < match.start() < bottom:
            yield Found(match.start(), match.end(), "ID", 0.8, LAYER)
    for match in _NUMBER.finditer(text):
        start, end = match.span("number")
        if top < start < bottom or sum(c.isdigit() for c in match.group()) < 5:
            continue
        if _CODE.search(text, max(0, start - 12), start) or _VALUE.fullmatch(match.group("number")):
            continue
        if _UNIT.match(text, end) or any(s < end and start < e for s, e in dates):
            continue
        yield Found(start, end, "ID", 0.8, LAYER)


def _whole_person(words: Words, match: re.Match[str], vocabulary: Vocabulary) -> bool:
    """Tells whether a listed given name opens the shape and no word of it makes a term."""
    first = words.at(match.start("name"))
    run = [w for w in words.items[first : first + 6] if w.start < match.end("name")]
    known = vocabulary.stop | vocabulary.keep_before | vocabulary.generic | vocabulary.facility
    if len(run) < 2 or any(w.key in known for w in run):
        return False
    lead = run[0]
    plain = lead.key not in vocabulary.common_given and all(
        vocabulary.ordinary(w.text) for w in run if len(w.text) > 1
    )
    return lead.key in vocabulary.given and not plain and (lead.title or words.shouting(first))


def _term(words: Words, match: re.Match[str], vocabulary: Vocabulary) -> bool:
    """Tells whether the shape holds medicine and not a person: ``Pain, R.`` but not ``Colon, S.`` after a label."""
    run: list[Word] = []
    index = words.at(match.start("name"))
    while index < len(words.items) and words.items[index].start < match.end("name"):
        run.append(words.items[index])
        index += 1
    whole = [w for w in run if len(w.text) > 1]
    if not whole or any(w.key in vocabulary.stop or w.key in DEGREE for w in whole):
        return True
    return all(vocabulary.ordinary(w.text) and not vocabulary.name(w.text) for w in whole)
