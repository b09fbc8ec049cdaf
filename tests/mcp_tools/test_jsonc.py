"""One entry changes, all else stays: comments, order, trailing commas, indentation."""

import pytest

from clinical.errors import SettingsError
from mcp_tools.jsonc import parse, set_entry

SETTINGS = """{
  // the theme
  "theme": "One Dark", /* not mine */
  "url": "http://example.org/a//b",
  "context_servers": {
    "other": { "command": "x", "args": [1, 2,], }, // keep
  },
}
"""


def test_an_entry_is_added_and_comments_stay() -> None:
    changed = set_entry(SETTINGS, ("context_servers", "resident"), {"command": "r"})
    for kept in (
        "// the theme",
        "/* not mine */",
        "// keep",
        "http://example.org/a//b",
        '"other": { "command": "x"',
    ):
        assert kept in changed
    assert parse(changed) == parse(SETTINGS) | {
        "context_servers": {"other": {"command": "x", "args": [1, 2]}, "resident": {"command": "r"}}
    }


def test_an_entry_is_replaced_in_its_place() -> None:
    once = set_entry(SETTINGS, ("context_servers", "resident"), {"command": "r", "env": {"A": "1"}})
    twice = set_entry(once, ("context_servers", "resident"), {"command": "s"})
    assert parse(twice)["context_servers"]["resident"] == {"command": "s"}
    assert set_entry(twice, ("context_servers", "resident"), {"command": "s"}) == twice


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  \n",
        "{}",
        "{ }\n",
        "// nothing yet\n",
        "{\n}\n",
        '{"a": 1}',
        '{"a": 1,}',
        "{/* c */}",
        '{"a": "}"}',
    ],
)
def test_whatever_is_there_stays_and_the_entry_is_there(text: str) -> None:
    changed = set_entry(text, ("mcpServers", "resident"), {"command": "r"})
    assert parse(changed) == {**parse(text), "mcpServers": {"resident": {"command": "r"}}}
    for comment in ("// nothing yet", "/* c */"):
        assert (comment in text) == (comment in changed)


def test_a_comment_at_the_end_of_an_object_stays_a_comment() -> None:
    text = '{\n  "a": 1 // one\n  // two, and a brace }\n}\n'
    changed = set_entry(text, ("b",), 2)
    assert parse(changed) == {"a": 1, "b": 2}
    assert "// two, and a brace }" in changed


@pytest.mark.parametrize("text", ["[1]", "{", '{"mcpServers": 3}', "nonsense"])
def test_what_cannot_be_understood_is_refused_and_not_overwritten(text: str) -> None:
    with pytest.raises(SettingsError):
        set_entry(text, ("mcpServers", "resident"), {})
