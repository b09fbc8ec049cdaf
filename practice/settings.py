"""The practice's settings: one frozen object, read from config.toml, passed down.

Every setting carries its help line here; the file that ``resident init`` writes and the documentation are
made from these lines. An unknown key is refused, with the setting that was probably meant.
"""

import difflib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from pathlib import Path
from types import MappingProxyType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from clinical.errors import SettingsError
from practice.home import write_atomically
from practice.patients import normal_name

DEFAULT_BASE = "embedded"
_EXAMPLES = {"critical_limits": "potassium = [2.5, 6.5]"}


def _setting(default: Any, text: str) -> Any:
    if isinstance(default, list | dict | type(MappingProxyType({}))):
        return field(default_factory=lambda: default, metadata={"help": text})
    return field(default=default, metadata={"help": text})


@dataclass(frozen=True, slots=True)
class Physician:
    """A physician of the practice, whose signature makes a report train."""

    name: str = _setting("", "Full name as it is signed, such as Anna M. Weber.")
    aliases: tuple[str, ...] = _setting((), "Other forms in which the name is signed.")


@dataclass(frozen=True, slots=True)
class IntakeSettings:
    """What happens to dropped files."""

    keep_originals: bool = _setting(
        False, "Leave a taken file in the folder; otherwise it goes once its sealed copy was read back."
    )
    poll: bool = _setting(False, "Look into the folder at intervals; needed for a network share.")
    ocr: bool = _setting(True, "Read scanned pages.")
    max_bytes: int = _setting(64_000_000, "Larger files are quarantined, in bytes.")
    mllp_host: str = _setting("127.0.0.1", "Address on which HL7 messages are received.")
    columns: Mapping[str, str] = _setting(
        MappingProxyType({}),
        'Names of columns or keys in tables and JSON, by field: { text = "Report body" }.',
    )
    mllp_port: int = _setting(0, "Port for HL7 messages by MLLP; 0 is off.")


@dataclass(frozen=True, slots=True)
class DeidentifySettings:
    """How identifiers are removed."""

    language: Literal["en", "es"] = _setting("en", "Language of the reports: en or es.")
    allow: tuple[str, ...] = _setting((), "Words that are never identifiers in this practice.")
    deny: tuple[str, ...] = _setting((), "Words that are always identifiers in this practice.")
    hold_above: float = _setting(
        0.05, "Hold a report for a person's look when the estimated risk of a left identifier is above this."
    )
    ner: bool = _setting(
        False, "Run spaCy's small English model beside the other layers: slower, and without measured gain."
    )


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How the model is trained."""

    base: str = _setting(DEFAULT_BASE, "Base model: embedded, a folder, or a model name on the hub.")
    method: Literal["lora", "qlora"] = _setting("lora", "lora, or qlora to fit a large model on one GPU.")
    preferences: Literal["off", "dpo", "grpo"] = _setting(
        "off",
        "After the tuning: dpo (corrections against drafts) or grpo (what the evidence check bears out).",
    )
    rank: int = _setting(8, "Rank of the adapter: larger learns more and needs more memory.")
    learning_rate: float = _setting(5e-4, "Step size of the training.")
    epochs: float = _setting(2.0, "How often each example is seen.")
    max_length: int = _setting(1024, "Longest example, in tokens.")
    min_new_reports: int = _setting(20, "New signed reports or confirmed corrections that start a training.")
    at: str = _setting("02:00", "When the nightly training starts, HH:MM local time; empty is never.")
    quantization: str = _setting("q8_0", "Precision of the served model: q8_0, q6_k, q5_k_m, q4_k_m or f16.")
    threads: int = _setting(0, "Processor threads for training; 0 lets Resident choose.")


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """What runs the model."""

    kind: str = _setting(
        "embedded", "embedded, the path of a llama-server program, or the URL of an OpenAI-compatible server."
    )
    context: int = _setting(4096, "Context of each request, in tokens.")
    parallel: int = _setting(2, "Requests answered at the same time.")
    threads: int = _setting(0, "Processor threads for answering; 0 lets Resident choose.")


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """The one listening port."""

    host: str = _setting("127.0.0.1", "Address of the gateway; other than loopback opens it to the network.")
    port: int = _setting(8377, "Port of the gateway.")
    raw_generation: bool = _setting(False, "Offer /v1 (unchecked text of the model) to tokens that may.")
    allowed_hosts: tuple[str, ...] = _setting((), "Host names under which clients may reach the gateway.")


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of a practice home."""

    home: Path = field(default=Path(), metadata={"help": ""})
    inbox: Path = field(
        default=Path("inbox"), metadata={"help": "The watched folder; a relative path is inside the home."}
    )
    physicians: tuple[Physician, ...] = _setting((), "Physicians whose signature makes a report train.")
    facilities: tuple[str, ...] = _setting((), "Names of the practice and its sites, removed from texts.")
    people: tuple[str, ...] = _setting((), "Names of staff who are no physicians, removed from texts.")
    intake: IntakeSettings = field(
        default=IntakeSettings(), metadata={"help": "What happens to dropped files."}
    )
    deidentify: DeidentifySettings = field(
        default=DeidentifySettings(), metadata={"help": "How identifiers are removed."}
    )
    training: TrainingSettings = field(
        default=TrainingSettings(), metadata={"help": "How the model is trained."}
    )
    engine: EngineSettings = field(default=EngineSettings(), metadata={"help": "What runs the model."})
    gateway: GatewaySettings = field(default=GatewaySettings(), metadata={"help": "The one listening port."})
    critical_limits: Mapping[str, tuple[float, float]] = _setting(
        MappingProxyType({}),
        "Limits below and above which a result is critical, by analyte, in the unit printed.",
    )

    def physician(self, name: str | None) -> Physician | None:
        """The configured physician who signs with this name; None if none, or more than one, does."""
        if not name:
            return None
        wanted = normal_name(name).full
        hits = [
            physician
            for physician in self.physicians
            if wanted
            and any(normal_name(form).full == wanted for form in (physician.name, *physician.aliases))
        ]
        return hits[0] if len(hits) == 1 else None


