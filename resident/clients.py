"""``resident connect`` and ``resident token``: how a client reaches the gateway, and what it may receive."""

import os
import sys
from argparse import Namespace
from pathlib import Path

from clinical.errors import Refused, SettingsError
from mcp_tools.clients import Launch, Places, configure
from practice.home import write_atomically
from practice.tokens import Tokens
from resident.setup import open_practice


def connect(options: Namespace) -> int:
    """Prints (or writes) a client's configuration with a token of its own; a former one ends."""
    launch = Launch(str(_command()), ("--home", str(options.practice_home), "mcp"))
    roaming = os.environ.get("APPDATA")
    places = Places(Path.home(), options.folder.resolve(), sys.platform, Path(roaming) if roaming else None)
    # What stands in the client's file now must be readable before its former token ends.
    configure(options.client, launch, "", places, _read)
    with open_practice(options.practice_home) as practice:
        tokens = Tokens(practice.store)
        for token in tokens.list():
            if token.name == options.client and token.revoked_at is None:
                tokens.revoke(token.id)
        made = tokens.create(options.client, options.egress)
    configuration = configure(options.client, launch, made.secret, places, _read)
    for file in configuration.files:
        if options.write:
            file.path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(file.path, file.content.encode())
            if file.private:
                file.path.chmod(0o600)
            print(f"written: {file.path}")
        else:
            print(f"# {file.path}\n{file.content}")
    print(configuration.note)
    print(f"This token is {made.token.egress}: {_meaning(made.token.egress)}")
    return 0


def _meaning(egress: str) -> str:
    if egress == "cloud":
        return "its client receives de-identified results only."
    return "its client may receive originals; use it only where the client's model runs on your own machines."


def _command() -> Path:
    beside = Path(sys.executable).with_name("resident")
    return beside if beside.exists() else Path(sys.argv[0]).resolve()


def _read(path: Path) -> str | None:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError):
        raise SettingsError(f"{path} cannot be read.", "Mend it by hand first.") from None


def token(options: Namespace) -> int:
    """Creates, lists or revokes tokens."""
    with open_practice(options.practice_home) as practice:
        tokens = Tokens(practice.store)
        if options.action == "list":
            for each in tokens.list():
                state = "revoked" if each.revoked_at else "valid"
                print(f"{each.id}  {each.name}: {each.egress}, {' '.join(sorted(each.scopes))}, {state}")
            return 0
        if not options.name:
            raise Refused("Which token?", "Give its name.")
        if options.action == "revoke":
            tokens.revoke(options.name)
            print(f"{options.name} is revoked")
            return 0
        made = tokens.create(
            options.name, options.egress, options.scope or ("tools", "feedback"), options.daily_limit
        )
        print(f"{made.secret}\nShown only now. {made.token.egress}: {_meaning(made.token.egress)}")
    return 0
