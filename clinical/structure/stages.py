"""Scores, classes and stages whose value is a letter, a numeral or a fraction ("NYHA class III", "pain 7/10")."""

import re
from functools import cache

from clinical.report import Measurement
from clinical.structure.lexicon import rules

_JOIN = r"(?:[ ]?[:=#-]?[ ]|[ ]?[:=]|[ ](?:is|was|of|at|as|a|category|class|grade|level|score|rated|about)[ ]){1,3}"
_TNM = re.compile(
    r"(?<![A-Za-z0-9])(?P<value>[ycp]{0,2}T(?:[0-4][a-d]?|is|X)[ ,]{0,2}[cp]?N(?:[0-3][a-c]?|X)"
    r"(?:[ ,]{0,2}[cp]?M(?:[01][a-c]?|X))?)(?![A-Za-z0-9])"
)


_NOT_STAGE = re.compile(
    r"[ ]?(?::|%|[ ]?sleep|[ ]?(?:and|through|to|-)[ ][IV]+|[ ]?male|[ ]?female|[ ]?procedure|[ ]?Norwood)"
)


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    made = []
    for stage in rules("stages.toml")["stage"]:
        before = "|".join(
            re.escape(w).replace(r"\ ", "[ -]") for w in sorted(stage["before"], key=len, reverse=True)
        )
        pattern = rf"(?<![A-Za-z])(?i:{before}){_JOIN}(?P<value>{stage['value']})(?![A-Za-z0-9]|[./]\d)"
        made.append((stage["name"], re.compile(pattern)))
    return tuple(made)


@cache
def _gate() -> re.Pattern[str]:
    """First words of all names: most text is passed over by this one pattern."""
    heads = sorted(
        {re.split(r"[ '-]", w)[0] for s in rules("stages.toml")["stage"] for w in s["before"]}, key=len
    )
    return re.compile(
        r"(?<![A-Za-z])(?:" + "|".join(map(re.escape, reversed(heads))) + r")(?![a-z])", re.IGNORECASE
    )


def find_stages(text: str) -> list[Measurement]:
    """Stages and classes, in order of appearance, none overlapping."""
    found: list[Measurement] = []
    done = 0
    for gate in _gate().finditer(text):
        if gate.start() < done:
            continue
        for name, pattern in _patterns():
            match = pattern.match(text, gate.start(), min(len(text), gate.start() + 80))
            if match is not None and not (name == "stage" and _NOT_STAGE.match(text, match.end())):
                found.append(Measurement(name, match.group("value"), match.start(), match.end()))
                done = match.end()
                break
    found += [Measurement("tnm stage", m.group("value"), m.start(), m.end()) for m in _TNM.finditer(text)]
    return sorted(found, key=lambda measurement: measurement.start)
