"""What words are: ordinary, medical, eponym, given or family name, place. Loaded once per de-identifier."""

import gzip
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from clinical.deidentify.folding import key

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Sets of words, all in the form that ``folding.key`` gives.

    Attributes:
        words: written in lower case by clinical or everyday prose, drug names (also in drugs) included.
        given, family: names of people; places: cities, states, countries; cities: the large ones.
        common_given: given names that are words as well.
        keep: eponyms, devices, brands and scores that must survive when they stand alone.
        keep_before: nouns that turn the name before them into a term (``disease``, ``catheter``).
        stop: words that never are part of a name's phrase (``the``, ``none``, ``general``).
        particles: lower-case parts of names (``van``, ``de``).
        verbs: what a person does at the start of a sentence (``was``, ``denies``).
        relations, facility: nouns that announce a person, or end the name of a facility (weak_facility: only
            beside a stranger; generic: words that make such a name generic).
        regions: states and countries, which may stand; roles: words that are a name only where one is sure to stand.
        by_verbs, signing_verbs: what a person does to a report; abbreviations: clinical ones, lower case.
        place_verbs: what people do in places; state_codes: of the post, state_words: those that are words as well.
    """

    words: frozenset[str] = field(repr=False)
    drugs: frozenset[str] = field(repr=False)
    given: frozenset[str] = field(repr=False)
    family: frozenset[str] = field(repr=False)
    places: frozenset[str] = field(repr=False)
    cities: frozenset[str] = field(repr=False)
    common_given: frozenset[str] = field(repr=False)
    keep: frozenset[str] = field(repr=False)
    keep_before: frozenset[str] = field(repr=False)
    stop: frozenset[str] = field(repr=False)
    particles: frozenset[str] = field(repr=False)
    verbs: frozenset[str] = field(repr=False)
    relations: frozenset[str] = field(repr=False)
    facility: frozenset[str] = field(repr=False)
    weak_facility: frozenset[str] = field(repr=False)
    generic: frozenset[str] = field(repr=False)
    regions: frozenset[str] = field(repr=False)
    roles: frozenset[str] = field(repr=False)
    by_verbs: frozenset[str] = field(repr=False)
    signing_verbs: frozenset[str] = field(repr=False)
    abbreviations: frozenset[str] = field(repr=False)
    place_verbs: frozenset[str] = field(repr=False)
    state_codes: frozenset[str] = field(repr=False)
    state_words: frozenset[str] = field(repr=False)

    def ordinary(self, word: str) -> bool:
        """Tells whether a word (any case) is in ordinary or medical use, hyphenated words by their parts."""
        word = key(word)
        if word in self.words:
            return True
        return "-" in word and all(part in self.words or len(part) < 2 for part in word.split("-"))

    def ambiguous(self, word: str) -> bool:
        """Tells whether a word may be something else than a name: ordinary, eponym, device or month."""
        word = key(word)
        return self.ordinary(word) or word in self.keep or ("-" in word and word.split("-")[0] in self.keep)

    def name(self, word: str) -> bool:
        """Tells whether a word, or a part of a hyphenated one, is on a list of names."""
        word = key(word)
        return any(part in self.given or part in self.family for part in (word, *word.split("-")))


def load_vocabulary(language: str = "en") -> Vocabulary:
    """Reads the packaged lists; Spanish brings words that end a name's phrase."""
    terms = tomllib.loads((HERE / "terms.toml").read_text(encoding="utf-8"))
    names = [line.split("\t") for line in _lines("names")]
    words = [line.partition("\t") for line in _lines("words")]
    return Vocabulary(
        words=frozenset(word for word, _, kind in words if kind != "a") | _set(terms, "medical"),
        drugs=frozenset(word for word, _, kind in words if kind == "d"),
        abbreviations=frozenset(word for word, _, kind in words if kind == "a"),
        given=frozenset(name for name, kind in names if kind in "gb"),
        family=frozenset(name for name, kind in names if kind in "fb"),
        places=frozenset(_lines("places")) | _set(terms, "cities"),
        cities=_set(terms, "cities"),
        common_given=_set(terms, "common_given"),
        keep=_set(terms, "eponyms") | _set(terms, "devices") | _set(terms, "scores") | _set(terms, "brands"),
        keep_before=_set(terms, "keep_before"),
        stop=_set(terms, "stop") | (_set(terms, "spanish_stop") if language == "es" else frozenset()),
        particles=_set(terms, "particles"),
        verbs=_set(terms, "verbs"),
        relations=_set(terms, "relations"),
        facility=_set(terms, "facility"),
        weak_facility=_set(terms, "weak_facility"),
        generic=_set(terms, "generic"),
        regions=_set(terms, "regions"),
        roles=_set(terms, "roles"),
        by_verbs=_set(terms, "by_verbs"),
        signing_verbs=_set(terms, "signing_verbs"),
        place_verbs=_set(terms, "place_verbs"),
        state_codes=_set(terms, "state_codes"),
        state_words=_set(terms, "state_words"),
    )


def _set(terms: dict[str, str], name: str) -> frozenset[str]:
    return frozenset(key(word) for word in terms[name].split())


def _lines(name: str) -> list[str]:
    return gzip.decompress((HERE / f"{name}.txt.gz").read_bytes()).decode().split("\n")
