"""The peers: Presidio as its users run it, philter-lite, and their union.

Presidio gets its own default registry and spaCy's small English model from the installed package, so that it downloads
nothing. philter-lite runs with its packaged filters; its part-of-speech tags come from NLTK, whose data no package
carries (LookupError: averaged_perceptron_tagger_eng), so spaCy's tagger, which uses the same tags, stands in, and the
table says so. Either is left out, saying so, where it is not installed.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clinical.deidentify.ner import PACKAGE, load_model
from clinical.deidentify.patterns import import_without_torch

Stretches = list[tuple[int, int]]


def presidio() -> Any:
    """Returns Presidio's engine over the packaged model."""
    import tldextract
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import NlpArtifacts, SpacyNlpEngine

    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=())
    model = load_model()

    class Engine(SpacyNlpEngine):  # type: ignore[misc]
        """Presidio's spaCy engine with a model that is loaded already."""

        def __init__(self) -> None:
            super().__init__()
            self.nlp = {"en": model}

        def is_loaded(self) -> bool:
            """Says that nothing is to be fetched."""
            return True

        def process_text(self, text: str, language: str) -> NlpArtifacts:
            """Runs the model; its missing lemmas become the words in lower case."""
            doc = self.nlp[language](text)
            for token in doc:
                token.lemma_ = token.lower_
            return self._doc_to_nlp_artifact(doc, language)

    return AnalyzerEngine(nlp_engine=Engine(), supported_languages=["en"])


def spacy_tags() -> Any:
    """Returns a stand-in for ``nltk.pos_tag`` over the packaged model."""
    from spacy.tokens import Doc

    model = import_without_torch(PACKAGE).load(exclude=["parser", "lemmatizer", "attribute_ruler", "ner"])

    def tags(words: list[str]) -> list[tuple[str, str]]:
        kept = [w for w in words if w]
        doc = Doc(model.vocab, words=kept)
        for _, pipe in model.pipeline:
            doc = pipe(doc)
        found = iter(doc)
        return [(w, next(found).tag_ if w else "") for w in words]

    return tags


def peers() -> Mapping[str, Any]:
    """Returns the covers by name."""
    found: dict[str, Any] = {}
    try:
        engine = presidio()
        found["Presidio with NER"] = lambda text: (
            [(r.start, r.end) for r in engine.analyze(text, language="en")],
            False,
        )
    except ImportError as missing:
        print(f"left out: Presidio ({missing.name} is not installed)")
    try:
        import philter_lite

        folder = Path(str(philter_lite.__file__)).parent
        filters = philter_lite.load_filters(str(folder / "configs" / "philter_delta.toml"))

        def philter(text: str) -> tuple[Stretches, bool]:
            kept, _, _ = philter_lite.detect_phi(text, filters)
            masked = philter_lite.transform_text_asterisk(text, kept)
            return [m.span() for m in re.finditer(r"\*+", masked) if text[m.start()] != "*"], False

        name = "philter-lite"
        try:
            philter("Seen by Dr. Smith.")
        except LookupError:
            philter_lite.philter.nltk.pos_tag = spacy_tags()
            philter("Seen by Dr. Smith.")
            name = "philter-lite (spaCy's tags)"
        found[name] = philter
    except ImportError as missing:
        print(f"left out: philter-lite ({missing.name} is not installed)")
    if len(found) == 2:
        first, second = found.values()
        found["both united"] = lambda text: (first(text)[0] + second(text)[0], False)
    return found
