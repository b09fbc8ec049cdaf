"""The Modelfile's text."""

import pytest

from clinical.errors import SettingsError
from server.modelfile import modelfile


def test_it_has_the_four_parts_in_the_form_that_ollama_reads() -> None:
    text = modelfile(
        "model.gguf",
        "{{ .System }}\n{{ .Prompt }}",
        "Answer briefly.",
        {"temperature": 0, "stop": ["<|a|>", "<|b|>"]},
    )
    assert text == (
        "FROM model.gguf\n"
        'TEMPLATE """{{ .System }}\n{{ .Prompt }}"""\n'
        'SYSTEM """Answer briefly."""\n'
        "PARAMETER temperature 0\n"
        'PARAMETER stop "<|a|>"\n'
        'PARAMETER stop "<|b|>"\n'
    )


@pytest.mark.parametrize(
    ("template", "system", "parameters"),
    [
        ('a """ b', "s", {}),
        ("t", 's"""', {}),
        ("t", "s", {"stop": 'a"b'}),
        ("t", "s", {"stop": "a\nPARAMETER x 1"}),
    ],
)
def test_text_that_would_end_a_part_early_is_refused(
    template: str, system: str, parameters: dict[str, str]
) -> None:
    with pytest.raises(SettingsError):
        modelfile("m.gguf", template, system, parameters)


def test_a_path_with_a_line_break_is_refused() -> None:
    with pytest.raises(SettingsError):
        modelfile("m.gguf\nSYSTEM evil", "t", "s", {})
