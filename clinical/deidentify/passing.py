"""Names in passing whose sentence tells them, even where every word is an ordinary one."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from clinical.deidentify.found import Found, Merged
from clinical.deidentify.phrases import SHORT_FAMILY
from clinical.deidentify.values import MEDICAL
from clinical.deidentify.vocabulary import Vocabulary
from clinical.deidentify.words import UPPER, Word, Words

LAYER = "grammar"
_WORD = rf"[{UPPER}][\w'-]*"
_NAME = rf"(?P<name>{_WORD}(?:[ ](?:[A-Z]\.?|{_WORD}|de|la|van|von|der|den|del|da|dos|al|el)){{0,4}})"
_SALUTE = re.compile(
    rf"^[ \t]*(?:Dear|DEAR|Hello|Hi)[ ](?P<name>{_WORD}(?:[ ]{_WORD}){{0,2}})[ \t]*[,:;.-]?[ \t]*$",
    re.MULTILINE,
)
_ATTESTS = re.compile(
    rf"(?<!\w)I,[ ](?:(?:Dr|DR)\.?[ ])?{_NAME}(?:,[ ]?[A-Z][A-Za-z.-]{{1,6}}){{0,3}},?[ ]"
    r"(?i:was|am|have|attest|certify|personally|agree|hereby|reviewed|saw|performed|did|attended)\b"
)
_PLEASURE = re.compile(
    r"(?i:(?:pleasure|opportunity|privilege)[ ]of[ ](?:seeing|meeting|evaluating|examining)"
    r"|(?:your|our|this|mutual|my)[ ]patient|care[ ]of)"
    rf"(?i:[ ](?:your|our|the|mutual|patient|very|pleasant|nice))*,?[ ]"
    rf"(?:(?:Mr|Mrs|Ms|Miss)\.?[ ])?{_NAME}(?=,|\.|[ ](?i:on|in|at|today|who|is|was)\b)"
)
_OF_AGE = re.compile(
    rf"(?<!\w)(?i:male|female|man|woman|gentleman|lady|boy|girl|[MFmf]),[ ]{_NAME}"
    r"(?=,[ ](?i:who|seen|admitted|presents|was|is|with|referred|he|she)\b)"
)
_NOTE = re.compile(
    rf"(?:[Pp]er|PER|[Ii]n|[Ff]rom|[Ss]ee|[Bb]y)[ ](?:(?:Dr|DR)\.?[ ])?{_NAME}'[sS][ ]"
    r"(?i:note|notes|report|dictation|consultation|consult|request|recommendations?|office|service|letter|plan|exam)\b"
)
_SUBJECT = re.compile(
    rf"(?:^|(?<=[.!?:)][ ])|(?<=[.!?][ ]{{2}}))[ \t]*(?P<name>{_WORD}(?:[ ]{_WORD})?)[ ]"
    r"(?:(?:was|is|has[ ]been|had[ ]been)[ ](?:then[ ]|also[ ]|subsequently[ ]|now[ ]|first[ ]|being[ ])?"
    r"(?:discharged|transferred|admitted"
    r"|taken[ ]to|returned[ ]to|seen[ ]|referred|extubated|awakened|counseled|instructed"
    r"|status[ ]post|brought|doing|alert|awake|able[ ]to"
    r"|an?[ ]\d|an?[ ](?:very[ ])?(?:pleasant|delightful|nice))|is[ ]taking|has[ ]worked|has[ ]an?[ ]\d"
    r"|denies|denied|reports|reported|states|stated"
    r"|complains|complained"
    r"|presents|presented|underwent|tolerated|lives|works|smokes|describes|admits|recalls|feels"
    r"|returns|returned|agrees|agreed|will[ ](?:follow|return|see))\b",
    re.MULTILINE,
)
_PARTS_OF_BODY = frozenset(["iris"])
_WHOSE = r"(?:the|her|his|their|(?:the[ ])?patient's)"


class Passing:
    """The cues of one vocabulary, compiled once."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        kin = "|".join(sorted(vocabulary.relations - {"named", "twins", "children", "sons", "daughters"}))
        self._aside = re.compile(
            rf"(?<![\w-]){_NAME},[ ]{_WHOSE}[ ](?:\w+[ ])?(?:{kin}|surgeon|physician|attending|nurse|pharmacist"
            r"|interpreter|therapist|social[ ]worker|case[ ]manager|resident|fellow|intern)\b(?=[,.; )]|$)"
        )
        self._shouted = re.compile(
            rf"(?<![\w-]){_NAME},[ ](?:THE|HER|HIS|THEIR)[ ](?:\w+[ ])?(?:{kin.upper()})\b(?=[,.; )]|$)"
        )

    def find(self, words: Words) -> Iterator[Found]:
        """Yields names that their sentence tells."""
        text = words.text
        for match in _SALUTE.finditer(text):
            run = [w for w in words.items[words.at(match.start("name")) :][:4] if w.start < match.end("name")]
            if not any(w.key in _NOBODY or w.key in self._vocabulary.relations for w in run):
                yield Found(*match.span("name"), "NAME", 0.93, LAYER)
        yield from self._subjects(words)
        for form in (_ATTESTS, _PLEASURE, _NOTE, _OF_AGE, self._aside, self._shouted):
            for match in form.finditer(text):
                first = words.at(match.start("name"))
                run = [w for w in words.items[first : first + 6] if w.start < match.end("name")]
                if not self._person(words, first, run, announced=form in (_ATTESTS, _PLEASURE, _NOTE)):
                    continue
                yield Found(*match.span("name"), "NAME", 0.88, LAYER)

    def _subjects(self, words: Words) -> Iterator[Found]:
        """Yields the name that opens a sentence of what only a person does: ``Pearl denies``."""
        vocabulary = self._vocabulary
        never = (
            vocabulary.stop
            | vocabulary.roles
            | vocabulary.abbreviations
            | vocabulary.facility
            | vocabulary.generic
        )
        for match in _SUBJECT.finditer(words.text):
            first = words.at(match.start("name"))
            run = [w for w in words.items[first : first + 2] if w.start < match.end("name")]
            if not run or any(w.key in never or not w.title or w.key in _PARTS_OF_BODY for w in run):
                continue
            if all(
                w.key in vocabulary.common_given
                or (not vocabulary.ambiguous(w.text) and not MEDICAL.search(w.key))
                for w in run
            ):
                yield Found(*match.span("name"), "NAME", 0.75, LAYER)

    def _person(self, words: Words, first: int, run: Sequence[Word], *, announced: bool) -> bool:
        """Tells whether the words are a person's: none of grammar, no short capitals, two words or one name."""
        vocabulary = self._vocabulary
        if not run or (len(run) == 1 and run[0].key in SHORT_FAMILY and run[0].title):
            return bool(run)
        if run[0].key in vocabulary.roles or any(w.key in vocabulary.stop for w in run):
            return False
        if not announced and any(w.key in vocabulary.generic for w in run):
            return False
        if len(run) == 1 and run[0].caps and not words.shouting(first):
            return False
        return (announced and len(run) > 1) or any(
            vocabulary.name(w.text) or not vocabulary.ambiguous(w.text) for w in run if len(w.text) > 1
        )