@dataclass(frozen=True, slots=True)
class SettingLine:
    """One setting for documentation."""

    key: str
    help: str
    default: str


def describe_settings() -> tuple[SettingLine, ...]:
    """Every setting with its key, help line and default, in the order of config.toml."""
    lines: list[SettingLine] = []
    for item in fields(Settings):
        if item.name == "home":
            continue
        default = _default(item)
        if is_dataclass(default) and not isinstance(default, type):
            lines += [
                SettingLine(f"{item.name}.{part.name}", part.metadata["help"], _toml(_default(part)))
                for part in fields(default)
            ]
        elif item.name == "physicians":
            lines += [
                SettingLine(f"physicians[].{part.name}", part.metadata["help"], _toml(_default(part)))
                for part in fields(Physician)
            ]
        else:
            lines.append(SettingLine(item.name, item.metadata["help"], _toml(default)))
    return tuple(lines)


def load_settings(home: Path) -> Settings:
    """Read ``config.toml`` of a home; without that file all is at its default.

    Raises:
        SettingsError: not TOML, an unknown key, or a value of the wrong kind.
    """
    try:
        content = (home / "config.toml").read_text("utf-8")
    except FileNotFoundError:
        content = ""
    except (OSError, UnicodeDecodeError):
        raise SettingsError("config.toml cannot be read.", "Check its permissions and encoding.") from None
    try:
        table = tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"config.toml is not valid TOML: {error}.", "Correct that line.") from None
    settings: Settings = _build(Settings, table, "")
    _judge(settings)
    inbox = settings.inbox.expanduser()
    return _with(settings, home=home, inbox=inbox if inbox.is_absolute() else home / inbox)


def write_default(home: Path, base: str = DEFAULT_BASE) -> Path:
    """Write a commented config.toml with every setting at its default; an existing one is left alone."""
    path = home / "config.toml"
    if path.exists():
        return path
    lines = ["# Settings of this practice. A line that starts with # shows a default.", ""]
    sections: list[str] = []
    for item in fields(Settings):
        if item.name == "home":
            continue
        default = _default(item)
        if is_dataclass(default) and not isinstance(default, type):
            sections += ["", f"# {item.metadata['help']}", f"[{item.name}]"]
            for part in fields(default):
                value = base if (item.name, part.name) == ("training", "base") else _default(part)
                changed = value != _default(part) or part.name == "base"
                sections += [
                    f"# {part.metadata['help']}",
                    f"{'' if changed else '# '}{part.name} = {_toml(value)}",
                ]
        elif item.name == "physicians":
            sections += ["", f"# {item.metadata['help']} One such block for each.", "# [[physicians]]"]
            sections += [
                f"# {part.name} = {_toml(_default(part))}  # {part.metadata['help']}"
                for part in fields(Physician)
            ]
        elif isinstance(default, Mapping):
            sections += ["", f"# {item.metadata['help']}", f"# [{item.name}]", f"# {_EXAMPLES[item.name]}"]
        else:
            lines += [f"# {item.metadata['help']}", f"# {item.name} = {_toml(default)}"]
    write_atomically(path, ("\n".join(lines + sections) + "\n").encode())
    return path


