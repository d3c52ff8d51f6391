"""A database that is made when it is first written, and migrated when it is older."""

from __future__ import annotations

import json
import sqlite3
import weakref
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from functools import partial
from getpass import getuser
from pathlib import Path

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    NullPool,
    Pool,
    create_engine,
    event,
    insert,
    inspect,
    make_url,
    select,
)
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    InterfaceError,
    NoSuchModuleError,
    OperationalError,
    ProgrammingError,
)

from model_playground.core.errors import InvalidError
from model_playground.store.schema import HEAD, alembic_version, metadata

BUSY_TIMEOUT_S = 30.0
"""How long a process waits for another one that is writing."""

WRITE_LOCK = int.from_bytes(b"playgrnd")
"""The number of the lock that whoever writes a PostgreSQL database holds."""


def open_database(address: str | Path) -> Store:
    """Open a database, without touching it yet.

    Args:
        address: the path of an SQLite file, or the URL of a database.

    Raises:
        InvalidError: the URL cannot be read, or what it needs is not installed.
    """
    if isinstance(address, str) and "://" in address:
        return Store(_url(address))
    return Store(URL.create("sqlite", database=str(Path(address).absolute())))


class Store:
    """A database: `read` sees one state of it, `write` changes it wholly or not at all.

    Writers take turns, whatever the database: what a block reads stays true until it ends. It is
    made on the first write. Reading one that does not exist finds it empty.
    """

    def __init__(self, url: URL) -> None:
        self._url = url
        self._engine = _engine(url)
        self._is_current = False
        weakref.finalize(self, self._engine.dispose)

    def close(self) -> None:
        """Close the connections that are kept for the next use; that opens new ones."""
        self._engine.dispose()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that sees the database as it is now.

        Raises:
            InvalidError: the database cannot be read.
        """
        with self._faults_named():
            if self._made_current():
                with self._engine.connect() as connection:
                    yield connection
            else:
                in_memory = _engine(URL.create("sqlite"), poolclass=NullPool)
                with in_memory.connect() as connection:
                    _create_tables(connection)
                    yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a connection whose changes are kept if the block ends without an error.

        Raises:
            InvalidError: the database cannot be written.
        """
        with self._faults_named():
            if not self._made_current():
                self._create()
            with _writing(self._engine) as connection:
                yield connection

    @property
    def _file(self) -> Path | None:
        is_file = self._url.get_backend_name() == "sqlite" and self._url.database
        return Path(self._url.database or "") if is_file else None

    def _made_current(self) -> bool:
        """Say whether the database exists, after migrating it where it is older."""
        if self._is_current:
            return True
        if self._file and not self._file.exists():
            return False
        with self._engine.connect() as connection:
            version = self._version(connection)
        if version is None:
            return False
        if version != HEAD:
            self._migrate(version)
        self._is_current = True
        return True

    def _version(self, connection: Connection) -> str | None:
        """Return the version of the schema; None where there is none yet."""
        tables = set(inspect(connection).get_table_names())
        if not tables:
            return None
        if not {"alembic_version", "dataset"} <= tables:
            raise InvalidError(
                "database.foreign",
                "{database} was not made by Model Playground: choose another workspace or database",
                database=str(self),
            )
        version: str = connection.scalars(select(alembic_version.c.version_num)).one()
        if version > HEAD:
            raise InvalidError(
                "database.newer",
                "{database} was made by a newer Model Playground (its schema is {version}, the "
                "newest known here is {known}): update the program, or choose another workspace or "
                "database",
                database=str(self),
                version=version,
                known=HEAD,
            )
        return version

    def _create(self) -> None:
        if self._file:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            _use_write_ahead_log(self._file)
        with _writing(self._engine) as connection:
            if self._version(connection) is None:  # else another process was faster
                _create_tables(connection)
        self._is_current = True

    def _migrate(self, version: str) -> None:
        """Bring an older database to the newest schema, all of it or nothing, after a copy."""
        from model_playground.store.migration import upgrade

        if self._file:
            _copy(self._file, self._file.with_name(f"{self._file.name}.{version}.backup"))
        # A migration of SQLite replaces tables, which foreign keys would take for deletions.
        engine = _engine(self._url, foreign_keys=False, poolclass=NullPool)
        with _writing(engine) as connection:
            if self._version(connection) != HEAD:  # else another process was faster
                upgrade(connection)

    @contextmanager
    def _faults_named(self) -> Iterator[None]:
        """Turn what the database itself reports into a sentence; errors of ours pass."""
        try:
            yield
        except (
            OSError,
            OperationalError,
            InterfaceError,
            ProgrammingError,  # what pg8000 makes of most that a PostgreSQL server reports
            sqlite3.Error,
        ) as error:
            raise self._unusable(error) from error
        except UnicodeEncodeError as error:
            raise InvalidError(
                "database.text",
                "{text!r} holds bytes that are no text in UTF-8: rename it",
                text=error.object,
            ) from error
        except DatabaseError as error:
            if type(error) is DatabaseError:  # such as a file that is no database
                raise self._unusable(error) from error
            raise

    def _unusable(self, error: Exception) -> InvalidError:
        return InvalidError(
            "database.unusable",
            "the database {database} cannot be used: {why}",
            database=str(self),
            why=_reason(error),
        )

    def __str__(self) -> str:
        return str(self._file or self._url.render_as_string(hide_password=True))