_NOBODY = frozenset(
    [
        "doctor",
        "doctors",
        "colleague",
        "colleagues",
        "sir",
        "sirs",
        "madam",
        "sample",
        "patient",
        "friend",
        "friends",
        "all",
        "team",
        "dr",
        "mr",
        "mrs",
        "ms",
        "physician",
        "provider",
        "family",
        "parents",
        "parent",
        "customer",
        "member",
    ]
)


def beside(words: Words, names: Iterable[tuple[int, int]], vocabulary: Vocabulary) -> Iterator[Found]:
    """Yields a listed given name right before a name that was found, and a listed family name right behind one."""
    known = vocabulary.stop | vocabulary.roles | vocabulary.keep_before | vocabulary.generic
    for start, end in names:
        index = words.at(start) - 1
        if index >= 0:
            word = words.items[index]
            plain = vocabulary.ordinary(word.text) and word.key not in vocabulary.common_given
            if word.gap == " " and word.title and word.key in vocabulary.given - known and not plain:
                yield Found(word.start, end, "NAME", 0.8, LAYER)
        index = words.at(end)
        if index < len(words.items) and words.text[end : words.items[index].start] == " ":
            word = words.items[index]
            if word.title and word.key in vocabulary.family - known and not vocabulary.ambiguous(word.text):
                yield Found(start, word.end, "NAME", 0.8, LAYER)


_SUFFIX = re.compile(r",?[ ](?:Jr|Sr|JR|SR|II|III|IV)\b\.?(?![ ]?[A-Za-z]*\d)")
_LEAD = re.compile(
    r"(?<![\w'-])(?:(?:van|von|der|den|de|del|della|di|da|dos|du|la|le|ter|ten|te|bin|ibn|abu|al|el|zu|'t"
    r"|Van|Von|Der|Den|De|Del|Di|Da|Dos|Du|La|Le|Ter|Ten|Bin|Ibn|Abu|Al|El|Mac|San|St\.)[ -]){1,3}\Z"
)


def widened(merged: Sequence[Merged], text: str) -> tuple[Merged, ...]:
    """Takes the particles before a name into it, and unites two parts that only particles part: ``Ali bin Yusuf``."""
    result: list[Merged] = []
    for item in merged:
        if item.label == "NAME":
            floor = result[-1].end if result else 0
            lead = _LEAD.search(text, max(floor, item.start - 16), item.start)
            if lead:
                item = replace(item, start=lead.start())
            suffix = _SUFFIX.match(text, item.end)
            if suffix:
                item = replace(item, end=suffix.end())
            if result and result[-1].label == "NAME" and text[result[-1].end : item.start] == " " and lead:
                last = result.pop()
                layers = tuple(sorted({*last.layers, *item.layers}))
                item = Merged(last.start, item.end, "NAME", max(last.score, item.score), layers)
        elif item.label == "LOCATION" and text.startswith("The ", item.start - 4):
            item = replace(item, start=item.start - 4)
        if result and result[-1].end > item.start:
            last = result.pop()
            item = replace(item, start=last.start, label=last.label, end=max(last.end, item.end))
        result.append(item)
    return tuple(result)
