"""Splits keep how they were made, and what is to be known of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns; splits that are there keep nothing in them."""
    op.add_column("split", sa.Column("fold", sa.Integer))
    op.add_column("split", sa.Column("plan", sa.JSON))
    op.add_column("split", sa.Column("report", sa.JSON))