def _url(address: str) -> URL:
    """Read the URL of a database; PostgreSQL without a driver's name is given ours."""
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):  # what was wrong could show a password
        url = URL.create("unreadable")
    if url.get_backend_name() not in ("sqlite", "postgresql"):
        raise InvalidError(
            "database.address",
            "the address of the database cannot be used: write "
            "postgresql://user:password@host/database, with signs such as @ in the password as %40",
        )
    if url.drivername != "postgresql":
        return url
    return url.set(drivername="postgresql+pg8000", username=url.username or getuser())


def _reason(error: Exception) -> str:
    """Return what a database reports in its own words; pg8000 gives fields, `M` the message."""
    reported = getattr(error, "orig", error)
    fields = reported.args[0] if reported.args else None
    return str(fields["M"] if isinstance(fields, dict) else reported)


def _writing(engine: Engine) -> AbstractContextManager[Connection]:
    return engine.execution_options(writing=True).begin()


def _engine(url: URL, *, foreign_keys: bool = True, poolclass: type[Pool] | None = None) -> Engine:
    is_sqlite = url.get_backend_name() == "sqlite"
    try:
        engine = create_engine(
            url,
            json_serializer=partial(json.dumps, ensure_ascii=False, allow_nan=False),
            connect_args={"timeout": BUSY_TIMEOUT_S} if is_sqlite else {},
            poolclass=poolclass,
            pool_pre_ping=not is_sqlite,  # a server may have been started anew meanwhile
        )
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise InvalidError(
            "database.driver",
            "the driver of {database} is not installed: pip install 'model-playground[postgresql]'",
            database=url.render_as_string(hide_password=True),
        ) from error
    if is_sqlite:
        _set_up_sqlite(engine, foreign_keys=foreign_keys)
    else:
        _set_up_postgresql(engine)
    return engine


# In both, a transaction that will write waits for its turn at once. If it read first, another one's
# change in between would make it fail instead.


def _set_up_sqlite(engine: Engine, *, foreign_keys: bool) -> None:
    @event.listens_for(engine, "connect")
    def set_up(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # `begin` below begins the transactions, not the driver
        connection.execute(f"PRAGMA foreign_keys = {int(foreign_keys)}")
        connection.execute("PRAGMA synchronous = NORMAL")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writing = connection.get_execution_options().get("writing")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _set_up_postgresql(engine: Engine) -> None:
    # Many rows in one statement: the driver sends each statement by itself, and waits.
    engine.dialect.use_insertmanyvalues_wo_returning = True

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get("writing"):
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{BUSY_TIMEOUT_S}s'")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITE_LOCK})")
        else:
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")


def _create_tables(connection: Connection) -> None:
    metadata.create_all(connection, checkfirst=False)
    connection.execute(insert(alembic_version).values(version_num=HEAD))


def _use_write_ahead_log(file: Path) -> None:
    """Let readers and a writer work at the same time, from now on.

    It fails if another process is doing the same, which is as good.
    """
    with closing(sqlite3.connect(file)) as connection, suppress(sqlite3.OperationalError):
        connection.execute("PRAGMA journal_mode = WAL")


def _copy(file: Path, to: Path) -> None:
    unfinished = to.with_name(f"{to.name}.unfinished")
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(unfinished)) as target:
        source.backup(target)
    unfinished.replace(to)
