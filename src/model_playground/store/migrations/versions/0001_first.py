"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make all tables."""
    time = sa.DateTime(timezone=True)
    op.create_table(
        "dataset",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
    )
    op.create_table(
        "revision",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("dataset_id", sa.Integer, sa.ForeignKey("dataset.id"), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("task", sa.Text, nullable=False),
        sa.Column("root", sa.Text, nullable=False),
        sa.Column("format", sa.Text, nullable=False),
        sa.Column("classes", sa.JSON, nullable=False),
        sa.Column("class_counts", sa.JSON, nullable=False),
        sa.Column("target_names", sa.JSON, nullable=False),
        sa.Column("columns", sa.JSON, nullable=False),
        sa.Column("items", sa.Integer, nullable=False),
        sa.Column("created", time, nullable=False),
        sa.UniqueConstraint("dataset_id", "number"),
    )
    op.create_table(
        "item",
        sa.Column("dataset_id", sa.Integer, sa.ForeignKey("dataset.id"), primary_key=True),
        sa.Column("item_id", sa.Text, primary_key=True),
        sa.Column("status", sa.Text, nullable=False, server_default="NEW"),
    )
    op.create_table(
        "item_tag",
        sa.Column("dataset_id", sa.Integer, primary_key=True),
        sa.Column("item_id", sa.Text, primary_key=True),
        sa.Column("tag", sa.Text, primary_key=True),
        sa.ForeignKeyConstraint(["dataset_id", "item_id"], ["item.dataset_id", "item.item_id"]),
    )
    op.create_table(
        "split",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("revision_id", sa.Integer, sa.ForeignKey("revision.id"), nullable=False),
        sa.Column("strategy", sa.Text, nullable=False),
        sa.Column("seed", sa.BigInteger),
        sa.Column("counts", sa.JSON, nullable=False),
        sa.Column("class_counts", sa.JSON, nullable=False),
        sa.Column("created", time, nullable=False),
    )
    op.create_table(
        "split_item",
        sa.Column("split_id", sa.Integer, sa.ForeignKey("split.id"), primary_key=True),
        sa.Column("dataset_id", sa.Integer, nullable=False),
        sa.Column("item_id", sa.Text, primary_key=True),
        sa.Column("part", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["dataset_id", "item_id"], ["item.dataset_id", "item.item_id"]),
    )
    op.create_table(
        "experiment",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("split_id", sa.Integer, sa.ForeignKey("split.id"), nullable=False),
        sa.Column("specification", sa.JSON, nullable=False),
        sa.Column("created", time, nullable=False),
    )
    op.create_table(
        "run",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("experiment_id", sa.Integer, sa.ForeignKey("experiment.id"), nullable=False),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("worker", sa.Text),
        sa.Column("heartbeat", time),
        sa.Column("stop_requested", sa.Boolean, nullable=False),
        sa.Column("epochs_done", sa.Integer, nullable=False),
        sa.Column("best_epoch", sa.Integer),
        sa.Column("monitor", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("started", time),
        sa.Column("finished", time),
    )
    op.create_index("ix_run_experiment_id", "run", ["experiment_id"])
    op.create_table(
        "event",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("run_id", sa.Text, sa.ForeignKey("run.id"), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("payload", sa.JSON, nullable=False),
        sa.Column("created", time, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_event_run_id_number", "event", ["run_id", "number"])
    op.create_table(
        "series_point",
        sa.Column("run_id", sa.Text, sa.ForeignKey("run.id"), primary_key=True),
        sa.Column("epoch", sa.Integer, primary_key=True),
        sa.Column("series", sa.Text, primary_key=True),
        sa.Column("step", sa.BigInteger, nullable=False),
        sa.Column("images_seen", sa.BigInteger, nullable=False),
        sa.Column("value", sa.Float),
        sa.Column("state", sa.Text, nullable=False),
    )
    op.create_table(
        "test_opening",
        sa.Column("experiment_id", sa.Integer, sa.ForeignKey("experiment.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("figures", sa.JSON, nullable=False),
        sa.Column("created", time, nullable=False),
    )
