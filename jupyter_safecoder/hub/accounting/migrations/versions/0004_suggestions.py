"""What happened to the suggestions of each group on each day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_COUNTS = (
    *("shown", "accepted", "accepted_characters", "dismissed"),
    *("kept_characters", "checked_characters"),
)


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "suggestions",
        sa.Column("group", sa.String(255), primary_key=True),
        sa.Column("day", sa.String(10), primary_key=True),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in _COUNTS),
    )


def downgrade() -> None:
    """Delete the table."""
    op.drop_table("suggestions")
