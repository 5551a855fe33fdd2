"""A Jupyter event for each record, as a line of a file: for systems that collect them."""

from __future__ import annotations

import logging
import os
import sys
from dataclasses import asdict
from functools import partial
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from jupyter_events import EventLogger

from .record import REQUESTS, Record

#: Bytes of a file, and how many older ones are kept.
_BYTES, _KEPT = 64 * 2**20, 5
_SCHEMAS = Path(__file__).parent / "event_schemas"
#: What the schemas' identifiers begin with.
_SCHEMA_BASE = "https://events.jupyter-safecoder.org"
log = logging.getLogger(__name__)


class _Handler(RotatingFileHandler):
    """Says once that it cannot write, instead of a traceback for each event."""

    _failing = False

    def _open(self) -> Any:
        # For its owner alone: people are named in it.
        return open(
            self.baseFilename,
            self.mode,
            encoding=self.encoding,
            opener=partial(os.open, mode=0o600),
        )

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line."""
        self._failed = False
        super().emit(record)
        self._failing = self._failed

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Note why a line could not be written."""
        self._failed = True
        if not self._failing:
            log.error("Events cannot be written to %s: %s.", self.baseFilename, sys.exc_info()[1])


class Events:
    """Writes events.

    Parameters
    ----------
    path
        The file; another follows before it grows beyond 64 MB, and five old ones are kept.

    Raises
    ------
    OSError
        If it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = _Handler(path, maxBytes=_BYTES, backupCount=_KEPT, encoding="utf-8")
        self._logger = EventLogger(handlers=[handler])
        for schema in sorted(_SCHEMAS.glob("*/v*.yaml")):
            self._logger.register_event_schema(schema)

    def take(self, record: Record) -> None:
        """Write the event of a record."""
        name = "completion" if record.action in REQUESTS else "admin_action"
        schema = f"{_SCHEMA_BASE}/{name}/v1"
        told = self._logger.schemas.get(schema).properties
        data = {name: value for name, value in asdict(record).items() if name in told}
        self._logger.emit(schema_id=schema, data=data)
