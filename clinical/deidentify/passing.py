"""Names in passing whose sentence tells them, even where every word is an ordinary one."""

import re
from collections.abc import Iterable, Iterator

from clinical.deidentify.found import Found
from clinical.deidentify.vocabulary import Vocabulary
from clinical.deidentify.words import UPPER, Words

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
        for form in (_ATTESTS, self._aside, self._shouted):
            for match in form.finditer(text):
                run = [
                    w for w in words.items[words.at(match.start("name")) :][:6] if w.start < match.end("name")
                ]
                if any(w.key in self._vocabulary.stop for w in run) or (
                    len(run) == 1 and run[0].caps and not words.shouting(words.at(run[0].start))
                ):
                    continue
                first = run[0]
                if (
                    form is not _ATTESTS
                    and len(run) == 1
                    and self._vocabulary.ordinary(first.text)
                    and not self._vocabulary.name(first.text)
                ):
                    continue
                yield Found(*match.span("name"), "NAME", 0.88, LAYER)


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
