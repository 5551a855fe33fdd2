"""The inputs of a job, and its stop; jobs are run in the integration tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.errors import FinetuneError, JobStopped
from jupyter_safecoder.finetune.corpus.corpus import Corpus
from jupyter_safecoder.finetune.corpus.scan import scan
from jupyter_safecoder.finetune.jobs.backends import LocalTrainingBackend
from jupyter_safecoder.finetune.jobs.job import LocalJob
from jupyter_safecoder.finetune.jobs.job_files import JobFiles
from jupyter_safecoder.finetune.jobs.runner import JobRunner, check_inputs
from jupyter_safecoder.models import EMBEDDED
from jupyter_safecoder.protocol import Cell
from jupyter_safecoder.secrets import search_cells
from jupyter_safecoder.settings import RuntimeSettings


def test_a_job_is_resumed_with_its_own_inputs(tmp_path: Path) -> None:
    files = JobFiles(tmp_path, "ours")
    files.create()
    corpus = Corpus((), (), (), (), "1" * 64, frozenset({"nachtigall"}))
    check_inputs(files, "0" * 64, corpus)
    check_inputs(files, "0" * 64, corpus)
    for base, other in (("2" * 64, corpus), ("0" * 64, replace(corpus, sha256="3" * 64))):
        with pytest.raises(FinetuneError, match="have changed since this job was started"):
            check_inputs(files, base, other)
    check_inputs(files, "0" * 64, corpus)
    assert "nachtigall" not in repr(corpus)


def test_a_job_stops_while_it_redacts(
    tmp_path: Path, team: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether to stop is checked before each cell, not only when the phase changes."""
    cells = sum(len(document.cells) for document in scan([team]).documents)
    checked: list[int] = []
    redacted: list[str] = []

    def stop_requested(files: JobFiles) -> bool:
        checked.append(1)
        return bool(redacted)

    def search(cells: Sequence[Cell], before_cell: Callable[[], None]) -> Any:
        redacted.append("a document")
        return search_cells(cells, before_cell)

    monkeypatch.setattr(JobFiles, "stop_requested", stop_requested)
    monkeypatch.setattr("jupyter_safecoder.finetune.corpus.redaction.search_cells", search)
    backend = LocalTrainingBackend(RuntimeSettings(model=EMBEDDED, cache_dir=str(tmp_path)))
    job = backend.start("ours", [team], {}, launch=False)
    assert isinstance(job, LocalJob)
    status = job.status()
    with pytest.raises(JobStopped):
        JobRunner(job, status).run()
    assert (status.phase, len(redacted)) == ("Reading the corpus", 1)
    assert len(checked) < 2 * cells
