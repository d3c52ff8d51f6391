"""Making, migrating and refusing databases, and what several processes may do to one."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, func, insert, inspect, make_url, select

from model_playground.core.errors import InvalidError
from model_playground.core.records import DatasetRecord, SplitRecord
from model_playground.store import database, migration
from model_playground.store.database import open_database
from model_playground.store.datasets import list_datasets
from model_playground.store.schema import HEAD, dataset, item, metadata
from model_playground.store.splits import list_splits, split_items
from model_playground.store.workspace import Workspace

Start = Callable[..., subprocess.Popen[str]]
Reopen = Callable[[], Workspace]

of_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def file_of(workspace: Workspace) -> Path:
    return workspace.folder / "playground.sqlite"


def in_database(workspace: Workspace, statement: str) -> list[Any]:
    with workspace.store.write() as connection:
        result = connection.exec_driver_sql(statement)
        return [tuple(row) for row in result] if result.returns_rows else []


def in_file(file: Path, statement: str) -> list[Any]:
    with closing(sqlite3.connect(file)) as connection, connection:
        return connection.execute(statement).fetchall()


# The schema and its migrations


def described(connection: Connection) -> dict[str, Any]:
    """Describe everything that a database has in its tables."""
    found = inspect(connection)
    return {
        table: {
            "columns": [
                (one["name"], str(one["type"]), one["nullable"], one["default"])
                for one in found.get_columns(table)
            ],
            "primary key": found.get_pk_constraint(table),
            "foreign keys": sorted(map(str, found.get_foreign_keys(table))),
            "unique": sorted(map(str, found.get_unique_constraints(table))),
            "indexes": sorted(map(str, found.get_indexes(table))),
        }
        for table in found.get_table_names()
    }


def test_the_migrations_lead_to_the_schema(database: str | None) -> None:
    engine = create_engine(database or "sqlite://")
    with engine.connect() as connection:
        migration.upgrade(connection)
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, metadata) == []
        migrated = described(connection)
        connection.rollback()  # makes the tables anew, in the same database
        metadata.drop_all(connection)
        metadata.create_all(connection)
        assert migrated == described(connection)
    engine.dispose()


def test_the_schema_names_its_newest_migration() -> None:
    assert ScriptDirectory(str(migration.MIGRATIONS)).get_current_head() == HEAD


@of_sqlite
def test_times_in_the_file_are_rfc_3339(
    workspace: Workspace, import_fruit: Callable[..., DatasetRecord]
) -> None:
    created = import_fruit().created
    ((text,),) = in_file(file_of(workspace), "SELECT created FROM revision")
    assert text == f"{created:%Y-%m-%dT%H:%M:%S.%f}Z"


NEXT_MIGRATION = """
import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

def upgrade():
    with op.batch_alter_table("dataset") as table:  # replaces a table that others refer to
        table.add_column(sa.Column("note", sa.Text, nullable=False, server_default="none"))
    with op.batch_alter_table("item") as table:
        table.alter_column("status", server_default="UNSEEN")
"""


@pytest.fixture
def next_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Make this program a later version of itself, with one more migration."""

    def change(text: str) -> None:
        folder = shutil.copytree(migration.MIGRATIONS, tmp_path / "migrations")
        (folder / "versions" / "0003_next.py").write_text(text)
        monkeypatch.setattr(migration, "MIGRATIONS", folder)
        monkeypatch.setattr(database, "HEAD", "0003")

    return change


def test_an_older_database_is_migrated_and_nothing_is_lost(
    workspace: Workspace,
    split_fruit: Callable[..., SplitRecord],
    next_version: Callable[[str], None],
    reopen: Reopen,
) -> None:
    before = split_fruit(), *list_datasets(workspace.store)
    next_version(NEXT_MIGRATION)
    later = reopen().store
    assert (*list_splits(later), *list_datasets(later)) == before
    assert split_items(later, "halves") == {"1": "train", "2": "validation", "3": "test"}
    assert in_database(workspace, "SELECT version_num FROM alembic_version") == [("0003",)]
    assert in_database(workspace, "SELECT note FROM dataset") == [("none",)]


