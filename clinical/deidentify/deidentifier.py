"""The de-identifier: every layer in its turn, then one list of spans, tags in their place, and what risk remains."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import chain
from typing import Any

from clinical.deidentify import known as known_layer
from clinical.deidentify import ner, tagger
from clinical.deidentify.ages import find_ages
from clinical.deidentify.dates import LAYER as DATES
from clinical.deidentify.dates import DateForms, DateFound, own_date, parse_iso
from clinical.deidentify.fields import (
    Field,
    find_fields,
    load_labels,
    names_in_fields,
    numbers_in_fields,
    places_in_fields,
)
from clinical.deidentify.folding import Folded, fold, key
from clinical.deidentify.found import Found, Merged, merge
from clinical.deidentify.known import (
    KnownIndex,
    Person,
    birth_dates,
    initials,
    known_numbers,
    known_phrases,
    known_places,
    people_of,
)
from clinical.deidentify.labels import with_colons
from clinical.deidentify.names import NameGrammar
from clinical.deidentify.passing import Passing, beside, widened
from clinical.deidentify.patterns import build_registry, find_patterns
from clinical.deidentify.places import PlaceGrammar, homes
from clinical.deidentify.propagate import propagate
from clinical.deidentify.risk import load_calibration, residual_risk
from clinical.deidentify.shapes import LAYER as SHAPES
from clinical.deidentify.shapes import find_shapes
from clinical.deidentify.spanish import find_blocks
from clinical.deidentify.tags import TAG, date_tag, tag
from clinical.deidentify.values import cuts_number, is_value, names_value, set_phrases
from clinical.deidentify.vocabulary import load_vocabulary
from clinical.deidentify.words import Words, find_words
from clinical.deidentify.zone_values import find_in_zones
from clinical.deidentify.zones import LAYER as ZONES
from clinical.deidentify.zones import find_zones
from clinical.errors import SettingsError
from clinical.report import DeidentifiedReport, Doubtful, Identity, Span

LANGUAGES = ("en", "es")
THRESHOLD = 0.5
PROPAGATE = 0.6


@dataclass(frozen=True, slots=True)
class Roster:
    """Whom and what the practice knows: its own people, its facilities, all its patients."""

    people: tuple[str, ...] = field(default=(), repr=False)
    facilities: tuple[str, ...] = field(default=(), repr=False)
    identities: tuple[Identity, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Policy:
    """How a practice wants its texts de-identified.

    Attributes:
        language: ``en`` or ``es``.
        allow: words and phrases that stay; deny: words and phrases that always go.
        hold_above: residual risk of any label above which a person must look.
        safe_harbor: ages over 89 are tagged.
        ner: spaCy's model runs too, where it is installed; it brought nothing measurable.
        without: layers to leave out, for measurements.
    """

    language: str = "en"
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    hold_above: float = 0.05
    safe_harbor: bool = True
    ner: bool = False
    without: frozenset[str] = frozenset()


class Deidentifier:
    """Finds and replaces identifiers. Building one loads word lists and models; using one changes nothing in it."""

    def __init__(self, policy: Policy = Policy(), roster: Roster = Roster()) -> None:
        if policy.language not in LANGUAGES:
            raise SettingsError(f"No de-identification for this language. Known: {', '.join(LANGUAGES)}.")
        spanish = policy.language == "es"
        self._policy = policy
        self._spanish = spanish
        self._vocabulary = load_vocabulary(policy.language)
        self._dates = DateForms(policy.language)
        self._names = NameGrammar(self._vocabulary, announced_only=spanish)
        self._passing = None if spanish else Passing(self._vocabulary)
        self._places = PlaceGrammar(self._vocabulary)
        self._labels = load_labels("fields.toml", *(("fields_es.toml",) if spanish else ()))
        self._registry = build_registry(
            policy.language, policy.deny, "patterns.toml", *(("patterns_es.toml",) if spanish else ())
        )
        self._model: Any | None = (
            ner.load_model() if policy.ner and not spanish and ner.LAYER not in policy.without else None
        )
        self._tagger = tagger.load_tagger() if tagger.LAYER not in policy.without and not spanish else None
        self._known = self._index(roster)
        self._calibration = load_calibration()
        self._allow = frozenset(key(" ".join(phrase.split())) for phrase in policy.allow)

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers that run."""
        every = [
            known_layer.LAYER,
            "fields",
            "grammar",
            "patterns",
            DATES,
            "ages",
            "places",
            SHAPES,
            ZONES,
            "propagated",
        ]
        models = ((ner.LAYER,) if self._model else ()) + ((tagger.LAYER,) if self._tagger else ())
        return tuple(n for n in every if n not in self._policy.without) + models

    def deidentify(
        self,
        text: str,
        identity: Identity | None = None,
        observed_at: str | None = None,
        doubtful: Sequence[Doubtful] = (),
    ) -> DeidentifiedReport:
        """Replaces every identifier in ``text`` by a tag.

        Args:
            identity: who the header or the message says the patient is.
            observed_at: ISO date of the examination; other dates become intervals to it. Without it the report's
                header is asked.
            doubtful: stretches of ``text`` that two readers read differently; given back at their new places.

        Returns:
            The text with tags, spans that index the source, the residual risk and whether a person must look.
        """
        view = self._view(text)
        fields = find_fields(view.text, self._labels)
        dates = self._dates.find(view.text)
        merged = self._find(view, fields, dates, identity, self._known)
        taken = [m for m in merged if m.score >= THRESHOLD]
        doubted = [m for m in merged if m.score < THRESHOLD]
        base = parse_iso(observed_at) or own_date(dates, fields)
        hidden = birth_dates(dates, identity) | {
            d.start
            for d in dates
            for f in fields
            if f.kind == "birth" and f.start <= d.start < max(f.end, f.start + 1)
        }
        spans = [self._span(m, view, dates, base, hidden) for m in taken]
        nameless = not self._spanish and identity is None and is_nameless(view.text, taken)
        risk = residual_risk(doubted, self._calibration, THRESHOLD, nameless=nameless)
        out, moved = apply_spans(text, spans, doubtful)
        return DeidentifiedReport(
            text=out,
            spans=tuple(spans),
            risk=risk,
            layers=self.layers,
            doubtful=moved,
            held=max(risk.values(), default=0.0) > self._policy.hold_above,
            doubts=tuple(self._span(m, view, dates, base, hidden) for m in doubted),
        )

    def _view(self, text: str) -> Folded:
        """Returns the text as the layers read it: folded, the separators of its headers made alike."""
        view = fold(text)
        return view if self._spanish else replace(view, text=with_colons(view.text))

    def _index(self, roster: Roster) -> KnownIndex:
        return known_layer.index_of(roster.identities, roster.people, roster.facilities, self._vocabulary)

    def weigh(self, text: str) -> tuple[tuple[Merged, ...], tuple[Merged, ...]]:
        """Returns what is taken and what is doubted, in offsets of the folded text; for measurements."""
        view = self._view(text)
        fields = find_fields(view.text, self._labels)
        merged = self._find(view, fields, self._dates.find(view.text), None, self._known)
        return tuple(m for m in merged if m.score >= THRESHOLD), tuple(
            m for m in merged if m.score < THRESHOLD
        )

    def sweep(self, text: str, roster: Roster | None = None) -> tuple[Span, ...]:
        """Finds identifiers still in a text that was de-identified, knowing everyone on the roster.

        Args:
            roster: used instead of the one given at construction.
        """
        view = self._view(text)
        blocked = [m.span() for m in TAG.finditer(view.text)]
        known = self._known if roster is None else self._index(roster)
        fields = find_fields(view.text, self._labels)
        merged = self._find(view, fields, self._dates.find(view.text), None, known)
        spans = []
        for item in merged:
            if item.score < THRESHOLD or any(item.start < end and item.end > start for start, end in blocked):
                continue
            spans.append(
                Span(
                    view.source_start(item.start),
                    view.source_end(item.end),
                    item.label,
                    tag(item.label),
                    item.score,
                    item.layers,
                )
            )
        return tuple(spans)

    def _find(
        self,
        view: Folded,
        fields: tuple[Field, ...],
        dates: tuple[DateFound, ...],
        identity: Identity | None,
        known: KnownIndex,
    ) -> tuple[Merged, ...]:
        text = view.text
        words = find_words(text)
        vocabulary = self._vocabulary
        found: list[Found] = [Found(d.start, d.end, "DATE", d.score, DATES) for d in dates]
        found.extend(find_patterns(text, self._registry))
        found.extend(numbers_in_fields(text, fields))
        found.extend(names_in_fields(text, fields, words, vocabulary))
        found.extend(places_in_fields(text, fields, words, vocabulary))
        found.extend(self._places.find(words))
        found.extend(self._names.find(words))
        if self._spanish:
            found.extend(find_blocks(text))
        if self._passing is not None:
            found.extend(self._passing.find(words))
            found.extend(find_shapes(words, vocabulary, [(d.start, d.end) for d in dates]))
        if self._policy.safe_harbor:
            found.extend(find_ages(text))
        if self._model is not None:
            found.extend(ner.find_entities(words, vocabulary, self._model))
        if self._tagger is not None:
            found.extend(tagger.find_tagged(words, vocabulary, self._tagger))
        people = people_of(identity)
        if identity:
            own = known_layer.index_of([identity], (), (), vocabulary)
            found.extend(known_numbers(text, own.numbers))
            found.extend(known_places(text, identity))
        found.extend(known_numbers(text, known.numbers))
        found.extend(known_phrases(text, known.places))
        if identity and people:
            found.extend(initials(words, people[0], vocabulary))
        named = [(f.start, f.end) for f in found if f.label == "NAME" and f.score >= PROPAGATE]
        found.extend(homes(words, named, vocabulary))
        found.extend(beside(words, named, vocabulary))
        found = [f for f in found if f.layer not in self._policy.without]
        found = [f for f in found if not self._allowed(text[f.start : f.end])]
        found = [f for f in found if not _breaks_value(text, f)]
        if not self._spanish and ZONES not in self._policy.without:
            sure = [f for f in found if f.score >= THRESHOLD]
            zones = find_zones(text, [(f.start, f.end) for f in sure])
            extra = find_in_zones(words, vocabulary, zones, sure)
            found.extend(
                f for f in extra if not self._allowed(text[f.start : f.end]) and not _breaks_value(text, f)
            )
        if "propagated" not in self._policy.without:
            carried = [
                f
                for f in self._propagated(words, people, known, found)
                if not self._allowed(text[f.start : f.end])
            ]
            found.extend(carried)
            found.extend(beside(words, [(f.start, f.end) for f in carried], vocabulary))
        said = set_phrases(text)
        found = [
            f
            for f in found
            if f.label not in ("NAME", "LOCATION") or not any(first <= f.start < last for first, last in said)
        ]
        merged = merge(found)
        return merged if self._spanish else widened(merged, text)

    def _propagated(
        self, words: Words, people: tuple[Person, ...], known: KnownIndex, found: list[Found]
    ) -> Iterable[Found]:
        """Carries known names, then the names found, through the text."""
        models = (tagger.LAYER, ner.LAYER)
        announced = [(f.start, f.end) for f in found if f.label == "NAME" and f.layer not in models]

        def sure(item: Found) -> bool:
            stretch = words.text[item.start : item.end]
            if (
                item.layer not in models
                or any(c.isspace() for c in stretch)
                or self._vocabulary.name(stretch)
            ):
                return True
            return any(start < item.end and item.start < end for start, end in announced)

        strong = [f for f in found if f.label == "NAME" and f.score >= PROPAGATE and sure(f)]
        here = {known_layer.person(words.text[f.start : f.end]) for f in strong}
        taken = [(f.start, f.end) for f in found if f.score >= THRESHOLD]
        everyone = tuple(dict.fromkeys((*people, *sorted(here, key=lambda p: p.parts))))
        return propagate(words, self._vocabulary, [p for p in everyone if p.parts], known, taken)

    def _allowed(self, stretch: str) -> bool:
        return bool(self._allow) and key(" ".join(stretch.split())) in self._allow

    def _span(
        self,
        item: Merged,
        view: Folded,
        dates: tuple[DateFound, ...],
        base: date | None,
        hidden: Iterable[int],
    ) -> Span:
        replacement = tag(item.label)
        if item.label == "DATE":
            inside = [d for d in dates if item.start <= d.start and d.end <= item.end]
            whole = [d for d in inside if d.day]
            if base and whole and whole[0].start not in set(hidden):
                days = (whole[0].day - base).days if whole[0].day else None
                replacement = date_tag(days if days is not None and abs(days) < 89 * 365 else None)
        return Span(
            view.source_start(item.start),
            view.source_end(item.end),
            item.label,
            replacement,
            round(item.score, 4),
            item.layers,
        )


