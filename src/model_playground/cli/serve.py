"""`playground serve`: the page."""

from __future__ import annotations

from typing import Annotated

import typer

from model_playground.cli.options import Plugins, Workspace


def serve(
    host: Annotated[str, typer.Option("--host", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", help="The port to listen on.", min=0, max=65_535)
    ] = 8000,
    open_browser: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the browser.")
    ] = False,
    plugin: Plugins = None,
    workspace: Workspace = None,
) -> None:
    """Serve the page and run the experiments that are started in it."""
    from model_playground.server.run import serve as run_server

    run_server(
        workspace=workspace, host=host, port=port, plugins=plugin or [], open_browser=open_browser
    )
