"""Who may talk to the server: this machine's own page, and no website that a browser shows.

The server has no log-in: it listens on the loopback address. A website must not reach it all the
same, neither by pointing a name of its own at 127.0.0.1 (DNS rebinding: refused by the Host
header) nor by sending a form or a script's request across sites (refused by the Origin header).
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from model_playground.core.errors import PlaygroundError

_READING = ("GET", "HEAD", "OPTIONS")


class ForbiddenError(PlaygroundError):
    """A request that another website may have sent."""


def refuse_strangers(connection: HTTPConnection) -> None:
    """Let a request through only if it was addressed to this server, and by its own page.

    Raises:
        ForbiddenError: the Host is a name this server does not have, or the Origin is another.
    """
    host = connection.headers.get("host", "")
    if not _is_own(_name(host), connection.app.state.hosts):
        raise ForbiddenError(
            "access.host",
            "the server does not answer to the host {host!r}; open it by its address, or start it "
            "with --host and that name",
            host=host,
        )
    origin = connection.headers.get("origin")
    if connection.scope["method"] in _READING or origin is None:
        return
    if urlsplit(origin).netloc != host:
        raise ForbiddenError(
            "access.origin",
            "a request from {origin} is refused: only the server's own page may change anything",
            origin=origin,
        )


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_own(name: str, hosts: frozenset[str]) -> bool:
    """Tell whether a name is this server's. An address needs no look-up: no website owns it."""
    if name in hosts:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
