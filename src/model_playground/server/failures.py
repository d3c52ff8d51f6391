"""Every refusal as JSON of one shape, whoever refused."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from model_playground.core.errors import InvalidError, NotFoundError, PlaygroundError
from model_playground.server.access import ForbiddenError

_STATUS: dict[type[PlaygroundError], int] = {
    NotFoundError: 404,
    ForbiddenError: 403,
    InvalidError: 422,
}


class FailureRecord(BaseModel):
    """What was refused: a code for programs, a sentence for people, what it was about."""

    code: str
    message: str
    arguments: dict[str, Any]


def add_handlers(app: FastAPI) -> None:
    """Answer expected failures, and requests of the wrong shape, with a `FailureRecord`."""

    @app.exception_handler(PlaygroundError)
    def refused(request: Request, error: PlaygroundError) -> JSONResponse:
        status = next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), 409)
        return JSONResponse(error.as_record(), status)

    @app.exception_handler(RequestValidationError)
    def misshapen(request: Request, error: RequestValidationError) -> JSONResponse:
        faults = {
            ".".join(str(part) for part in fault["loc"][1:]): fault["msg"].removeprefix(
                "Value error, "
            )
            for fault in error.errors()
        }
        message = "; ".join(f"{where or 'the request'}: {fault}" for where, fault in faults.items())
        record = FailureRecord(code="request.invalid", message=message, arguments=faults)
        return JSONResponse(record.model_dump(), 422)
