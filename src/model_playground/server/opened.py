"""The workspace that the server was started with, as the routes receive it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from model_playground.api import Playground


def _opened(connection: HTTPConnection) -> Playground:
    playground: Playground = connection.app.state.playground
    return playground


Opened = Annotated[Playground, Depends(_opened)]