@of_sqlite
def test_a_file_is_copied_before_it_is_migrated(
    workspace: Workspace,
    split_fruit: Callable[..., SplitRecord],
    next_version: Callable[[str], None],
    reopen: Reopen,
) -> None:
    split_fruit()
    next_version(NEXT_MIGRATION)
    list_datasets(reopen().store)
    file = file_of(workspace)
    assert in_file(file, "PRAGMA foreign_key_check") == []
    backup = file.with_name("playground.sqlite.0002.backup")
    assert in_file(backup, "SELECT version_num FROM alembic_version") == [("0002",)]
    assert len(in_file(backup, "SELECT * FROM split_item")) == 3


def test_a_database_of_the_first_schema_is_brought_up_to_date(
    workspace: Workspace, split_fruit: Callable[..., SplitRecord], reopen: Reopen
) -> None:
    """Without the columns of later migrations it is what version 0001 made."""
    before = split_fruit()
    for column in ("fold", "plan", "report"):
        in_database(workspace, f"ALTER TABLE split DROP COLUMN {column}")
    in_database(workspace, "UPDATE alembic_version SET version_num = '0001'")
    later = reopen().store
    assert list_splits(later) == [before]
    assert (before.plan, before.report, before.fold) == (None, None, None)
    assert in_database(workspace, "SELECT version_num FROM alembic_version") == [(HEAD,)]
    assert in_database(workspace, "SELECT plan, report FROM split") == [(None, None)]


def test_a_migration_that_fails_changes_nothing(
    workspace: Workspace,
    split_fruit: Callable[..., SplitRecord],
    next_version: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    reopen: Reopen,
) -> None:
    before = split_fruit()
    next_version(NEXT_MIGRATION + "    op.drop_table('no_such_table')\n")
    with pytest.raises(InvalidError, match=r"cannot be used: .*no_such_table"):
        list_splits(reopen().store)
    monkeypatch.undo()
    assert list_splits(reopen().store) == [before]
    with workspace.store.read() as connection:
        columns = [column["name"] for column in inspect(connection).get_columns("dataset")]
    assert columns == ["id", "name"]


# What is refused


def test_a_database_of_a_newer_program_is_refused(
    workspace: Workspace, import_fruit: Callable[..., DatasetRecord], reopen: Reopen
) -> None:
    import_fruit()
    in_database(workspace, "UPDATE alembic_version SET version_num = '9999'")
    later = reopen().store
    with pytest.raises(InvalidError, match=r"made by a newer Model Playground.*9999.*update"):
        list_datasets(later)
    with pytest.raises(InvalidError, match="newer"), later.write():
        pass


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "playground.sqlite"
    file.write_text("these are my notes, and there are enough of them to be no header")
    before = file.read_bytes()
    with pytest.raises(InvalidError, match=r"playground\.sqlite cannot be used: .*not a database"):
        list_datasets(open_database(file))
    with pytest.raises(InvalidError, match="not a database"), open_database(file).write():
        pass
    assert file.read_bytes() == before


def test_tables_of_another_program_are_refused_and_left_alone(
    database: str | None, tmp_path: Path
) -> None:
    address = database or f"sqlite:///{tmp_path / 'addresses.sqlite'}"
    engine = create_engine(address)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE address (name TEXT)")
    store = open_database(address)
    with pytest.raises(InvalidError, match="was not made by Model Playground"):
        list_datasets(store)
    with pytest.raises(InvalidError, match="not made by"), store.write():
        pass
    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == ["address"]
    store.close()
    engine.dispose()


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_database_that_cannot_be_reached_is_named_without_its_password(database: str) -> None:
    address = make_url(database).set(database="nowhere", password="secret")
    store = open_database(address.render_as_string(hide_password=False))
    with pytest.raises(InvalidError, match=r"/nowhere.* cannot be used") as refused:
        list_datasets(store)
    assert "secret" not in str(refused.value)


def test_a_server_that_does_not_answer_is_named() -> None:
    store = open_database("postgresql://127.0.0.1:1/playground")
    with pytest.raises(InvalidError, match=r"127\.0\.0\.1:1/playground cannot be used"):
        list_datasets(store)


@pytest.mark.parametrize("address", ["mysql://host/database", "://host", "postgresql://host:a/b"])
def test_an_address_that_is_none_says_how_it_is_written(address: str) -> None:
    with pytest.raises(InvalidError, match="write postgresql://user:password@host/database"):
        open_database(address)


