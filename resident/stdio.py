"""``resident mcp``: what an editor starts. Finds gateway and token; imports nothing heavy."""

import os
import sys
import tomllib
from argparse import Namespace
from pathlib import Path

from clinical.errors import SettingsError
from mcp_tools.proxy import Proxy

TOKEN_VARIABLE = "RESIDENT_TOKEN"
URL_VARIABLE = "RESIDENT_URL"


def run(options: Namespace) -> int:
    """Forwards standard input and output to the gateway until the client leaves."""
    token = os.environ.get(TOKEN_VARIABLE, "")
    if not token:
        raise SettingsError(
            f"No token: {TOKEN_VARIABLE} is not set.",
            "Take the client's settings from 'resident connect CLIENT'.",
        )
    url = os.environ.get(URL_VARIABLE) or gateway_url(options.practice_home)
    Proxy(url, token, sys.stdin.buffer, sys.stdout.buffer).run()
    return 0


def gateway_url(home: Path) -> str:
    """The MCP address that this home's gateway listens at, read without loading the settings' machinery."""
    try:
        table = tomllib.loads((home / "config.toml").read_text("utf-8")).get("gateway", {})
    except (OSError, tomllib.TOMLDecodeError):
        table = {}
    host = str(table.get("host", "127.0.0.1"))
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)
    return f"http://{host}:{table.get('port', 8377)}/mcp"
