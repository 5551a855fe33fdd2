"""Training jobs of the groups, and the adapter that each has activated."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "training_job",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("service", sa.String(32), nullable=False),
        sa.Column("group", sa.String(255), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("person", sa.String(255), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created", sa.String(32), nullable=False),
        sa.Column("ended", sa.String(32), nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.UniqueConstraint("service", "group", "name"),
    )
    op.create_table(
        "team_adapter",
        sa.Column("service", sa.String(32), primary_key=True),
        sa.Column("group", sa.String(255), primary_key=True),
        sa.Column("adapter", sa.String(64), nullable=False),
        sa.Column("before", sa.String(64), nullable=False),
    )


def downgrade() -> None:
    """Delete the tables; adapters stay in the cache."""
    op.drop_table("team_adapter")
    op.drop_table("training_job")
