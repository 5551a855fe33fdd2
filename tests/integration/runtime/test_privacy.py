"""Neither prompts nor completions are left in logs or files; no telemetry is sent."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from jupyter_safecoder.clients.runtime_client import RuntimeClient
from jupyter_safecoder.errors import RuntimeRequestError
from jupyter_safecoder.models import EMBEDDED
from jupyter_safecoder.protocol import Cell, CompletionOptions, CompletionRequest
from tests.support.processes import RuntimeProcess, run_python

Start = Callable[..., RuntimeProcess]
PROMPT, COMPLETION = "Zq7_prompt_marker", "Wv9_completion_marker"
REQUEST = CompletionRequest(
    f"{PROMPT} = ",
    f"\n{PROMPT}",
    before=(Cell("code", f"{PROMPT}()", PROMPT), Cell("markdown", PROMPT)),
    document=f"{PROMPT}.ipynb",
)


def _traces(directory: Path, *except_for: str) -> list[str]:
    found = []
    for path in directory.rglob("*"):
        if path.is_file() and not path.is_symlink() and path.name not in except_for:
            content = path.read_bytes()
            found += [f"{path}: {m}" for m in (PROMPT, COMPLETION) if m.encode() in content]
    return found


def test_neither_prompt_nor_answer_is_left_in_a_log_or_file(
    start_runtime: Start, isolated: Path
) -> None:
    script = {
        "answers": [{"after": "fail", "text": COMPLETION, "fail_after": 9}],
        "otherwise": COMPLETION,
    }
    runtime = start_runtime(script)
    runtime.client.wait_until_ready()
    assert runtime.client.complete(REQUEST).text == COMPLETION
    for layout in (None, "psm"):
        runtime.client.complete(CompletionRequest(PROMPT, "", options=CompletionOptions(layout)))
    with pytest.raises(RuntimeRequestError):
        runtime.client.complete(
            CompletionRequest(PROMPT, "", options=CompletionOptions("nonsense"))
        )
    with RuntimeClient(runtime.connection) as client, pytest.raises(RuntimeRequestError):
        client.complete(CompletionRequest(f"{PROMPT} fail", ""))
    runtime.process.wait(10)
    assert runtime.process.stdout
    lines = [json.loads(line) for line in runtime.process.stdout]
    assert all(set(line) == {"loading"} for line in lines)  # what memory the weights take
    assert "failed" in runtime.log.read_text()  # it does log, but no text
    assert _traces(isolated, "script.json") == []


def _sockets(process: psutil.Process) -> list[str]:
    return [str(c) for c in process.net_connections("inet")]


@pytest.fixture
def embedded(start_runtime: Start) -> RuntimeProcess:
    runtime = start_runtime(model=EMBEDDED)
    runtime.client.wait_until_ready()
    return runtime


def test_the_embedded_model_runs_alone_and_offline(
    embedded: RuntimeProcess, isolated: Path
) -> None:
    """One process and one Unix socket: no reporter beside it, no connection anywhere, no torch."""
    done = embedded.client.complete(REQUEST)
    assert done.model == EMBEDDED
    assert done.prompt_tokens > 10
    process = psutil.Process(embedded.process.pid)
    assert process.children(recursive=True) == []
    assert _sockets(process) == []
    assert process.memory_info().rss < 1e9
    libraries = {Path(m.path).name for m in process.memory_maps()}
    assert any("openvino" in name for name in libraries)
    assert not any(name.startswith("libtorch") for name in libraries)
    assert _traces(isolated) == []


def test_the_system_denies_it_all_network(embedded: RuntimeProcess) -> None:
    network = embedded.client.status().network
    assert network is not None
    assert (network.guarded, network.allowed, network.refused) == (True, (), 0)
    status = Path(f"/proc/{embedded.process.pid}/status").read_text()
    assert network.denied == ("Seccomp:\t2" in status)
    assert network.denied or platform.system() != "Linux"
    core = psutil.Process(embedded.process.pid).rlimit(psutil.RLIMIT_CORE)
    assert core == (0, 0)


def test_a_completion_server_is_the_only_other_address(start_runtime: Start) -> None:
    runtime = start_runtime(
        model=EMBEDDED, remote_url="https://llm.invalid/v1", remote_proxy="none"
    )
    network = runtime.client.status().network
    assert network is not None
    assert (network.guarded, network.denied) == (True, False)
    assert network.allowed == ("llm.invalid:443",)


def test_telemetry_of_our_dependencies_is_off() -> None:
    answer = run_python(
        """
import json, os, sys
from jupyter_safecoder.telemetry import silence_telemetry
silence_telemetry()
forks = []
os.register_at_fork(before=lambda: forks.append(1))
sys.addaudithook(lambda name, args: forks.append(name) if name in
    ("subprocess.Popen", "os.fork", "os.posix_spawn", "socket.connect") else None)
import openvino, openvino_genai
try:
    import openvino_telemetry
    blocked = False
except ImportError:
    blocked = True
names = ("HF_HUB_OFFLINE", "HF_HUB_DISABLE_TELEMETRY", "TRANSFORMERS_OFFLINE", "DO_NOT_TRACK")
print(json.dumps([sys.modules["openvino_telemetry"], blocked, forks,
    [os.environ[name] for name in names]]))
"""
    )
    assert json.loads(answer.stdout) == [None, True, [], ["1"] * 4]
