"""Start the server, its worker and, if wanted, the browser."""

from __future__ import annotations

import ipaddress
import signal
import socket
import sys
import webbrowser
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import uvicorn

from model_playground.api import Playground
from model_playground.core.errors import InvalidError
from model_playground.server.app import create_app
from model_playground.server.worker_process import worker

_GRACE_S = 3


def serve(
    *,
    workspace: str | Path | None = None,
    host: str = "127.0.0.1",
    port: int = 8000,
    plugins: Sequence[str | Path] = (),
    open_browser: bool = False,
) -> None:
    """Serve the page and run what is started in it, until Ctrl-C.

    Raises:
        InvalidError: the address cannot be listened on.
    """
    playground = Playground(workspace, plugins=plugins, notify=_notify)
    app = create_app(playground, hosts=(host.lower(), socket.gethostname().lower()))
    listening = _listen(host, port)
    address = f"http://{_in_address(host)}:{listening.getsockname()[1]}"
    print(f"Model Playground is at {address} (Ctrl-C stops it)", flush=True)
    if not _is_loopback(host):
        _notify(
            f"Whoever can reach {host} can read this workspace and start work in it: "
            "there is no log-in."
        )
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=_GRACE_S)
    )
    # A page that is open holds its stream of events: it is let go when the server is to end.
    app.state.is_closing = lambda: server.should_exit
    # Told to terminate, the server ends as with Ctrl-C: the worker must not be left behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with listening, worker(playground.workspace, playground.plugins):
        if open_browser:
            webbrowser.open(address)
        with suppress(KeyboardInterrupt):
            server.run(sockets=[listening])
        _notify("Stopping; what is running keeps its best weights.")


def _notify(message: str) -> None:
    print(message, file=sys.stderr)


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        raise InvalidError(
            "server.address",
            "the server cannot listen on {host}:{port}: {why}; choose another with --port",
            host=host,
            port=port,
            why=getattr(error, "strerror", None) or str(error),
        ) from None


def _in_address(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
