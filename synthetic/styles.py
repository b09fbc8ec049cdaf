"""House styles: how each physician heads, orders, abbreviates and concludes."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class Style:
    """One physician's habits.

    Attributes:
        heading: section headings stand ``inline``, on a ``line`` of their own or ``underline``d.
        findings: as ``prose``, one line a ``regions`` entry, or both by chance where unset.
        conclusion: ``numbered``, ``dashes``, ``prose`` or ``parts`` (specimen by specimen).
        dates, clock: as in ``synthetic.dates``.
        abbreviate: writes LLL for left lower lobe and the like.
        noise: how many slips of typing or dictation a report has, roughly.
        tail: a closing courtesy after the conclusion.
        words: what a conclusion is made of.
    """

    name: str
    specialty: str
    heading: Literal["inline", "line", "underline"]
    findings: Literal["prose", "regions"]
    conclusion: Literal["numbered", "dashes", "prose", "parts"]
    dates: str
    clock: str
    abbreviate: bool
    noise: float
    tail: str
    headings: Mapping[str, str]
    words: Mapping[str, str]


@lru_cache(maxsize=1)
def styles() -> Mapping[str, Style]:
    """All house styles by name."""
    tables = tomllib.loads(Path(__file__).with_name("styles.toml").read_text("utf-8"))
    return {name: Style(name=name, **table) for name, table in tables.items()}
