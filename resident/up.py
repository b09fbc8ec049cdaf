"""``resident up``: intake, worker, engine and gateway as one process tree, with a clean stop.

up ──┬── intake (process): folder → store
     ├── worker (thread): prepared answers
     ├── engine (process): the current release
     ├── gateway (thread): the one port
     └── night (process, when due): train → gate → promote; the loop below sees it and swaps
"""

import json
import logging
import signal
import threading
import time
from argparse import Namespace
from datetime import datetime
from importlib.metadata import version

from clinical.deidentify.deidentifier import Deidentifier
from clinical.errors import EngineError, HomeError, NotFound
from clinical.prompts import Generate
from mcp_tools.answering import Answering
from mcp_tools.catalog import build_app, build_catalog
from mcp_tools.desk import Desk
from mcp_tools.work import Work
from practice.audit import Audit
from practice.home import write_atomically
from practice.releases import Releases
from practice.tokens import Token, Tokens
from resident import processes
from resident.parts import EngineStarter, engine_log, make_deidentifier, make_roster, say
from resident.setup import Practice, open_practice
from resident.worker import Worker
from server.gateway import build_gateway
from server.hotswap import HotSwap
from server.listen import Listener
from watchers.schedule import due

log = logging.getLogger("resident.up")

TICK_SECONDS = 1.0
RESTART_SECONDS = 5.0


class Services:
    """The services of one practice home, started and stopped together."""

    def __init__(self, practice: Practice, deidentifier: Deidentifier) -> None:
        self._practice = practice
        self._releases = Releases(practice.home)
        self._hotswap = HotSwap(EngineStarter(practice.settings, engine_log(practice)))
        self._failed: str | None = None
        self._stop = threading.Event()
        audit = Audit.open(practice.home, practice.keys)
        roster = make_roster(practice.settings)

        def desk_for(token: Token) -> Desk:
            return Desk(practice.store, self._releases, self._engine, deidentifier, audit, token, roster)

        self._work = Work()
        mcp_app = build_app(build_catalog(desk_for, self._work, version=version("resident-llm")))
        gateway = build_gateway(practice.settings, Tokens(practice.store), audit, mcp_app, self._hotswap)
        self._listener = Listener(gateway, practice.settings.gateway.host, practice.settings.gateway.port)
        worker = Worker(practice.store, lambda: Answering(practice.store, self._releases, self._engine))
        self._worker = threading.Thread(target=worker.run, args=(self._stop,), name="worker", daemon=True)
        self._intake = processes.start(processes.intake, practice.home.root, "intake")
        self._intake_started = time.monotonic()
        self._night: processes.Child | None = None

    @property
    def url(self) -> str:
        """Where the gateway listens."""
        return self._listener.url

    def start(self) -> None:
        """Begin: the gateway first, the model as soon as it is loaded."""
        self._listener.start()
        self._worker.start()
        self.tick(datetime.now().astimezone())

    def tick(self, now: datetime) -> None:
        """What has to be looked after: the promoted release, a dead engine or intake, the night."""
        self._follow_release()
        if not self._intake.alive() and time.monotonic() - self._intake_started > RESTART_SECONDS:
            log.warning("intake ended and is started again")
            self._intake = processes.start(processes.intake, self._practice.home.root, "intake")
            self._intake_started = time.monotonic()
        self._follow_night(now)

    def stop(self) -> None:
        """Stop in order; running requests may finish."""
        self._stop.set()
        for child in (self._night, self._intake):
            if child is not None:
                child.stop()
        self._listener.stop()
        self._worker.join(10.0)
        self._work.close()
        self._hotswap.close()

    def _engine(self) -> Generate | None:
        return self._hotswap.generate if self._hotswap.release is not None else None

    def _follow_release(self) -> None:
        try:
            current = self._releases.current()
            if current is None or current.id == self._failed:
                return
            if current.id != self._hotswap.release:
                self._hotswap.swap(self._releases.load(current.id).gguf, current.id)
                self._practice.store.drop_answers(except_release=current.id)
                log.info("release %s answers", current.id)
            elif self._hotswap.heal():
                log.warning("the engine had died and was started again")
        except (EngineError, HomeError, NotFound) as error:
            # What was served before is served still, or extract mode is; once is enough to say so.
            log.error("release not served: %s", error)
            self._failed = current.id if current else None

    def _follow_night(self, now: datetime) -> None:
        if self._night is not None:
            if self._night.alive():
                return
            self._night = None
        marker = self._practice.home.run / "night.json"
        last = (
            datetime.fromisoformat(json.loads(marker.read_text("utf-8"))["started"])
            if marker.exists()
            else None
        )
        if last is None:
            # A home that was never trained waits for its first night instead of starting at once.
            write_atomically(marker, json.dumps({"started": now.isoformat()}).encode())
        elif due(last, now, self._practice.settings.training.at):
            write_atomically(marker, json.dumps({"started": now.isoformat()}).encode())
            self._night = processes.start(processes.night, self._practice.home.root, "night")


def run(options: Namespace) -> int:
    """Runs everything until Ctrl-C or SIGTERM."""
    halt = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: halt.set())
    with open_practice(options.practice_home) as practice, practice.home.lock():
        processes.log_to(practice.home, "resident")
        services = Services(practice, make_deidentifier(practice.settings))
        try:
            services.start()
            say(f"watching    {practice.settings.inbox}")
            say(f"gateway     {services.url}/mcp")
            current = Releases(practice.home).current()
            say(f"release     {current.id if current else 'none yet: extract mode answers'}")
            say("stop with Ctrl-C")
            while not halt.wait(TICK_SECONDS):
                services.tick(datetime.now().astimezone())
        finally:
            say("stopping")
            services.stop()
    return 0
