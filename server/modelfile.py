"""Writes a Modelfile, the form in which ``ollama create`` takes a GGUF."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from clinical.errors import SettingsError

Value = str | int | float


def modelfile(
    gguf_path: Path | str,
    template: str,
    system: str,
    parameters: Mapping[str, Value | Sequence[Value]],
) -> str:
    """The text of a Modelfile.

    Args:
        gguf_path: the model, as the Modelfile shall name it (relative paths are relative to the Modelfile).
        template: chat template in Ollama's Go form (not Jinja).
        system: system message.
        parameters: such as ``{"temperature": 0, "stop": ["<|im_end|>"]}``; a list gives one line a value.

    Raises:
        SettingsError: a text cannot be written in this form.
    """
    path = str(gguf_path)
    if not path or "\n" in path:
        raise SettingsError("The model's path cannot stand in a Modelfile.", "Move it to a plain path.")
    lines = [f"FROM {path}", f"TEMPLATE {_quoted(template)}", f"SYSTEM {_quoted(system)}"]
    for name, value in parameters.items():
        values = [value] if isinstance(value, str | int | float) else list(value)
        lines += [f"PARAMETER {name} {_value(one)}" for one in values]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    if '"""' in text:
        raise SettingsError('A text with """ cannot stand in a Modelfile.', "Change the template.")
    return f'"""{text}"""'


def _value(value: Value) -> str:
    if isinstance(value, str):
        if "\n" in value or '"' in value:
            raise SettingsError("A parameter cannot hold quotes or line breaks.", "Change the parameter.")
        return f'"{value}"'
    return str(value)
