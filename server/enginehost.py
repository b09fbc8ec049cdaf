"""The process that holds the engine; ``server.engine`` starts it as a script and talks to it over pipes.

It reads one JSON line of orders from stdin (so the key is never on a command line), starts llama.cpp's own
server, answers one JSON line (``{"url": …}`` or ``{"error": …}``) on stdout, and then waits for stdin to
close. A parent that dies in any way closes that pipe, so no engine outlives it. The only import of
``xllamacpp`` is here.
"""

import contextlib
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from typing import Any, TextIO

ERRORS_ONLY = 1
PROMPT_CACHE_MIB = 512


def main() -> None:
    """Serve until stdin closes."""
    answer = _own_stdout()
    order: dict[str, Any] = json.loads(sys.stdin.readline())
    child: list[subprocess.Popen[bytes]] = []
    threading.Thread(target=_leave_with_parent, args=(child,), daemon=True).start()
    try:
        held = _embedded(order) if order["binary"] is None else _binary(order, child)
    except Exception as error:
        _say(answer, {"error": f"{type(error).__name__}: {error}"})
        os._exit(1)
    _say(answer, {"url": held[0]})
    if child:
        os._exit(child[0].wait())
    threading.Event().wait()


def _own_stdout() -> TextIO:
    """A private copy of stdout; the native library's prints go to stderr, which is the log."""
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return answer


def _say(answer: TextIO, value: dict[str, str]) -> None:
    answer.write(json.dumps(value) + "\n")
    answer.flush()


def _leave_with_parent(child: list[subprocess.Popen[bytes]]) -> None:
    while sys.stdin.read(1):
        pass
    for process in child:
        with contextlib.suppress(OSError):
            process.kill()
    os._exit(0)


def _embedded(order: dict[str, Any]) -> tuple[str, object]:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = order["model"]
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [order["key"]]
    params.n_parallel = order["parallel"]
    params.n_ctx = order["context"] * order["parallel"]
    params.endpoint_metrics = True
    params.endpoint_slots = False  # would show other clients' prompts
    params.ui = False
    params.verbosity = ERRORS_ONLY
    params.cache_ram_mib = PROMPT_CACHE_MIB
    for cpu in (params.cpuparams, params.cpuparams_batch):
        cpu.n_threads = order["threads"]
        cpu.poll = 0  # polling collapses to a few tokens a second on shared cores
    server = xllamacpp.Server(params)
    return str(server.listening_address), server


def _binary(order: dict[str, Any], child: list[subprocess.Popen[bytes]]) -> tuple[str, object]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        order["binary"], "--model", order["model"], "--host", "127.0.0.1", "--port", str(port),
        "--parallel", str(order["parallel"]), "--ctx-size", str(order["context"] * order["parallel"]),
        "--threads", str(order["threads"]), "--poll", "0", "--metrics", "--no-slots", "--log-verbosity", "1",
    ]  # fmt: skip
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=2,
        env=os.environ | {"LLAMA_API_KEY": order["key"]},
        preexec_fn=_die_with_parent if sys.platform == "linux" else None,
    )
    child.append(process)
    return f"http://127.0.0.1:{port}", process


def _die_with_parent() -> None:
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


if __name__ == "__main__":
    main()
