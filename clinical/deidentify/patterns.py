"""Identifiers with a form of their own, as Presidio recognizers over the patterns of ``patterns.toml``.

Presidio's default registry is not used: it misses clinical forms, fires on vertebrae and downloads lists at run time.
"""

import importlib
import re
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

from clinical.deidentify.found import Found
from clinical.report import Label

LAYER = "patterns"
_NOT_NEEDED = ("torch", "transformers", "stanza", "gliner", "spacy_huggingface_pipelines", "cupy")


def import_without_torch(name: str) -> Any:
    """Imports presidio or spaCy while the large libraries they would try to load as well are out of reach.

    Neither is used here with them; with them the start takes seconds more and hundreds of megabytes.
    """
    hidden = [library for library in _NOT_NEEDED if library not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        return importlib.import_module(name)
    finally:
        for library in hidden:
            del sys.modules[library]


def build_registry(language: str, deny: Sequence[str], *files: str) -> Any:
    """Builds the registry: one recognizer a label, and one for the practice's own deny list."""
    presidio = import_without_torch("presidio_analyzer")
    grouped: dict[str, list[Any]] = {}
    for file in files:
        rules = tomllib.loads((Path(__file__).parent / file).read_text(encoding="utf-8"))
        for number, rule in enumerate(rules["pattern"]):
            expression = rule["regex"]
            for name, fragment in rules.get("fragments", {}).items():
                expression = expression.replace(f"{{{name}}}", fragment)
            grouped.setdefault(rule["label"], []).append(
                presidio.Pattern(f"{file} {number}", expression, rule["score"])
            )
    recognizers: list[Any] = [
        presidio.PatternRecognizer(
            supported_entity=label,
            patterns=patterns,
            supported_language=language,
            global_regex_flags=re.MULTILINE,
        )
        for label, patterns in grouped.items()
    ]
    if deny:
        recognizers.append(
            presidio.PatternRecognizer(
                supported_entity="OTHER",
                deny_list=list(deny),
                deny_list_score=0.99,
                supported_language=language,
            )
        )
    return presidio.RecognizerRegistry(recognizers=recognizers, supported_languages=[language])


def find_patterns(text: str, registry: Any) -> Iterator[Found]:
    """Yields what the registry's recognizers find."""
    for recognizer in registry.recognizers:
        for result in recognizer.analyze(text, recognizer.supported_entities, None):
            if result.end > result.start:
                yield Found(result.start, result.end, cast(Label, result.entity_type), result.score, LAYER)
