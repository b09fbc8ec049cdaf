r"""A small phrase grammar: many sentences from one line, with the findings in them marked.

    (a|b|c)            one of these                [a]  [a|b]         perhaps, and if so one of these
    {slot}             the caller's words, or another rule of the same book; missing is an error
    {slot?}            the same; missing is nothing
    <words>            the caller's finding        <words@concept!absent>   a finding of its own
    <#key: words>      a measured value `key`; its value is the slot {key}
    a/an               the article that fits the next word
    is/are             the verb that fits the noun before it; likewise appears/appear, shows/show and others
    \( \[ \< \|        the sign itself

Blanks are tidied: none doubled, none before a comma or full stop, so optional words need no care.
"""

import random
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import cast

from clinical.report import Assertion
from synthetic.text import Found, Mark, Measured, Text

Slots = Mapping[str, "Text | str"]
Measures = Mapping[str, Measured]


@dataclass(frozen=True, slots=True)
class Slot:
    """Words to be filled in."""

    name: str
    optional: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several; ``optional`` ones may also be left out."""

    options: "tuple[Line, ...]"
    optional: bool


@dataclass(frozen=True, slots=True)
class Marked:
    """Words that are a finding (``concept`` None: the caller's) or the measured value ``key``."""

    body: "Line"
    concept: str | None = None
    assertion: Assertion | None = None
    key: str | None = None


Node = str | Slot | Choice | Marked
Line = tuple[Node, ...]


def parse(line: str) -> Line:
    """Parse one line of grammar.

    Raises:
        ValueError: a bracket is left open or closed twice, or a concept is named inside a choice.
    """
    nodes, at = _sequence(line, 0, "")
    if at != len(line):
        raise ValueError(f"unbalanced grammar at {at}: {line}")
    if any("@" in words or ">" in words for words in _words(nodes)):
        raise ValueError(f"stray sign in grammar: {line}")
    return nodes


def _words(line: Line) -> list[str]:
    found: list[str] = []
    for node in line:
        if isinstance(node, str):
            found.append(node)
        elif isinstance(node, Choice):
            found += [words for option in node.options for words in _words(option)]
        elif isinstance(node, Marked):
            found += _words(node.body)
    return found


def _sequence(line: str, at: int, stops: str) -> tuple[Line, int]:
    nodes: list[Node] = []
    words: list[str] = []

    def flush() -> None:
        if words:
            nodes.append("".join(words))
            words.clear()

    while at < len(line) and line[at] not in stops:
        sign = line[at]
        if sign == "\\":
            words.append(line[at + 1])
            at += 2
        elif sign in "([":
            flush()
            closing = ")" if sign == "(" else "]"
            options = []
            while True:
                option, at = _sequence(line, at + 1, "|" + closing)
                options.append(option)
                if at >= len(line):
                    raise ValueError(f"unbalanced grammar: {line}")
                if line[at] == closing:
                    break
            nodes.append(Choice(tuple(options), sign == "["))
            at += 1
        elif sign == "{":
            flush()
            end = line.index("}", at)
            name = line[at + 1 : end]
            nodes.append(Slot(name.rstrip("?"), name.endswith("?")))
            at = end + 1
        elif sign == "<":
            flush()
            node, at = _marked(line, at + 1)
            nodes.append(node)
        else:
            words.append(sign)
            at += 1
    flush()
    return tuple(nodes), at


def _marked(line: str, at: int) -> tuple[Marked, int]:
    key = None
    if line[at] == "#":
        colon = line.index(":", at)
        key, at = line[at + 1 : colon], colon + 1
    body, at = _sequence(line, at, ">@!" if key is None else ">")
    if at >= len(line):
        raise ValueError(f"unbalanced grammar: {line}")
    concept = assertion = None
    if line[at] == "@":
        end = min(i for i in (line.find("!", at), line.find(">", at)) if i > 0)
        concept, at = line[at + 1 : end], end
    if line[at] == "!":
        end = line.index(">", at)
        assertion, at = line[at + 1 : end], end
    return Marked(body, concept, cast(Assertion | None, assertion), key), at + 1


_VERB = re.compile(r"\b(is/are|appears/appear|shows/show|remains/remain|was/were|has/have)\b")
VOWEL = re.compile(r"[aeiou]|8\d?\b|11\b|18\b", re.IGNORECASE)
_ARTICLE = re.compile(r"\ba/an(?= \S)")
_SINGULAR_S = ("ss", "us", "is", "ites", "etes")
_PLURAL = ("hila", "sulci", "atria", "vertebrae", "appearances")


def _agreeing(hit: re.Match[str], before: str) -> str:
    singular, plural = hit[1].split("/")
    clause = re.split(r"[.;:]\s", before)[-1].strip()
    noun = clause.split(" ")[-1].strip("()").lower()
    many = (noun.endswith("s") and not noun.endswith(_SINGULAR_S)) or noun in _PLURAL
    return plural if many else singular


class _Sentence:
    """A sentence under way; keeps blanks tidy and remembers where marks begin."""

    def __init__(self) -> None:
        self.string = ""
        self.marks: list[Mark] = []

    def emit(self, words: str) -> None:
        string = self.string
        if not string or string[-1] in " (\n":
            words = words.lstrip(" ")
        if not words:
            return
        if words[0] == " " and words[1:2] in (".", ",", ";", ":", ")"):
            words = words[1:]
        if words[0] in ".,;:)" and string.endswith(" "):
            string = string[:-1]
        if string.endswith("a/an ") and words[0] != " ":
            string = string[:-5] + ("an " if VOWEL.match(words) else "a ")
        if "/" in words:
            words = _ARTICLE.sub(lambda hit: "an" if VOWEL.match(words, hit.end() + 1) else "a", words)
            words = _VERB.sub(lambda hit: _agreeing(hit, string + words[: hit.start()]), words)
        self.string = string + words

    def emit_text(self, text: Text) -> None:
        self.emit(text.string)
        if text.marks:
            shift = len(self.string) - len(text.string)
            self.marks += [Mark(m.start + shift, m.end + shift, m.value) for m in text.marks]


class Book:
    """The phrases of one kind of report: rule name → lines of grammar."""

    def __init__(self, rules: Mapping[str, Sequence[str]]) -> None:
        self.rules = {name: tuple(parse(line) for line in lines) for name, lines in rules.items()}

    def __contains__(self, rule: str) -> bool:
        return rule in self.rules

    def say(
        self,
        rule: str,
        rng: random.Random,
        slots: Slots | None = None,
        *,
        found: Found | None = None,
        measures: Measures | None = None,
    ) -> Text:
        """One sentence of a rule.

        Raises:
            KeyError: no such rule, or a slot is missing.
        """
        lines = self.rules[rule]
        return self.fill(lines[int(rng.random() * len(lines))], rng, slots, found=found, measures=measures)

    def fill(
        self,
        line: Line,
        rng: random.Random,
        slots: Slots | None = None,
        *,
        found: Found | None = None,
        measures: Measures | None = None,
    ) -> Text:
        """One sentence of a parsed line."""
        sentence = _Sentence()
        self._walk(line, sentence, rng, slots or {}, found, measures or {})
        string = sentence.string.rstrip(" ")
        return Text(string, tuple(sentence.marks))

    def _walk(
        self,
        line: Line,
        out: _Sentence,
        rng: random.Random,
        slots: Slots,
        found: Found | None,
        measures: Measures,
    ) -> None:
        for node in line:
            if isinstance(node, str):
                out.emit(node)
            elif isinstance(node, Slot):
                value = slots.get(node.name)
                if value is None:
                    lines = self.rules.get(node.name)
                    if lines is not None:
                        chosen = lines[int(rng.random() * len(lines))]
                        self._walk(chosen, out, rng, slots, found, measures)
                    elif not node.optional:
                        raise KeyError(node.name)
                elif isinstance(value, str):
                    out.emit(value)
                else:
                    out.emit_text(value)
            elif isinstance(node, Choice):
                if node.optional and rng.random() < 0.5:
                    continue
                self._walk(
                    node.options[int(rng.random() * len(node.options))], out, rng, slots, found, measures
                )
            else:
                self._mark(node, out, rng, slots, found, measures)

    def _mark(
        self,
        node: Marked,
        out: _Sentence,
        rng: random.Random,
        slots: Slots,
        found: Found | None,
        measures: Measures,
    ) -> None:
        inner = _Sentence()
        self._walk(node.body, inner, rng, slots, found, measures)
        words = inner.string.strip(" ")
        if not words:
            return
        value: Found | Measured
        if node.key is not None:
            value = measures[node.key]
        elif node.concept is None and node.assertion is None and found is not None:
            value = found
        elif node.concept is None and found is not None:
            value = replace(found, assertion=node.assertion or found.assertion)
        else:
            concept = node.concept or words.lower()
            value = Found(concept, node.assertion or "present")
        lead = len(inner.string) - len(inner.string.lstrip(" "))
        marks = tuple(Mark(m.start - lead, m.end - lead, m.value) for m in inner.marks)
        out.emit_text(Text(words, (*marks, Mark(0, len(words), value))))


@lru_cache(maxsize=64)
def book(name: str) -> Book:
    """The book kept in ``phrases/<name>.toml``: its tables of lines, ``table.key`` or plain ``key``."""
    path = Path(__file__).with_name("phrases") / f"{name}.toml"
    rules: dict[str, Sequence[str]] = {}
    for key, value in tomllib.loads(path.read_text("utf-8")).items():
        if isinstance(value, list):
            rules[key] = value
        else:
            for inner, lines in value.items():
                if isinstance(lines, list) and all(isinstance(line, str) for line in lines):
                    rules[f"{key}.{inner}"] = lines
                elif inner == "np":
                    rules[f"{key}.{inner}"] = [lines]
    return Book(rules)
