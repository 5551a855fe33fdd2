"""A real PostgreSQL server from the system's packages, on a free port."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from tests.support.jupyter_server import free_port
from tests.support.processes import until


@contextmanager
def closing_engine(url: str) -> Iterator[Engine]:
    """Yield an engine whose connections are closed at the end."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        yield engine
    finally:
        engine.dispose()


@dataclass
class Postgres:
    """A server that can be killed and started again."""

    directory: Path
    programs: Path
    port: int

    @property
    def url(self) -> str:
        """URL of its first database."""
        return f"postgresql+pg8000://postgres:unread@127.0.0.1:{self.port}/postgres"

    def new_database(self) -> str:
        """Create a database and return its URL."""
        name = f"d{secrets.token_hex(6)}"
        with closing_engine(self.url) as engine, engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        return self.url.removesuffix("postgres") + name

    def start(self) -> None:
        """Start the server, and wait until it accepts connections."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -k {self.directory}"
        self._run("pg_ctl", "-w", "-o", options, "-l", str(self.directory / "log"), "start")

        def answers() -> bool:
            try:
                with closing_engine(self.url) as engine, engine.connect():
                    return True
            except SQLAlchemyError:
                return False

        until(answers)

    def kill(self) -> None:
        """Kill the server, as the system does when memory is short."""
        pid = int((self.directory / "data/postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGKILL)
        until(lambda: not Path(f"/proc/{pid}").exists())
        until(lambda: not self._children_of(pid))

    def _children_of(self, pid: int) -> bool:
        found = subprocess.run(["pgrep", "-g", str(pid)], capture_output=True, check=False)
        return found.returncode == 0

    def create(self) -> None:
        """Create its files."""
        self._run("initdb", "-A", "trust", "-U", "postgres", "--no-sync")

    def stop(self) -> None:
        """Stop the server."""
        self._run("pg_ctl", "-m", "immediate", "stop", check=False)

    def _run(self, program: str, *words: str, check: bool = True) -> None:
        # PostgreSQL refuses to run as root.
        user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        command = [*user, str(self.programs / program), "-D", str(self.directory / "data"), *words]
        subprocess.run(command, check=check, stdout=subprocess.DEVNULL, timeout=60)


@contextmanager
def real_postgresql() -> Iterator[Postgres]:
    """Start a server in a directory of its own."""
    [*_, programs] = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    # Its user needs access to its files, and pytest's directories are for one user.
    own = Path("/tmp") / f"safecoder-postgresql-{secrets.token_hex(4)}"
    own.mkdir()
    if os.geteuid() == 0:
        shutil.chown(own, "postgres")
    running = Postgres(own, programs, free_port())
    try:
        running.create()
        running.start()
        yield running
    finally:
        running.stop()
        shutil.rmtree(own)
