"""What each editor or chat client needs to start ``resident mcp``: where and what its configuration is.

Pure: nothing is read or written here. Where the client has a place for secrets, the token is not in its
configuration: VS Code asks for it once and keeps it itself, Continue reads it from a file of secrets.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any, Literal

from clinical.errors import SettingsError
from mcp_tools.jsonc import parse, set_entry

Client = Literal["vscode", "cursor", "claude", "zed", "continue"]
Read = Callable[[Path], str | None]
NAME = "resident"
TOKEN_VARIABLE = "RESIDENT_TOKEN"
INPUT = "resident-token"


@dataclass(frozen=True, slots=True)
class Launch:
    """How the client starts the proxy: a command by full path, its arguments, and variables but the token."""

    command: str
    args: tuple[str, ...] = ("mcp",)
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Places:
    """Where clients look on this machine.

    Attributes:
        user: the user's home folder.
        folder: the project's folder, for clients that keep their configuration there.
        platform: as ``sys.platform``; roaming: ``%APPDATA%`` on Windows.
    """

    user: Path
    folder: Path
    platform: str = "linux"
    roaming: Path | None = None


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A file as it shall be. ``private``: it holds the token, so only its owner may read it."""

    path: Path
    content: str = field(repr=False)
    private: bool = False


@dataclass(frozen=True, slots=True)
class Configuration:
    """The files to write and what to tell the user then."""

    files: tuple[ConfigFile, ...]
    note: str = field(repr=False)


def configure(client: Client, launch: Launch, token: str, places: Places, read: Read) -> Configuration:
    """The client's configuration with Resident in it; what else stands there is kept.

    Args:
        read: the present content of a file; None if there is none.

    Raises:
        SettingsError: the present configuration cannot be understood.
    """
    if client == "vscode":
        return _vscode(launch, token, places, read)
    if client == "continue":
        return _continue(launch, token, places, read)
    path = config_path(client, places)
    entry = _entry(launch, token)
    if client == "zed":
        content = set_entry(read(path) or "", ("context_servers", NAME), entry)
        note = "Open Zed's agent panel; Resident is in its list of servers."
    else:
        content = set_entry(read(path) or "", ("mcpServers", NAME), entry)
        note = {"cursor": "Reload Cursor.", "claude": "Quit Claude Desktop and start it again."}[client]
    return Configuration(
        (ConfigFile(path, content, private=True),), f"{note} Then ask: list my latest reports."
    )


def config_path(client: Client, places: Places) -> Path:
    """The file in which the client looks for MCP servers."""
    if client == "vscode":
        return places.folder / ".vscode" / "mcp.json"
    if client == "continue":
        return places.folder / ".continue" / "mcpServers" / "resident.yaml"
    if client == "cursor":
        return places.user / ".cursor" / "mcp.json"
    if client == "claude":
        return _application_data(places) / "Claude" / "claude_desktop_config.json"
    if places.platform == "win32":
        return _application_data(places) / "Zed" / "settings.json"
    return places.user / ".config" / "zed" / "settings.json"


def _vscode(launch: Launch, token: str, places: Places, read: Read) -> Configuration:
    path = config_path("vscode", places)
    present = read(path) or ""
    server = _entry(launch, f"${{input:{INPUT}}}") | {"type": "stdio"}
    content = set_entry(present, ("servers", NAME), server)
    inputs = parse(present).get("inputs", [])
    if not isinstance(inputs, list):
        raise SettingsError("`inputs` in .vscode/mcp.json is no list.", "Mend it by hand first.")
    if not any(isinstance(one, dict) and one.get("id") == INPUT for one in inputs):
        ask = {"type": "promptString", "id": INPUT, "description": "Token of Resident", "password": True}
        content = set_entry(content, ("inputs",), [*inputs, ask])
    note = f"VS Code asks for the token once and keeps it with its secrets. The token is:\n{token}"
    return Configuration((ConfigFile(path, content),), note)


def _continue(launch: Launch, token: str, places: Places, read: Read) -> Configuration:
    lines = [
        "name: Resident",
        "version: 1.0.0",
        "schema: v1",
        "mcpServers:",
        "  - name: Resident",
        "    type: stdio",
        f"    command: {_yaml(launch.command)}",
        "    args:",
        *(f"      - {_yaml(arg)}" for arg in launch.args),
        "    env:",
        *(f"      {name}: {_yaml(value)}" for name, value in launch.env.items()),
        f"      {TOKEN_VARIABLE}: ${{{{ secrets.{TOKEN_VARIABLE} }}}}",
    ]
    secrets = places.user / ".continue" / ".env"
    kept = [
        line
        for line in (read(secrets) or "").splitlines()
        if not line.strip().startswith(f"{TOKEN_VARIABLE}=")
    ]
    return Configuration(
        (
            ConfigFile(config_path("continue", places), "\n".join(lines) + "\n"),
            ConfigFile(secrets, "\n".join([*kept, f"{TOKEN_VARIABLE}={token}"]) + "\n", private=True),
        ),
        "Reload Continue's configuration; use its agent mode. Then ask: list my latest reports.",
    )


def _entry(launch: Launch, token: str) -> dict[str, Any]:
    return {
        "command": launch.command,
        "args": list(launch.args),
        "env": {**launch.env, TOKEN_VARIABLE: token},
    }


def _application_data(places: Places) -> Path:
    if places.platform == "darwin":
        return places.user / "Library" / "Application Support"
    if places.platform == "win32":
        return places.roaming or places.user / "AppData" / "Roaming"
    return places.user / ".config"


def _yaml(value: str | PurePath) -> str:
    """A double-quoted YAML scalar."""
    text = str(value)
    if any(ord(char) < 32 for char in text):
        raise SettingsError("A path with control characters cannot be written.", "Move the program.")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
