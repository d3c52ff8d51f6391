"""`playground worker`: run what is queued."""

from __future__ import annotations

from typing import Annotated

import typer

from model_playground.cli.options import Plugins, Workspace, notify


def worker(
    once: Annotated[
        bool, typer.Option("--once", help="Stop when nothing is queued instead of waiting.")
    ] = False,
    plugin: Plugins = None,
    workspace: Workspace = None,
) -> None:
    """Run queued experiments of the workspace; `serve` starts one by itself."""
    from model_playground.work.worker import work

    work(workspace, plugins=plugin or (), until_empty=once, notify=notify)
