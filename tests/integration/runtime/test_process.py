"""A runtime process starts anywhere, and stops with its parent."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from jupyter_safecoder.clients.connection import (
    Connection,
    connection_directory,
    find_connections,
)
from jupyter_safecoder.clients.discovery import own_runtime, running_runtime
from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.errors import RuntimeRequestError
from jupyter_safecoder.models import EMBEDDED
from jupyter_safecoder.protocol import CompletionRequest
from jupyter_safecoder.runtime.process import serve
from jupyter_safecoder.settings import RuntimeSettings
from tests.support.full_disk import small_disk
from tests.support.processes import RuntimeProcess, is_gone, until
from tests.support.tiny_gguf import write_tiny_gguf

Start = Callable[..., RuntimeProcess]
SCRIPT = {"otherwise": "pass"}
LOADING = {"otherwise": "pass", "load_ms": 120_000}

# A parent that starts a runtime, prints its pid, and does nothing else.
PARENT = """
import sys, time
from dataclasses import asdict
from jupyter_safecoder.child_process import child_process
from jupyter_safecoder.runtime.process import serve
from jupyter_safecoder.settings import RuntimeSettings
settings = RuntimeSettings(model=sys.argv[1], engine=sys.argv[2])
with child_process("jupyter_safecoder.runtime", asdict(settings)) as child:
    print(child.first_message()["listening"]["pid"], flush=True)
    time.sleep(300)
