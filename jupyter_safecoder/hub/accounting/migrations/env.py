"""Runs migrations on the connection that ``database.py`` passes."""

from __future__ import annotations

from alembic import context

from jupyter_safecoder.hub.accounting.database import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
