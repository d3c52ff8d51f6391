"""The application: the routes under /api, and the built page for everything else."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from fastapi import APIRouter, Depends, FastAPI
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute

from model_playground.api import Playground
from model_playground.server import failures
from model_playground.server.access import refuse_strangers
from model_playground.server.jobs import Jobs
from model_playground.server.names import NamesInPath
from model_playground.server.routes import choices, datasets, experiments, jobs, splits

PAGE = Path(__file__).parent / "page"
_NOT_BUILT = """<!doctype html><title>Model Playground</title>
<p>The page is not built yet. Build it with <code>make page</code>, then reload.</p>"""


def create_app(playground: Playground, *, hosts: Iterable[str] = ()) -> FastAPI:
    """Make the application that serves a workspace.

    Args:
        playground: the workspace.
        hosts: names that the server answers to, beside localhost and addresses in numbers.
    """
    app = api()
    app.add_middleware(NamesInPath)
    app.state.playground = playground
    app.state.hosts = frozenset({"localhost", *hosts})
    app.state.is_closing = lambda: False
    app.state.jobs = Jobs(lambda: app.state.is_closing())
    _serve_page(app, PAGE)
    return app


def api() -> FastAPI:
    """Make the application without a workspace and without the page: what OpenAPI describes."""
    app = FastAPI(
        title="Model Playground",
        version="1",
        openapi_url="/api/openapi.json",
        docs_url=None,  # they would load scripts from elsewhere
        redoc_url=None,
        generate_unique_id_function=_operation_id,
    )
    root = APIRouter(
        prefix="/api",
        dependencies=[Depends(refuse_strangers)],
        responses={"4XX": {"model": failures.FailureRecord}},
    )
    for part in (datasets, splits, jobs, choices, experiments):
        root.include_router(part.router)
    app.include_router(root)
    failures.add_handlers(app)
    return app


def _operation_id(route: APIRoute) -> str:
    return route.name


def _serve_page(app: FastAPI, page: Path) -> None:
    if (page / "index.html").is_file():
        app.frontend("/", directory=page, fallback="index.html")
        return

    @app.get("/{path:path}", include_in_schema=False, response_class=HTMLResponse)
    def not_built(path: str) -> HTMLResponse:
        return HTMLResponse(_NOT_BUILT, 503)
