"""The tables, in terms that SQLite and PostgreSQL share.

A change here is a migration there: a new file in `migrations/versions`, and `HEAD` below.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.dialects.sqlite import DATETIME

HEAD = "0002"
"""The newest migration: what a database's `alembic_version` must say."""


def now() -> datetime:
    """Return the time in UTC."""
    return datetime.now(UTC)


class UtcTime(TypeDecorator[datetime]):
    """A moment in UTC; SQLite, which knows no times, keeps it as RFC 3339 text."""

    impl = DateTime(timezone=True).with_variant(
        DATETIME(  # type: ignore[no-untyped-call]
            storage_format="%(year)04d-%(month)02d-%(day)02dT"
            "%(hour)02d:%(minute)02d:%(second)02d.%(microsecond)06dZ"
        ),
        "sqlite",
    )
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn any time that knows its zone into UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Return the time in UTC, whatever zone the database's session has."""
        return None if value is None else value.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

alembic_version = Table(
    "alembic_version",
    metadata,
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)

dataset = Table(
    "dataset",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
)

revision = Table(
    "revision",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("dataset_id", ForeignKey("dataset.id"), nullable=False),
    Column("number", Integer, nullable=False),  # from 1, within the dataset
    Column("hash", Text, nullable=False),
    Column("task", Text, nullable=False),
    Column("root", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("classes", JSON, nullable=False),
    Column("class_counts", JSON, nullable=False),
    Column("target_names", JSON, nullable=False),
    Column("columns", JSON, nullable=False),
    Column("items", Integer, nullable=False),
    Column("created", UtcTime, nullable=False),
    UniqueConstraint("dataset_id", "number"),
)

item = Table(
    "item",
    metadata,
    Column("dataset_id", ForeignKey("dataset.id"), primary_key=True),
    Column("item_id", Text, primary_key=True),  # given at first import, kept across revisions
    Column("status", Text, nullable=False, server_default="NEW"),
)

item_tag = Table(
    "item_tag",
    metadata,
    Column("dataset_id", Integer, primary_key=True),
    Column("item_id", Text, primary_key=True),
    Column("tag", Text, primary_key=True),
    ForeignKeyConstraint(["dataset_id", "item_id"], ["item.dataset_id", "item.item_id"]),
)

split = Table(
    "split",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("revision_id", ForeignKey("revision.id"), nullable=False),
    Column("strategy", Text, nullable=False),
    Column("seed", BigInteger),
    Column("counts", JSON, nullable=False),
    Column("class_counts", JSON, nullable=False),
    Column("created", UtcTime, nullable=False),
    Column("fold", Integer),  # which of the plan's folds is the validation part, from 1
    Column("plan", JSON(none_as_null=True)),  # null, as the report: made before plans were kept
    Column("report", JSON(none_as_null=True)),
)

split_item = Table(
    "split_item",
    metadata,
    Column("split_id", ForeignKey("split.id"), primary_key=True),
    Column("dataset_id", Integer, nullable=False),
    Column("item_id", Text, primary_key=True),  # so an item is in one part only
    Column("part", Text, nullable=False),
    ForeignKeyConstraint(["dataset_id", "item_id"], ["item.dataset_id", "item.item_id"]),
)

experiment = Table(
    "experiment",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("split_id", ForeignKey("split.id"), nullable=False),
    Column("specification", JSON, nullable=False),
    Column("created", UtcTime, nullable=False),
)

run = Table(
    "run",
    metadata,
    Column("id", Text, primary_key=True),
    Column("experiment_id", ForeignKey("experiment.id"), nullable=False, index=True),
    Column("seed", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("worker", Text),  # who runs it or, while it is queued, who alone may
    Column("heartbeat", UtcTime),  # when that worker was last heard of
    Column("stop_requested", Boolean, nullable=False),
    Column("epochs_done", Integer, nullable=False),
    Column("best_epoch", Integer),
    Column("monitor", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("started", UtcTime),
    Column("finished", UtcTime),
)

event = Table(
    "event",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("run_id", ForeignKey("run.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("payload", JSON, nullable=False),
    Column("created", UtcTime, nullable=False),
    Index(None, "run_id", "number"),
    sqlite_autoincrement=True,  # the number of a deleted event never returns
)

series_point = Table(
    "series_point",
    metadata,
    Column("run_id", ForeignKey("run.id"), primary_key=True),
    Column("epoch", Integer, primary_key=True),  # before the series: figures are read by epoch
    Column("series", Text, primary_key=True),
    Column("step", BigInteger, nullable=False),
    Column("images_seen", BigInteger, nullable=False),
    Column("value", Float),  # null where it is not finite
    Column("state", Text, nullable=False),  # finite, or what the value was instead
)

test_opening = Table(
    "test_opening",
    metadata,
    Column("experiment_id", ForeignKey("experiment.id"), primary_key=True),
    Column("number", Integer, primary_key=True),  # from 1, within the experiment
    Column("figures", JSON, nullable=False),  # run → points
    Column("created", UtcTime, nullable=False),
)
