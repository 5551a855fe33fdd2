"""``jupyter safecoder serve``: runs a runtime in the foreground."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import Any, NoReturn

from .options import add_command, add_editor_arguments, add_runtime_arguments, settings
from .output import print_line


def add_serve_command(commands: Any) -> None:
    """Add ``serve``."""
    help = "run a runtime in the foreground"
    parser = add_command(commands, "serve", _serve, help, json_output=False)
    add_runtime_arguments(parser)
    add_editor_arguments(parser)


def _serve(arguments: argparse.Namespace) -> NoReturn:
    from jupyter_safecoder.clients.host import check_platform

    check_platform()
    from jupyter_safecoder.clients.connection import Connection
    from jupyter_safecoder.clients.huge_pages import restart_with_huge_pages
    from jupyter_safecoder.files import create_private_files
    from jupyter_safecoder.privacy.network import confine_runtime, deny_unused_network
    from jupyter_safecoder.runtime.process import run_and_exit, serve, stop_on_signals
    from jupyter_safecoder.slow_imports import skip_scikit_learn
    from jupyter_safecoder.telemetry import silence_telemetry

    restart_with_huge_pages()
    create_private_files()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("jupyter_safecoder").setLevel(logging.INFO)
    runtime_settings = settings(arguments)
    confine_runtime(runtime_settings)
    silence_telemetry(offline=not runtime_settings.allow_downloads)
    skip_scikit_learn()

    def on_listening(path: Path | None, connection: Connection) -> None:
        deny_unused_network(runtime_settings, listens_on_port=not connection.socket)
        print_line(f"Connection file: {path or 'none'} (Ctrl-C to stop)")

    async def run() -> int:
        return await serve(runtime_settings, on_listening, stop_on_signals())

    run_and_exit(run())
