"""Writes a Jupyter event for each record as a line of a file, for systems that collect events."""

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

from jupyter_safecoder.files import make_directory

from .record import REQUEST_ACTIONS, WARM_ACTION, Record

#: Bytes of a file, and number of older files that are kept.
_MAX_BYTES, _BACKUPS = 64 * 2**20, 5
_SCHEMAS = Path(__file__).parent / "event_schemas"
#: How the identifiers of the schemas start.
_SCHEMA_BASE = "https://events.jupyter-safecoder.org"
log = logging.getLogger(__name__)


class _FileHandler(RotatingFileHandler):
    """Logs once that it cannot write, instead of a traceback for each event."""

    _failing = False

    def _open(self) -> Any:
        # For the owner alone: the events name users.
        return open(
            self.baseFilename,
            self.mode,
            encoding=self.encoding,
            opener=partial(os.open, mode=0o600),
        )

    def emit(self, record: logging.LogRecord) -> None:
        self._failed = False
        super().emit(record)
        self._failing = self._failed

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        self._failed = True
        if not self._failing:
            log.error("Events cannot be written to %s: %s.", self.baseFilename, sys.exc_info()[1])


class EventWriter:
    """Writes events to a file.

    Parameters
    ----------
    path
        The file; a new one is started before it grows beyond 64 MB, and five old ones are kept.

    Raises
    ------
    OSError
        If the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        make_directory(path.parent)
        handler = _FileHandler(path, maxBytes=_MAX_BYTES, backupCount=_BACKUPS, encoding="utf-8")
        self._logger = EventLogger(handlers=[handler])
        for schema in sorted(_SCHEMAS.glob("*/v*.yaml")):
            self._logger.register_event_schema(schema)

    def write(self, record: Record) -> None:
        """Write the event of a record; a prompt in advance has none."""
        if record.action == WARM_ACTION:
            return
        name = "completion" if record.action in REQUEST_ACTIONS else "admin_action"
        schema = f"{_SCHEMA_BASE}/{name}/v1"
        properties = self._logger.schemas.get(schema).properties
        data = {name: value for name, value in asdict(record).items() if name in properties}
        self._logger.emit(schema_id=schema, data=data)
