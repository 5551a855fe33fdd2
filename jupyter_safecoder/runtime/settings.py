"""What the runtime process is told when it starts: one JSON line on its standard input."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from ..models import EMBEDDED


@dataclass(frozen=True)
class RuntimeSettings:
    """Settings of a runtime process; times in seconds, sizes in bytes."""

    model: str = EMBEDDED
    revision: str = ""
    allow_downloads: bool = False
    cache_dir: str = ""
    adapter: str = ""
    draft_model: str = ""
    lookup_tokens: int = 0
    engine: str = "auto"
    device: str = ""
    precision: str = ""
    layout: str = ""
    remote_url: str = ""
    remote_model: str = ""
    remote_key_file: str = ""
    remote_ca_file: str = ""
    remote_certificate_file: str = ""
    remote_certificate_key_file: str = ""
    max_tokens_line: int = 48
    max_tokens_block: int = 128
    max_lines: int = 12
    deadline_s: float = 10.0
    max_running: int = 8
    max_waiting: int = 64
    max_request_bytes: int = 16 * 2**20
    connection_name: str = ""

    @property
    def remote(self) -> bool:
        """Whether a server computes, and the weights are there."""
        return bool(self.remote_url) and self.engine in ("auto", "measured", "remote")

    def line(self) -> bytes:
        """Return the settings as one line."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def parse(cls, line: str | bytes) -> RuntimeSettings:
        """Return the settings of a line."""
        return cls(**json.loads(line))
