"""Changes one entry in JSON with comments, as editors keep their settings; all else stays as it is."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from clinical.errors import SettingsError

_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
_TRAILING_COMMA = re.compile(r",(?=\s*[}\]])")
_SPACE = re.compile(r"\s*")


@dataclass(frozen=True, slots=True)
class _Member:
    key: str
    start: int
    value_start: int
    value_end: int


def parse(text: str) -> Any:
    """The value of a text that may hold comments and trailing commas; an empty text is an empty object.

    Raises:
        SettingsError: it is not JSON.
    """
    plain = _plain(text)
    if not plain.strip():
        return {}
    try:
        return json.loads(plain)
    except ValueError:
        raise SettingsError(
            "The client's configuration is not valid JSON.", "Mend it by hand first."
        ) from None


def set_entry(text: str, path: Sequence[str], value: object) -> str:
    """The text with ``value`` at ``path``; objects on the way are made where they are missing.

    Raises:
        SettingsError: the text is not JSON, or something else than an object stands on the way.
    """
    if not isinstance(parse(text), dict):
        raise SettingsError("The client's configuration is not a JSON object.", "Mend it by hand first.")
    plain = _plain(text)
    if not plain.strip():
        return text.rstrip() + ("\n" if text.strip() else "") + _dump(_nested(path, value), "") + "\n"
    start = plain.index("{")
    for depth, key in enumerate(path):
        members = _members(plain, start)
        found = next((member for member in members if member.key == key), None)
        if found is None:
            return _insert(text, plain, start, members, key, _nested(path[depth + 1 :], value))
        if depth == len(path) - 1:
            indent = _indent(text, found.start)
            return text[: found.value_start] + _dump(value, indent) + text[found.value_end :]
        if plain[found.value_start] != "{":
            raise SettingsError(
                f"`{key}` in the client's configuration is no object.", "Mend it by hand first."
            )
        start = found.value_start
    raise SettingsError("No path was given.")


def _plain(text: str) -> str:
    """The text with comments and trailing commas blanked, every other character at its place."""

    def blank(match: re.Match[str]) -> str:
        token = match.group()
        return token if token.startswith('"') else re.sub(r"[^\n]", " ", token)

    plain = _TOKEN.sub(blank, text)
    strings = [match.span() for match in _TOKEN.finditer(plain)]
    for match in reversed([*_TRAILING_COMMA.finditer(plain)]):
        if not any(start <= match.start() < end for start, end in strings):
            plain = plain[: match.start()] + " " + plain[match.end() :]
    return plain.replace("\ufeff", " ", 1)


def _members(plain: str, start: int) -> list[_Member]:
    decoder = json.JSONDecoder()
    members = []
    at = _skip(plain, start + 1)
    while plain[at] != "}":
        begin = at
        key, at = decoder.raw_decode(plain, at)
        value_start = _skip(plain, _skip(plain, at) + 1)
        _, at = decoder.raw_decode(plain, value_start)
        members.append(_Member(str(key), begin, value_start, at))
        at = _skip(plain, at)
        if plain[at] == ",":
            at = _skip(plain, at + 1)
    return members


def _insert(text: str, plain: str, start: int, members: list[_Member], key: str, value: object) -> str:
    """``text`` with a new last member in the object that starts at ``start``."""
    if members:
        indent = _indent(text, members[-1].start)
        end = members[-1].value_end
        close = _skip(plain, end)
        comma = "" if "," in text[end:close] and _blanked_comma(text, plain, end, close) else ","
        body = text[end:close].rstrip()
        tail = text[end + len(body) :]
        member = f"\n{indent}{json.dumps(key)}: {_dump(value, indent)}"
        return text[:end] + comma + body + member + (tail if tail[:1].isspace() else "\n" + tail)
    outer = _indent(text, start)
    indent = outer + "  "
    close = _skip(plain, start + 1)
    body = text[start + 1 : close].rstrip()
    member = f"\n{indent}{json.dumps(key)}: {_dump(value, indent)}\n{outer}"
    return text[: start + 1] + body + member + text[close:]


def _blanked_comma(text: str, plain: str, start: int, end: int) -> bool:
    """Whether a trailing comma (outside comments) stands in ``start:end``."""
    uncommented = _TOKEN.sub(lambda m: " " * len(m.group()), text[start:end])
    return "," in uncommented


def _nested(path: Sequence[str], value: object) -> object:
    for key in reversed(path):
        value = {key: value}
    return value


def _dump(value: object, indent: str) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False).replace("\n", "\n" + indent)


def _indent(text: str, at: int) -> str:
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return line[: len(line) - len(line.lstrip())]


def _skip(plain: str, at: int) -> int:
    match = _SPACE.match(plain, at)
    assert match is not None
    return match.end()
