"""The configuration of each client: where, what, what is kept, and where the token is."""

from pathlib import Path
from typing import get_args

import pytest
import yaml

from clinical.errors import SettingsError
from mcp_tools.clients import Client, Launch, Places, config_path, configure
from mcp_tools.jsonc import parse

LAUNCH = Launch("/opt/resident/bin/resident", ("--home", "/srv/home", "mcp"), {"RESIDENT_HOME": "/srv/home"})
PLACES = Places(Path("/home/ada"), Path("/srv/project"))
TOKEN = "resident_ab_secret"
JSON_KEY = {"cursor": "mcpServers", "claude": "mcpServers", "zed": "context_servers"}


def nothing(path: Path) -> None:
    return None


@pytest.mark.parametrize("client", sorted(JSON_KEY))
def test_clients_with_json_get_the_command_and_keep_their_other_servers(client: Client) -> None:
    present = '{"KEY": {"other": {"command": "o"}}, "x": 1} // mine'.replace("KEY", JSON_KEY[client])
    configuration = configure(client, LAUNCH, TOKEN, PLACES, lambda path: present)
    (file,) = configuration.files
    value = parse(file.content)
    assert value["x"] == 1
    assert value[JSON_KEY[client]]["other"] == {"command": "o"}
    assert value[JSON_KEY[client]]["resident"] == {
        "command": LAUNCH.command,
        "args": list(LAUNCH.args),
        "env": {"RESIDENT_HOME": "/srv/home", "RESIDENT_TOKEN": TOKEN},
    }
    assert file.private
    assert "// mine" in file.content
    assert TOKEN not in repr(configuration)


def test_vscode_asks_for_the_token_and_no_file_holds_it() -> None:
    configuration = configure("vscode", LAUNCH, TOKEN, PLACES, nothing)
    (file,) = configuration.files
    value = parse(file.content)
    assert TOKEN not in file.content
    assert TOKEN in configuration.note
    assert value["servers"]["resident"]["env"]["RESIDENT_TOKEN"] == "${input:resident-token}"
    assert value["servers"]["resident"]["type"] == "stdio"
    assert value["inputs"] == [
        {"type": "promptString", "id": "resident-token", "description": "Token of Resident", "password": True}
    ]
    again = configure("vscode", LAUNCH, TOKEN, PLACES, lambda path: file.content)
    assert again.files[0].content == file.content


def test_vscode_keeps_the_inputs_of_other_servers() -> None:
    present = '{"inputs": [{"id": "other", "type": "promptString"}], "servers": {"o": {"type": "stdio"}}}'
    value = parse(configure("vscode", LAUNCH, TOKEN, PLACES, lambda path: present).files[0].content)
    assert [one["id"] for one in value["inputs"]] == ["other", "resident-token"]
    assert set(value["servers"]) == {"o", "resident"}


def test_continue_reads_the_token_from_its_secrets() -> None:
    files = {Path("/home/ada/.continue/.env"): "OTHER=1\nRESIDENT_TOKEN=old\n"}
    configuration = configure("continue", LAUNCH, TOKEN, PLACES, files.get)
    block, secrets = configuration.files
    value = yaml.safe_load(block.content)
    server = value["mcpServers"][0]
    assert server["command"] == LAUNCH.command
    assert server["args"] == list(LAUNCH.args)
    assert server["env"]["RESIDENT_TOKEN"] == "${{ secrets.RESIDENT_TOKEN }}"
    assert TOKEN not in block.content
    assert secrets.content == f"OTHER=1\nRESIDENT_TOKEN={TOKEN}\n"
    assert secrets.private and not block.private


@pytest.mark.parametrize(
    ("client", "platform", "path"),
    [
        ("vscode", "linux", "/srv/project/.vscode/mcp.json"),
        ("cursor", "darwin", "/home/ada/.cursor/mcp.json"),
        ("claude", "darwin", "/home/ada/Library/Application Support/Claude/claude_desktop_config.json"),
        ("claude", "linux", "/home/ada/.config/Claude/claude_desktop_config.json"),
        ("claude", "win32", "/roaming/Claude/claude_desktop_config.json"),
        ("zed", "linux", "/home/ada/.config/zed/settings.json"),
        ("zed", "win32", "/roaming/Zed/settings.json"),
        ("continue", "linux", "/srv/project/.continue/mcpServers/resident.yaml"),
    ],
)
def test_each_client_is_configured_where_it_looks(client: Client, platform: str, path: str) -> None:
    places = Places(Path("/home/ada"), Path("/srv/project"), platform, Path("/roaming"))
    assert config_path(client, places).as_posix() == path


@pytest.mark.parametrize("client", get_args(Client))
def test_a_broken_configuration_is_refused_and_not_replaced(client: Client) -> None:
    if client == "continue":
        pytest.skip("has a file of its own")
    with pytest.raises(SettingsError):
        configure(client, LAUNCH, TOKEN, PLACES, lambda path: '{"servers": ')


def test_windows_paths_survive_in_yaml_and_json() -> None:
    launch = Launch(r"C:\Program Files\resident\resident.exe", ("mcp",))
    block = yaml.safe_load(configure("continue", launch, TOKEN, PLACES, nothing).files[0].content)
    assert block["mcpServers"][0]["command"] == launch.command
    value = parse(configure("cursor", launch, TOKEN, PLACES, nothing).files[0].content)
    assert value["mcpServers"]["resident"]["command"] == launch.command