"""


def _completes(runtime: RuntimeProcess) -> None:
    runtime.client.wait_until_ready()
    assert runtime.client.complete(CompletionRequest("x = ", "")).text == "pass"


@pytest.mark.parametrize("script", [SCRIPT, LOADING], ids=["ready", "loading"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_at_once(
    start_runtime: Start, script: dict[str, object], number: signal.Signals
) -> None:
    runtime = start_runtime(script)
    state = "loading" if "load_ms" in script else "ready"
    until(lambda: runtime.client.status().state == state)
    runtime.process.send_signal(number)
    assert runtime.process.wait(5) == 0
    assert find_connections() == []
    assert runtime.log.read_text() == ""


@pytest.mark.parametrize("script", [SCRIPT, LOADING], ids=["ready", "loading"])
def test_no_orphan_when_the_parent_is_killed(tmp_path: Path, script: dict[str, object]) -> None:
    model = write_scripted_model(tmp_path / "model", script)
    _kill_the_parent(str(model), "scripted", "loading" if "load_ms" in script else "ready")


def test_no_orphan_when_the_parent_is_killed_while_the_embedded_model_loads() -> None:
    _kill_the_parent(EMBEDDED, "openvino", "loading")


def _kill_the_parent(model: str, engine: str, state: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, model, engine], stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        with running_runtime() as client:
            assert client
            until(lambda: client.status().state == state)
        parent.kill()
    try:
        until(lambda: is_gone(pid), 10)
        assert find_connections() == []
    finally:
        if not is_gone(pid):
            os.kill(pid, signal.SIGKILL)


def test_the_command_names_neither_token_nor_model(start_runtime: Start) -> None:
    """Other users of the machine can read the command lines of all processes."""
    runtime = start_runtime(SCRIPT)
    process = psutil.Process(runtime.process.pid)
    command, environment = process.cmdline(), process.environ()
    texts = " ".join([*command, *environment.values()])
    assert "jupyter_safecoder" in texts
    model = runtime.client.settings().model
    assert model
    for secret in (runtime.connection.token, model):
        assert not any(secret in part for part in command)
    assert runtime.connection.token not in texts


def test_closing_its_standard_input_stops_it(start_runtime: Start) -> None:
    runtime = start_runtime(SCRIPT)
    assert runtime.process.stdin
    runtime.process.stdin.close()
    assert runtime.process.wait(5) == 0


def test_two_runtimes_of_one_user(start_runtime: Start) -> None:
    first = start_runtime({"otherwise": "one"})
    second = start_runtime({"otherwise": "two"})
    for runtime, text in ((first, "one"), (second, "two")):
        runtime.client.wait_until_ready()
        assert runtime.client.complete(CompletionRequest("x = ", "")).text == text
    assert {c.pid for _, c in find_connections()} == {first.process.pid, second.process.pid}
    first.process.terminate()
    first.process.wait(5)
    assert [c for _, c in find_connections()] == [second.connection]
    assert second.client.status().state == "ready"


def test_the_newest_that_has_not_failed_is_found(start_runtime: Start, tmp_path: Path) -> None:
    start_runtime({"otherwise": "old"}).client.wait_until_ready()
    hung = start_runtime({"otherwise": "failed"}, layout="nonsense")
    until(lambda: hung.client.status().state == "failed")
    with running_runtime() as client:
        assert client
        assert client.complete(CompletionRequest("x = ", "")).text == "old"


def test_no_runtime_is_found_where_none_is() -> None:
    with running_runtime() as client:
        assert client is None


def test_own_runtime_lives_as_long_as_its_context(tmp_path: Path) -> None:
    model = write_scripted_model(tmp_path / "model", SCRIPT)
    with own_runtime(RuntimeSettings(str(model), "scripted")) as client:
        client.wait_until_ready()
        ((_, connection),) = find_connections()
        assert not is_gone(connection.pid)
    assert is_gone(connection.pid)
    assert find_connections() == []


def test_a_model_that_is_not_there_fails_with_a_remedy(start_runtime: Start) -> None:
    runtime = start_runtime(model="/nowhere/model", engine="scripted")
    with pytest.raises(RuntimeRequestError) as raised:
        runtime.client.wait_until_ready()
    assert "/nowhere/model" in raised.value.reason
    assert raised.value.remedy
    assert runtime.process.poll() is None  # it stays, to report its status


@pytest.mark.parametrize("settings", [{"engine": "none"}, {"engine": "scripted", "layout": "abc"}])
def test_settings_that_make_no_sense_fail_with_a_remedy(
    start_runtime: Start, tmp_path: Path, settings: dict[str, str]
) -> None:
    model = write_scripted_model(tmp_path / "model", SCRIPT)
    runtime = start_runtime(model=str(model), **settings)
    status = until(lambda: (s := runtime.client.status()).state == "failed" and s)
    assert "c.SafeCoder." in status.remedy


def test_weights_that_the_engine_cannot_read_fail_with_a_remedy(
    start_runtime: Start, tmp_path: Path
) -> None:
    """A file that is not a GGUF: OpenVINO raises, the process stays to report its status."""
    model = write_scripted_model(tmp_path / "model", SCRIPT)
    runtime = start_runtime(model=str(model), engine="openvino")
    status = until(lambda: (s := runtime.client.status()).state == "failed" and s, 30)
    assert status.reason
    assert status.remedy


# Directories for the connection file and the socket.


def test_a_path_too_long_for_a_socket(
    start_runtime: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = tmp_path / ("d" * 120)
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(directory))
    runtime = start_runtime(SCRIPT)
    _completes(runtime)
    assert runtime.connection.socket
    assert Path(runtime.connection.socket).is_relative_to(tempfile.gettempdir())
    assert Path(runtime.connection.socket).parent.stat().st_mode & 0o077 == 0
    assert [c for _, c in find_connections()] == [runtime.connection]


def test_no_directory_short_enough_takes_the_loopback_address(
    start_runtime: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("d" * 120)
    long.mkdir()
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(long))
    monkeypatch.setenv("TMPDIR", str(long))
    monkeypatch.setattr(tempfile, "tempdir", None)
    runtime = start_runtime(SCRIPT)
    _completes(runtime)
    assert runtime.connection.socket is None
    (listening,) = (
        c for c in psutil.Process(runtime.process.pid).net_connections() if c.status == "LISTEN"
    )
    assert listening.laddr == ("127.0.0.1", runtime.connection.port)


@pytest.mark.skipif(os.getuid() != 0, reason="chown needs root")
def test_the_private_directory_is_another_user_s(
    start_runtime: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as short:
        monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / ("d" * 120)))
        monkeypatch.setenv("TMPDIR", short)
        monkeypatch.setattr(tempfile, "tempdir", None)
        theirs = Path(short, f"safecoder-{os.getuid()}")
        theirs.mkdir(mode=0o777)
        os.chown(theirs, 54321, -1)
        runtime = start_runtime(SCRIPT)
        _completes(runtime)
        assert runtime.connection.socket
        assert Path(runtime.connection.socket).parent.name.startswith(f"{theirs.name}-")
        assert list(theirs.iterdir()) == []
        assert [c for _, c in find_connections()] == [runtime.connection]


def test_neither_a_directory_nor_a_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process that started the runtime reaches it at the loopback address."""
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(file / "runtime"))
    monkeypatch.setattr(tempfile, "tempdir", str(file))
    found = []

    async def run() -> int:
        stop = asyncio.Event()

        def on_listening(path: Path | None, connection: Connection) -> None:
            found.append((path, connection))
            stop.set()

        return await serve(RuntimeSettings(model="none"), on_listening, stop)

    assert asyncio.run(run()) == 0
    ((path, connection),) = found
    assert path is None
    assert connection.socket is None
    assert connection.port


