"""A workspace: a folder with files and, unless PostgreSQL keeps it, the database."""

from __future__ import annotations

import os
import re
from pathlib import Path

from model_playground.core.errors import InvalidError
from model_playground.store.database import open_database

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+:/")


class Workspace:
    """The folder of a database and its artifacts; it is made when something is first written."""

    def __init__(self, folder: str | Path | None = None, *, database: str | None = None) -> None:
        """Choose the folder: the argument, else PLAYGROUND_WORKSPACE, else ./.playground.

        The database is an SQLite file in it, unless the argument or else PLAYGROUND_DATABASE is the
        URL of one in PostgreSQL.

        Raises:
            InvalidError: it is no folder, or the URL cannot be used.
        """
        chosen = folder or os.environ.get("PLAYGROUND_WORKSPACE") or ".playground"
        if _ADDRESS.match(str(chosen)):  # it is not shown: there may be a password in it
            raise InvalidError(
                "workspace.address",
                "a workspace is a folder and no address: name a folder for its files, and give the "
                "address of a database as PLAYGROUND_DATABASE",
            )
        self.folder = Path(chosen).expanduser().absolute()
        if self.folder.exists() and not self.folder.is_dir():
            raise InvalidError(
                "workspace.no_folder",
                "the workspace {folder} is a file: name a folder, which is made if need be",
                folder=str(self.folder),
            )
        elsewhere = database or os.environ.get("PLAYGROUND_DATABASE")
        self.store = open_database(elsewhere or self.folder / "playground.sqlite")
        self.artifacts = self.folder / "artifacts"

    @property
    def revisions(self) -> Path:
        """The folder with the records of all revisions."""
        return self.artifacts / "revisions"

    @property
    def copies(self) -> Path:
        """The folder with the images that were copied, by the hash of their revision."""
        return self.artifacts / "copies"

    def revision_folder(self, revision: str) -> Path:
        """Return where the records of a revision are, by its hash."""
        return self.revisions / revision

    def run_folder(self, run_id: str) -> Path:
        """Return where a run keeps its checkpoints."""
        return self.artifacts / "runs" / run_id
