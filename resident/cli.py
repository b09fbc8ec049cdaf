"""The ``resident`` command: reads arguments and the environment once, hands both to one module a command.

Nothing heavy is imported here, so that ``resident mcp`` connects at once. Errors are caught here and nowhere
else: their message and remedy go to standard error, their exit code to the shell, and no traceback with
patient text is ever printed.
"""

import argparse
import importlib
import logging
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from clinical.errors import ResidentError

TOOLS = ("summarize", "diagnose", "anomalies", "compare", "ask")


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its help line, the function that runs it and how it adds its arguments."""

    name: str
    help: str
    target: str
    arguments: Callable[[argparse.ArgumentParser], None]


def _none(parser: argparse.ArgumentParser) -> None:
    del parser


def _init(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--base", default="embedded", help="base model: a name, a folder or a hub name")
    parser.add_argument(
        "--physician",
        action="append",
        default=[],
        metavar="NAME",
        help="a physician whose signature releases reports for training (repeat)",
    )
    parser.add_argument("--key", type=Path, metavar="FILE", help="where the practice's key shall live")


def _add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="+", type=Path, help="files or folders with reports")


def _show(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", help="a report's or a quarantined file's id")
    parser.add_argument("--original", action="store_true", help="with identifiers, as it was read")


def _one_id(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", help="a report's id")


def _release(parser: argparse.ArgumentParser) -> None:
    _one_id(parser)
    parser.add_argument("--patient", metavar="ID", help="whose report it is, where that contradicted itself")
    parser.add_argument("--alone", action="store_true", help="it belongs to no known patient")


def _backup(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("make", "check", "restore"))
    parser.add_argument("folder", type=Path, help="where the backup is or goes; the key is never in it")


def _hold(parser: argparse.ArgumentParser) -> None:
    _one_id(parser)
    parser.add_argument("--reason", default="held by the practice", help="why, for the practice's own list")


def _sign(parser: argparse.ArgumentParser) -> None:
    _one_id(parser)
    parser.add_argument("--by", required=True, metavar="PHYSICIAN", help="a configured physician")


def _forget(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", help="a patient's or a report's id")
    parser.add_argument("--yes", action="store_true", help="do not ask; this cannot be undone")


def _review(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--list", action="store_true", help="only list what waits for a look")


def _retrain(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--now", action="store_true", help="even if few new reports came in")
    parser.add_argument(
        "--search", action="store_true", help="try learning rates and ranks first; takes longer"
    )


def _release_id(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("release", help="a release's id")


def _evaluate(parser: argparse.ArgumentParser) -> None:
    _release_id(parser)
    parser.add_argument(
        "--judge",
        metavar="URL",
        help="a local OpenAI-compatible server whose model marks the answers as well",
    )


def _rate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("release", nargs="?", help="a release's id: make a blinded form on its answers")
    parser.add_argument("--reports", type=int, default=9, help="how many held-out reports the form shows")
    parser.add_argument("--take", type=Path, metavar="FILE", help="the marks that the form saved")
    parser.add_argument("--by", metavar="PHYSICIAN", help="who gave the marks")


def _modelfile(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--release", help="a release's id; the current one without it")


def _base(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--base", help="a base model by name, folder or hub name")


def _connect(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("client", choices=("vscode", "cursor", "claude", "zed", "continue"))
    parser.add_argument("--write", action="store_true", help="write the file; without it, print it")
    parser.add_argument(
        "--folder", type=Path, default=Path(), help="the project folder, for clients that keep one"
    )
    parser.add_argument(
        "--egress",
        choices=("cloud", "local"),
        default="cloud",
        help="cloud: only de-identified results; local: originals too, for a client whose model runs here",
    )


def _token(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("create", "list", "revoke"))
    parser.add_argument("name", nargs="?", help="the token's name")
    parser.add_argument("--egress", choices=("cloud", "local"), default="cloud")
    parser.add_argument("--scope", action="append", default=[], choices=("tools", "feedback", "raw"))
    parser.add_argument("--daily-limit", type=int, default=200, help="reports a day")


def _feedback(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("list", "confirm", "reject"))
    parser.add_argument("id", nargs="?", help="a feedback's id")
    parser.add_argument("--by", metavar="PHYSICIAN", help="the physician who confirms")


def _rows(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--jsonl", type=Path, required=True, metavar="IN", help="rows with id and text")
    parser.add_argument("--out", type=Path, required=True, metavar="OUT", help="where the rows go")
    parser.add_argument("--workers", type=int, default=0, help="processes; 0: one a core")


def _deidentify(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--jsonl", type=Path, metavar="IN", help="rows with id and text")
    parser.add_argument("--out", type=Path, metavar="OUT", help="where the rows go")
    parser.add_argument("--workers", type=int, default=0, help="processes; 0: one a core")
    parser.add_argument("--show", type=Path, metavar="FILE", help="a text with what would be removed marked")
    parser.add_argument("--language", default="en", choices=("en", "es"))


def _extract(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="+", type=Path)
    parser.add_argument("--jsonl", type=Path, required=True, metavar="OUT", help="where the rows go")
    parser.add_argument("--workers", type=int, default=0, help="processes; 0: one a core")


def _tool(name: str) -> Callable[[argparse.ArgumentParser], None]:
    def arguments(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("report", nargs="*", help="report ids (compare: current, and its prior if given)")
        if name == "ask":
            parser.add_argument("--question", "-q", help="the question")
        if name == "summarize":
            parser.add_argument("--sentences", type=int, help="how many sentences at most")
            parser.add_argument("--audience", choices=("physician", "patient"), default="physician")
        parser.add_argument("--jsonl", type=Path, metavar="IN", help="rows instead of stored reports")
        parser.add_argument("--out", type=Path, metavar="OUT", help="where the rows go")
        parser.add_argument("--workers", type=int, default=0, help="processes; 0: one a core")
        parser.add_argument(
            "--engine", metavar="GGUF|URL", help="answer the rows with this model; without it, extract mode"
        )
        parser.add_argument("--json", action="store_true", help="the whole Answer as JSON")

    return arguments


def _demo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--home", type=Path, help="keep the demo's practice home here")
    parser.add_argument(
        "--reports", type=int, default=0, help="how many simulated reports; 0: the demo's own number"
    )


COMMANDS = (
    Command("init", "make a practice home: keys, folders, config.toml", "setup:init", _init),
    Command("recover", "write the key file again from the recovery key", "setup:restore_key", _none),
    Command("up", "run everything: intake, worker, engine, gateway", "up:run", _none),
    Command("add", "take files or folders in now", "reports:add", _add),
    Command("status", "what was taken, held, quarantined; what is being done", "reports:status", _none),
    Command("show", "one report, or why a file was quarantined", "reports:show", _show),
    Command("hold", "keep a report from training and from cloud clients", "reports:hold", _hold),
    Command("release", "let a held report go on", "reports:release", _release),
    Command("sign", "sign an unsigned report", "reports:sign", _sign),
    Command("review", "look at held reports, one key a doubtful span", "review:run", _review),
    Command("forget", "forget a patient or a report for good", "reports:forget", _forget),
    Command(
        "backup", "make, check or restore a backup of the home, without its key", "upkeep:backup", _backup
    ),
    Command("audit", "whether the audit trail is whole", "upkeep:audit", _none),
    Command("retrain", "train from newly signed reports; promote only if better", "models:retrain", _retrain),
    Command("releases", "the models so far and what decided about each", "models:releases", _none),
    Command("promote", "serve this release", "models:promote", _release_id),
    Command("rollback", "serve the release before", "models:rollback", _none),
    Command("modelfile", "the current release for another runner", "modelfile:run", _modelfile),
    Command("evaluate", "measure a release on the held-out reports", "models:evaluate", _evaluate),
    Command("rate", "let physicians judge a release's answers, blinded", "rate:run", _rate),
    Command("models", "base models and what fits this machine", "models:catalog", _none),
    Command("plan", "how long training takes and what it costs", "models:plan", _base),
    Command("mcp", "what an editor starts: stdio to the gateway", "stdio:run", _none),
    Command("connect", "an editor's or chat client's configuration", "clients:connect", _connect),
    Command("token", "create, list or revoke a client's token", "clients:token", _token),
    Command("feedback", "confirm what was corrected in a chat", "feedback:run", _feedback),
    Command("extract", "read files to rows", "rows:extract_files", _extract),
    Command("deidentify", "remove identifiers from rows", "rows:deidentify", _deidentify),
    Command("structure", "sections, findings and values of rows", "rows:structure", _rows),
    Command("check", "check drafts against their reports", "rows:check", _rows),
    *(Command(tool, f"{tool}: the same as the MCP tool", "answers:run", _tool(tool)) for tool in TOOLS),
    Command("doctor", "what is missing and how to mend it", "doctor:run", _none),
    Command("demo", "the whole product on a simulated practice", "demo:run", _demo),
)


def build_parser() -> argparse.ArgumentParser:
    """The argument parser with every command."""
    parser = argparse.ArgumentParser(
        prog="resident", description="A practice's private language model, end to end."
    )
    parser.add_argument(
        "--home",
        dest="practice_home",
        type=Path,
        help="the practice home (else RESIDENT_HOME, else ~/.resident)",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    for command in COMMANDS:
        sub = commands.add_parser(command.name, help=command.help, description=command.help)
        command.arguments(sub)
        sub.set_defaults(target=command.target)
    return parser


def home_path(argument: Path | None, environment: dict[str, str]) -> Path:
    """The practice home: the argument, else RESIDENT_HOME, else ``~/.resident``."""
    if argument is not None:
        return argument.expanduser().resolve()
    return Path(environment.get("RESIDENT_HOME") or "~/.resident").expanduser().resolve()


def quiet_environment() -> None:
    """Before any library is imported: none may phone home or reach a hub unless the user set it so."""
    for name, value in {
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1",
        "RAGAS_DO_NOT_TRACK": "true",
        "TOKENIZERS_PARALLELISM": "false",
        "OMP_WAIT_POLICY": "PASSIVE",
        "GOMP_SPINCOUNT": "0",
        "TQDM_DISABLE": "1",
    }.items():
        os.environ.setdefault(name, value)
    # What libraries tell each other is nothing for a practice; what fails raises.
    logging.getLogger("bitsandbytes").setLevel(logging.CRITICAL)
    warnings.simplefilter("ignore")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code."""
    quiet_environment()
    options = build_parser().parse_args(arguments)
    options.practice_home = home_path(options.practice_home, dict(os.environ))
    module, function = options.target.split(":")
    try:
        code = getattr(importlib.import_module(f"resident.{module}"), function)(options)
    except ResidentError as error:
        print(f"resident {options.command}: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 141
    except Exception as error:
        # The text of an unexpected exception may quote what it choked on, so only its place is told.
        print(
            f"resident {options.command}: unexpected {type(error).__name__} at {_place(error)}",
            file=sys.stderr,
        )
        return 1
    return int(code or 0)


def _place(error: BaseException) -> str:
    """``file:line`` of the deepest frame of our own or of a library, without any values."""
    frame = error.__traceback__
    place = "unknown"
    while frame is not None:
        place = f"{Path(frame.tb_frame.f_code.co_filename).name}:{frame.tb_lineno}"
        frame = frame.tb_next
    return place


if __name__ == "__main__":
    sys.exit(main())
