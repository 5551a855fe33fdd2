"""Columns have the names that the code uses: ``user`` and ``previous``."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"

_RENAMED = (
    ("usage", "person", "user"),
    ("training_job", "person", "user"),
    ("team_adapter", "before", "previous"),
)


def upgrade() -> None:
    """Rename the columns."""
    for table, old, new in _RENAMED:
        _rename(table, old, new)


def downgrade() -> None:
    """Give the columns their old names."""
    for table, old, new in _RENAMED:
        _rename(table, new, old)


def _rename(table: str, old: str, new: str) -> None:
    # Both databases rename in place; alembic's own way copies a table of SQLite.
    op.execute(f'ALTER TABLE {table} RENAME COLUMN "{old}" TO "{new}"')
