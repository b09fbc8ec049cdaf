"""``resident modelfile``: a release in the form that ``ollama create`` takes."""

import tomllib
from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path

from clinical.errors import MissingPart, NotFound, SettingsError
from clinical.prompts import SYSTEM
from practice.home import Home
from practice.releases import Releases
from server.modelfile import modelfile


@dataclass(frozen=True, slots=True)
class GoTemplate:
    """A chat template for a Modelfile, and the strings that end a turn."""

    name: str
    marker: str
    stop: tuple[str, ...]
    go: str


def templates() -> tuple[GoTemplate, ...]:
    """The templates that are known."""
    table = tomllib.loads(Path(__file__).with_name("chat_templates.toml").read_text("utf-8"))
    return tuple(GoTemplate(t["name"], t["marker"], tuple(t["stop"]), t["go"]) for t in table["template"])


def template_for(jinja: str) -> GoTemplate:
    """The template of the family that a model's own (Jinja) chat template belongs to.

    Raises:
        SettingsError: none is known; a wrong one would make the model answer nonsense.
    """
    for template in templates():
        if template.marker in jinja:
            return template
    raise SettingsError(
        "This model's chat template has no Modelfile form here.", "Serve the GGUF with Resident itself."
    )


def write(gguf: str, template: GoTemplate, context: int) -> str:
    """The text of a Modelfile with Resident's own system message and sampling."""
    return modelfile(
        gguf,
        template.go,
        SYSTEM,
        {"temperature": 0, "seed": 0, "num_ctx": context, "stop": list(template.stop)},
    )


def chat_template(gguf: Path) -> str:
    """The chat template that a GGUF carries."""
    try:
        from gguf import GGUFReader
    except ImportError:
        raise MissingPart("gguf is not installed.", "Run 'make install'.") from None
    field = GGUFReader(gguf).get_field("tokenizer.chat_template")
    return str(field.contents()) if field is not None else ""


def run(options: Namespace) -> int:
    """Prints the Modelfile of a release."""
    releases = Releases(Home.open(options.practice_home))
    release = releases.get(options.release) if options.release else releases.current()
    if release is None:
        raise NotFound("No release answers yet.", "Run 'resident retrain --now', or name one with --release.")
    context = int(release.lineage.settings.get("context", 4096))
    print(write(str(release.gguf), template_for(chat_template(release.gguf)), context), end="")
    return 0