def test_a_driver_that_is_not_installed_is_asked_for() -> None:
    with pytest.raises(InvalidError, match=r"pip install 'model-playground\[postgresql\]'"):
        open_database("postgresql+psycopg2://host/database")


def test_a_folder_in_the_place_of_the_database_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidError, match="unable to open database file"):
        list_datasets(open_database(tmp_path))


def test_a_workspace_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(InvalidError, match="cannot be used"),
        open_database(tmp_path / "file" / "inside" / "playground.sqlite").write(),
    ):
        pass


def test_an_empty_file_is_an_empty_database(tmp_path: Path) -> None:
    file = tmp_path / "playground.sqlite"
    file.touch()  # what is left of a database whose making was interrupted
    store = open_database(f"sqlite:///{file}")
    assert list_datasets(store) == []
    with store.write() as connection:
        connection.execute(insert(dataset).values(name="fruit"))
    with store.read() as connection:
        assert connection.scalars(select(dataset.c.name)).all() == ["fruit"]


# Several processes

ADD_MANY = """
from model_playground.store.datasets import add_revision
print("ready", flush=True)
sys.stdin.readline()
for number in range(20):
    add_revision(
        store, name="shared", revision_hash=f"{arguments[0]} {number}", task="classification",
        root="/", format_name="csv", classes=(), class_counts={}, target_names=(), columns=(),
        item_ids=[str(number), f"{arguments[0]} {number}"],
    )
"""

HANG_WHILE_WRITING = """
from sqlalchemy import insert
from model_playground.store.schema import dataset, item
with store.write() as connection:
    connection.execute(insert(dataset).values(id=1, name="half"))
    connection.execute(insert(item), [{"dataset_id": 1, "item_id": str(n)} for n in range(50_000)])
    print("written", flush=True)
    time.sleep(60)
"""


def test_processes_make_and_write_a_database_at_the_same_time(
    workspace: Workspace, start: Start
) -> None:
    writers = [start(ADD_MANY, name) for name in ("one", "other")]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    assert not workspace.folder.exists()
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate(timeout=60)
        assert writer.returncode == 0
    (shared,) = list_datasets(workspace.store)
    assert shared.revision_number == 40
    with workspace.store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(item)) == 60


@of_sqlite
def test_readers_of_a_file_and_its_writer_do_not_wait_for_each_other(
    workspace: Workspace, import_fruit: Callable[..., DatasetRecord]
) -> None:
    import_fruit()
    assert in_file(file_of(workspace), "PRAGMA journal_mode") == [("wal",)]


def test_a_killed_writer_leaves_nothing_and_keeps_nobody_waiting(
    workspace: Workspace, start: Start, import_fruit: Callable[..., DatasetRecord]
) -> None:
    import_fruit()
    before = list_datasets(workspace.store)
    writer = start(HANG_WHILE_WRITING.replace("id=1", "id=2").replace('_id": 1', '_id": 2'))
    assert writer.stdout is not None
    assert writer.stdout.readline() == "written\n"
    assert list_datasets(workspace.store) == before  # a reader does not wait for the writer
    writer.kill()
    writer.wait()
    assert list_datasets(workspace.store) == before
    with workspace.store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(item)) == 3
    import_fruit(name="after")
    assert len(list_datasets(workspace.store)) == 2


# What has to be imported

LISTING = """
import json, sys
from model_playground.store.datasets import list_datasets
from model_playground.store.experiments import list_experiments
from model_playground.store.splits import list_splits
from model_playground.store.workspace import Workspace
store = Workspace(sys.argv[1]).store
counts = [len(listing(store)) for listing in (list_datasets, list_splits, list_experiments)]
print(json.dumps([counts, sorted(sys.modules)]))
"""


@of_sqlite
@pytest.mark.parametrize("filled", [False, True])
def test_listings_import_nothing_heavy(
    *, filled: bool, workspace: Workspace, new_experiment: Callable[..., Any], tmp_path: Path
) -> None:
    new_experiment("first")
    folder = workspace.folder if filled else tmp_path / "empty"
    finished = subprocess.run(
        [sys.executable, "-c", LISTING, folder], capture_output=True, text=True, check=True
    )
    counts, modules = json.loads(finished.stdout)
    assert counts == [int(filled)] * 3
    heavy = {"torch", "sqlalchemy.orm", "alembic", "polars", "pyarrow", "numpy"}
    assert not heavy & set(modules)
