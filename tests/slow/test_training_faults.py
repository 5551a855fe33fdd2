"""What goes wrong with jobs: full disks, changed inputs, two at once, several processes."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from jupyter_safecoder.adapters.registry import Registry
from jupyter_safecoder.finetune.jobs.job import LocalJob
from jupyter_safecoder.models import ModelDescription
from tests.support.full_disk import files_of_at_most, small_disk
from tests.support.job_runs import Capture, answer, kill, quick, run, tiny, workers
from tests.support.processes import until
from tests.support.team_notebooks import write_team

pytestmark = pytest.mark.timeout(400)

#: Bytes that are left, or that a file may have: more than a status takes, less than a checkpoint
#: of a high rank; more than a checkpoint of a low one, less than a merged model.
_ROOM, _MORE_ROOM = 400_000, 3_000_000


@pytest.fixture
def model(tiny_models: Callable[[str], ModelDescription]) -> ModelDescription:
    return tiny_models("gpt_bigcode")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("JUPYTER_SAFECODER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@contextmanager
def full_disk(directory: Path, room: int = _ROOM) -> Iterator[Callable[[], None]]:
    """Make a directory whose disk is nearly full; yields what frees space.

    A small disk of its own where we may mount one, else a bound on the size of files.
    """
    directory.mkdir()
    with small_disk(directory, "size=48m") as mounted, ExitStack() as limit:
        if mounted:
            ballast = directory / "ballast"
            ballast.write_bytes(bytes(shutil.disk_usage(directory).free - room))
            yield ballast.unlink
        else:
            limit.enter_context(files_of_at_most(room))
            yield limit.close


def test_a_full_disk_and_a_base_that_changes(
    team: Path, cache: Path, model: ModelDescription, capsys: Capture, tmp_path: Path
) -> None:
    # A checkpoint of this rank takes more than there is.
    own = shutil.copytree(model.weights, tmp_path / "tiny")
    options = ("--model", own, "--engine", "transformers", "--rank", 64, "--steps", 2)
    given = ("--wait", *quick(tmp_path), *options)
    with full_disk(cache) as free:
        assert run("finetune", team, "--name", "full", *given) == 1
        printed = capsys.readouterr().err
        assert "The disk is full." in printed
        assert "Free some space and resume it" in printed
        job = LocalJob(cache, "full")
        assert job.status().state == "failed"
        assert Registry(cache).all() == []
        free()

        # It would continue with other inputs: another base, then other notebooks.
        weights = own / "model.safetensors"
        whole = weights.read_bytes()
        weights.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        for undo in (lambda: weights.write_bytes(whole), None):
            assert run("job", "resume", "full") == 0
            assert run("job", "wait", "full") == 1
            assert "have changed since this job was started" in capsys.readouterr().err
            if undo is not None:
                undo()
                write_team(team, 9)
        shutil.rmtree(team)
        write_team(team)
        assert run("job", "resume", "full") == 0
        capsys.readouterr()
        assert run("job", "wait", "full", "--json") == 0
        assert answer(capsys)["steps"] == 2

        # It is for those weights and no others.
        weights.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        assert run("adapter", "use", "full", *options[:4]) == 1
        assert "of which these are not the weights" in capsys.readouterr().err


def test_the_disk_fills_while_the_adapter_is_merged(
    team: Path, cache: Path, model: ModelDescription, capsys: Capture, tmp_path: Path
) -> None:
    given = ("--wait", *quick(tmp_path), *tiny(model), "--rank", 2, "--steps", 2)
    with full_disk(cache, _MORE_ROOM) as free:
        assert run("finetune", team, "--name", "full", *given) == 1
        assert "The disk is full." in capsys.readouterr().err
        assert LocalJob(cache, "full").status().phase == "Merging the adapter"
        registry = Registry(cache)
        assert registry.all() == []
        assert not list((cache / "merged").glob("*/model.safetensors"))
        free()
        assert run("job", "resume", "full") == 0
        assert run("job", "wait", "full") == 0
        assert [adapter.name for adapter in registry.all()] == ["full"]
        assert not list(registry.directory.glob(".*partial*"))


def test_two_jobs_with_one_name_at_the_same_moment(
    team: Path, cache: Path, model: ModelDescription
) -> None:
    command = [
        *(sys.executable, "-m", "jupyter_safecoder", "finetune", str(team), "--name", "twice"),
        *("--steps", "100000", *map(str, tiny(model))),
    ]
    both = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    outputs = [process.communicate(timeout=120) for process in both]
    job = LocalJob(cache, "twice")
    try:
        assert sorted(process.returncode for process in both) == [0, 1]
        refused = next(err for (_, err), one in zip(outputs, both, strict=True) if one.returncode)
        assert "A job named twice runs already. Stop it, or choose another name." in refused
        assert len(workers(job)) == 1
    finally:
        kill(job)


def test_two_machines_train_together(
    team: Path, cache: Path, model: ModelDescription, capsys: Capture, tmp_path: Path
) -> None:
    options = ("--steps", 4, "--device", "cpu", *quick(tmp_path), *tiny(model))
    assert run("finetune", team, "--name", "both", "--no-start", "--json", *options) == 0
    directory = answer(capsys)["directory"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    machines = [
        subprocess.Popen(
            [
                *(sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu"),
                *("--num_machines", "2", "--num_processes", "2", "--machine_rank", str(rank)),
                *("--main_process_ip", "127.0.0.1", "--main_process_port", str(port)),
                *("--mixed_precision", "no", "--dynamo_backend", "no"),
                *("-m", "jupyter_safecoder.finetune", directory),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in range(2)
    ]
    job = LocalJob(cache, "both")
    until(lambda: len(workers(job)) == 2, 60)
    logs = [machine.communicate(timeout=300)[0] for machine in machines]
    assert [machine.returncode for machine in machines] == [0, 0], logs
    status = job.status()
    assert status.state == "done"
    assert status.result is not None
    assert status.result["steps"] == 4
    card = Registry(cache).find("both").card
    assert len(card.curves["train"]) == 4
    tuned, base = (card.scores["held_out"][side]["loss"] for side in ("tuned", "base"))
    assert tuned < base
