"""Runs an ASGI application on a port in a thread of its own, and stops it in order."""

import socket
import threading
from types import TracebackType
from typing import Self

import uvicorn
from starlette.types import ASGIApp

from clinical.errors import ResidentError, SettingsError

GRACE_SECONDS = 5


class Listener:
    """A running server.

    Args:
        app: the gateway.
        host, port: where to listen; port 0 takes a free one.

    Raises:
        SettingsError: the address cannot be used.
    """

    def __init__(self, app: ASGIApp, host: str, port: int) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((host, port))
        except OSError:
            self._socket.close()
            raise SettingsError(
                f"The gateway cannot listen on port {port}.",
                "Another program uses it, perhaps another `resident up`; or change gateway.port.",
            ) from None
        name = f"[{host}]" if family == socket.AF_INET6 else host
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://{name}:{self.port}"
        config = uvicorn.Config(
            app,
            log_level="error",
            access_log=False,
            lifespan="on",
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
            limit_concurrency=256,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="gateway", daemon=True)

    def start(self, patience: float = 20.0) -> Self:
        """Begin to answer.

        Raises:
            ResidentError: the application does not start.
        """
        self._thread.start()
        pause = threading.Event()
        for _ in range(int(patience / 0.02)):
            if self._server.started:
                return self
            if not self._thread.is_alive():
                break
            pause.wait(0.02)
        raise ResidentError("The gateway does not start.", "See its log.")

    def stop(self) -> None:
        """Finish running requests (for some seconds) and stop."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(GRACE_SECONDS + 5)
        self._socket.close()

    def alive(self) -> bool:
        """Whether it still answers."""
        return self._thread.is_alive()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        self._server.run(sockets=[self._socket])
