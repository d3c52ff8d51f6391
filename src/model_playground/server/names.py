"""Names in addresses. People name things freely, with a slash too, and a server decodes the whole
path before it looks for the route: then nothing tells a name's slash from one between names.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

from starlette.convertors import Convertor, register_url_convertor
from starlette.types import ASGIApp, Receive, Scope, Send

_ESCAPED = re.compile("[%/]")


class NameConvertor(Convertor[str]):
    """The name in a route, `NAME`."""

    regex = "[^/]+"

    def convert(self, value: str) -> str:
        """Return the name that stands in a path."""
        return unquote(value)

    def to_string(self, value: str) -> str:
        """Return the name as it stands in a path."""
        return _escaped(value)


register_url_convertor("name", NameConvertor())

NAME = "{name:name}"


class NamesInPath:
    """Decodes a path but for the slashes of names, which `NameConvertor` decodes."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, its path decoded piece by piece."""
        if scope["type"] == "http" and (path := scope.get("raw_path")):
            pieces = path.decode("ascii").partition("?")[0].split("/")
            scope = {**scope, "path": "/".join(_escaped(unquote(piece)) for piece in pieces)}
        await self.app(scope, receive, send)


def _escaped(name: str) -> str:
    return _ESCAPED.sub(lambda sign: quote(sign[0], safe=""), name)
