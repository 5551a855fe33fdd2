"""Starts the worker process of a job, or one for each GPU by Hugging Face Accelerate."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from jupyter_safecoder.child_process import child_environment, module_command
from jupyter_safecoder.files import PRIVATE_FILE

#: One machine, a free port, and no settings of a configuration file of Accelerate.
_LAUNCH = (
    *("accelerate.commands.launch", "--multi_gpu", "--num_machines", "1"),
    *("--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0"),
)
_WORKER = "jupyter_safecoder.finetune"
#: Keeps Popen objects so that finished children are reaped.
_STARTED: list[subprocess.Popen[bytes]] = []


def exit_status(pid: int) -> int | None:
    """Return the exit status of a worker that this process has started and that has ended.

    It is the number of the signal, below 0, that ended it; ``None``: not known here.
    """
    found = (process.poll() for process in _STARTED if process.pid == pid)
    return next(found, None)


def start_worker(directory: Path, processes: int) -> subprocess.Popen[bytes]:
    """Start the worker process of a job; it outlives the kernel or terminal that starts it.

    Parameters
    ----------
    directory
        The directory of the job, which gets the log.
    processes
        Number of processes that train together.
    """
    command = module_command(_WORKER, str(directory))
    if processes > 1:
        number = ("--num_processes", str(processes))
        command = module_command(*_LAUNCH, *number, "-m", _WORKER, str(directory))
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    with os.fdopen(os.open(directory / "log", flags, PRIVATE_FILE), "wb") as log:
        process = subprocess.Popen(  # noqa: S603 - this program itself
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            # Threads that wait for each other sleep instead of spinning.
            env=child_environment({"OMP_WAIT_POLICY": "PASSIVE"}),
        )
    _STARTED[:] = [one for one in _STARTED if one.poll() is None] + [process]
    return process