def apply_spans(
    text: str, spans: Sequence[Span], doubtful: Sequence[Doubtful]
) -> tuple[str, tuple[Doubtful, ...]]:
    """Returns the text with its replacements, and the doubtful stretches that survive, at their new places."""
    pieces: list[str] = []
    kept: list[tuple[int, int, int]] = []
    position = length = 0
    for span in chain(spans, [Span(len(text), len(text), "OTHER")]):
        piece = text[position : span.start]
        kept.append((position, span.start, length - position))
        pieces += [piece, span.replacement]
        length += len(piece) + len(span.replacement)
        position = span.end
    moved = [
        Doubtful(item.start + shift, item.end + shift, item.readings)
        for item in doubtful
        for start, end, shift in kept
        if start <= item.start and item.end <= end
    ]
    return "".join(pieces), tuple(moved)


def is_nameless(text: str, taken: Sequence[Merged]) -> bool:
    """Tells whether a report holds a record number, yet no header in which a name was found: its layout is unknown."""
    if not any(m.label == "ID" for m in taken):
        return False
    zones = find_zones(text, [(m.start, m.end) for m in taken])
    return not any(m.label == "NAME" and z.start <= m.start < z.end for m in taken for z in zones[:1])


def _breaks_value(text: str, found: Found) -> bool:
    """Tells whether a find is a clinical number in truth, or would take a part of one."""
    if found.label in ("ID", "PHONE", "FAX"):
        return is_value(text, found.start, found.end)
    if found.label in ("NAME", "LOCATION"):
        return cuts_number(text, found.start, found.end) or names_value(text, found.end)
    return False