def _default(item: Any) -> Any:
    return item.default if item.default is not MISSING else item.default_factory()


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(part) for part in value) + "]"
    if isinstance(value, Path):
        value = str(value)
    return json.dumps(value, ensure_ascii=False)


def _with(settings: Settings, **changes: Any) -> Settings:
    values = {item.name: getattr(settings, item.name) for item in fields(Settings)}
    return Settings(**(values | changes))


def _build(kind: Any, table: Mapping[str, Any], where: str) -> Any:
    known = [item.name for item in fields(kind) if item.name != "home"]
    hints = get_type_hints(kind)
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in known:
            near = difflib.get_close_matches(key, known, 1, 0.6) or _elsewhere(key)
            remedy = f"Did you mean `{near[0]}`?" if near else f"Known here: {', '.join(known)}."
            raise SettingsError(f"config.toml has an unknown setting `{where}{key}`.", remedy)
        values[key] = _read(hints[key], value, f"{where}{key}")
    return kind(**values)


def _elsewhere(key: str) -> list[str]:
    every = {line.key.rsplit(".", 1)[-1]: line.key for line in describe_settings()}
    return [every[name] for name in difflib.get_close_matches(key, list(every), 1, 0.8)]


def _read(hint: Any, value: Any, key: str) -> Any:
    origin = get_origin(hint)
    if is_dataclass(hint):
        if isinstance(value, dict):
            return _build(hint, value, f"{key}.")
        raise SettingsError(f"`{key}` in config.toml must be a table.", f"Write [{key}] and lines below it.")
    if origin is Literal:
        if value in get_args(hint):
            return value
        raise SettingsError(f"`{key}` in config.toml must be one of {', '.join(get_args(hint))}.")
    if origin is tuple and isinstance(value, list):
        if get_args(hint)[-1] is Ellipsis:
            return tuple(_read(get_args(hint)[0], part, key) for part in value)
        if len(value) == len(get_args(hint)):
            return tuple(_read(part, item, key) for part, item in zip(get_args(hint), value, strict=True))
    if origin is not None and origin not in (tuple, Union, UnionType) and isinstance(value, dict):
        return MappingProxyType(
            {
                str(name).casefold(): _read(get_args(hint)[1], part, f"{key}.{name}")
                for name, part in value.items()
            }
        )
    if hint is Path and isinstance(value, str):
        return Path(value)
    if hint is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if hint in (str, int, bool) and type(value) is hint:
        return value
    names = {str: "text in quotes", int: "a whole number", bool: "true or false", float: "a number"}
    kind = names.get(hint, "a list")
    raise SettingsError(f"`{key}` in config.toml must be {kind}.", "Correct that line.")


def _judge(settings: Settings) -> None:
    """Refuse values that cannot be meant."""
    rules: list[tuple[bool, str, str]] = [
        (0 <= settings.deidentify.hold_above <= 1, "deidentify.hold_above", "between 0 and 1"),
        (settings.intake.max_bytes > 0, "intake.max_bytes", "above 0"),
        (0 <= settings.intake.mllp_port < 65536, "intake.mllp_port", "a port number, or 0 for off"),
        (0 < settings.gateway.port < 65536, "gateway.port", "a port number"),
        (settings.training.rank > 0, "training.rank", "above 0"),
        (settings.training.learning_rate > 0, "training.learning_rate", "above 0"),
        (settings.training.epochs > 0, "training.epochs", "above 0"),
        (settings.training.max_length >= 64, "training.max_length", "at least 64"),
        (settings.training.threads >= 0, "training.threads", "0 or more"),
        (settings.engine.context >= 256, "engine.context", "at least 256"),
        (settings.engine.parallel > 0, "engine.parallel", "above 0"),
        (_is_clock(settings.training.at), "training.at", "a time such as 02:00, or empty"),
        (all(physician.name for physician in settings.physicians), "physicians[].name", "given"),
        (
            all(low < high for low, high in settings.critical_limits.values()),
            "critical_limits",
            "[low, high]",
        ),
    ]
    for good, key, rule in rules:
        if not good:
            raise SettingsError(f"`{key}` in config.toml must be {rule}.", "Correct that line.")


def _is_clock(text: str) -> bool:
    if not text:
        return True
    hour, _, minute = text.partition(":")
    return hour.isdigit() and minute.isdigit() and len(minute) == 2 and int(hour) < 24 and int(minute) < 60