def test_a_runtime_directory_below_a_file(
    start_runtime: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "file" / "runtime"))
    runtime = start_runtime(SCRIPT)
    _completes(runtime)
    assert [c for _, c in find_connections()] == [runtime.connection]


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no /proc here")
def test_a_runtime_directory_that_takes_no_files(
    start_runtime: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For root /proc/self seems to be writable: only writing shows that it is not."""
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", "/proc/self")
    runtime = start_runtime(SCRIPT)
    _completes(runtime)


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    directory = tmp_path / "full"
    directory.mkdir()
    with small_disk(directory, "size=4k,nr_inodes=64,mode=700") as mounted:
        if not mounted:
            pytest.skip("No file system can be mounted here.")
        _fill(directory / "filling")
        yield directory


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as filling, suppress(OSError):
        while True:
            filling.write(b"x" * 512)


def test_a_full_disk(
    start_runtime: Start, full_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its parent gets completions; the log has the reason why others cannot find it."""
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(full_disk))
    runtime = start_runtime(SCRIPT)
    _completes(runtime)
    log = runtime.log.read_text()
    assert "No space left on device" in log
    assert "Traceback" not in log
    runtime.process.terminate()
    assert runtime.process.wait(5) == 0
    assert [path.name for path in full_disk.iterdir()] == ["filling"]


def test_the_files_of_a_killed_runtime_are_deleted(start_runtime: Start) -> None:
    runtime = start_runtime(SCRIPT)
    runtime.process.kill()
    runtime.process.wait()
    assert runtime.connection.socket
    assert Path(runtime.connection.socket).exists()
    assert find_connections() == []
    directory = connection_directory()
    assert directory is not None
    assert list(directory.iterdir()) == []


def test_a_connection_file_that_others_can_read_is_not_trusted(start_runtime: Start) -> None:
    start_runtime(SCRIPT)
    ((path, _),) = find_connections()
    path.chmod(0o644)
    assert find_connections() == []


# The cache directory.


@pytest.mark.parametrize(
    ("owner", "mode"),
    [
        (os.getuid(), 0o700),
        pytest.param(
            54321, 0o755, marks=pytest.mark.skipif(os.getuid() != 0, reason="chown needs root")
        ),
    ],
    ids=["own", "administrator"],
)
def test_a_cache_that_others_can_read(
    start_runtime: Start, tmp_path: Path, owner: int, mode: int
) -> None:
    """That of this user is closed to others; that of an administrator is served as it is."""
    cache = tmp_path / "cache"
    cache.mkdir()
    cache.chmod(0o755)
    os.chown(cache, owner, -1)
    _completes(start_runtime(SCRIPT, cache_dir=str(cache)))
    assert stat.S_IMODE(cache.stat().st_mode) == mode


def test_what_a_runtime_creates_is_for_its_owner_only(start_runtime: Start, tmp_path: Path) -> None:
    """Here what it keeps of a tiny GGUF file."""
    model, cache = write_tiny_gguf(tmp_path), tmp_path / "new" / "cache"
    before = os.umask(0)
    try:
        runtime = start_runtime(None, model=str(model.weights), cache_dir=str(cache))
        runtime.client.wait_until_ready()
    finally:
        os.umask(before)
    created = [cache.parent, cache, *cache.rglob("*")]
    assert len(created) > 3
    assert {path for path in created if path.lstat().st_mode & 0o077 and not path.is_symlink()} == (
        set()
    )
