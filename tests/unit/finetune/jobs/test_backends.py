"""The local backend checks a job before it creates it."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_safecoder.adapters.card import Card
from jupyter_safecoder.adapters.peft_files import CONFIG, WEIGHTS
from jupyter_safecoder.adapters.registry import Registry
from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.finetune.jobs.backends import LocalTrainingBackend, delete_adapter
from jupyter_safecoder.finetune.jobs.status import JobStatus
from jupyter_safecoder.models import EMBEDDED
from jupyter_safecoder.settings import RuntimeSettings
from tests.support.team_notebooks import write_notebook


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def backend(cache: Path) -> LocalTrainingBackend:
    return LocalTrainingBackend(RuntimeSettings(cache_dir=str(cache), adapter="served"))


def register(cache: Path, name: str) -> None:
    card = Card(name, "tiny", "0" * 64, "", {}, {}, {}, {}, {}, True, "", "", "")
    registry = Registry(cache)
    with registry.staging(name) as staged:
        for file in (WEIGHTS, CONFIG):
            (staged / file).write_text(file)
        registry.commit(staged, card)


def test_a_job_is_created_without_its_processes(
    backend: LocalTrainingBackend, team: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(team.parent)
    texts: list[str] = []
    job = backend.start(
        *("ours", [Path("team")], {"steps": 3}),
        processes=2,
        launch=False,
        progress=lambda share, text: texts.append(text),
    )
    request = job.request()
    assert request.paths == [str(team)]
    assert (request.recipe.steps, request.processes) == (3, 2)
    # The base model is trained, whichever adapter it is served with.
    assert request.settings.adapter == ""
    assert any("rain.ipynb" in text for text in texts)
    assert [status.name for status in backend.jobs()] == ["ours"]


def test_what_is_trained_is_announced(backend: LocalTrainingBackend, team: Path) -> None:
    announced: list[JobStatus] = []
    job = backend.start("ours", [team], {}, launch=False, announce=announced.append)
    [status] = announced
    assert status.plan == {"base": EMBEDDED, "documents": 6, "minutes": 9}
    assert job.status() == status
    assert job.request().recipe.minutes == 9
    assert job.request().settings.model == EMBEDDED


def test_nothing_of_the_notebooks_is_written(
    backend: LocalTrainingBackend, team: Path, cache: Path
) -> None:
    write_notebook(team / "key.ipynb", "connect(password='nachtigall')\n" * 3)
    backend.start("ours", [team], {}, launch=False)
    written = b"".join(path.read_bytes() for path in cache.rglob("*") if path.is_file())
    assert b"nachtigall" not in written
    assert b"teamkit" not in written


def test_the_corpus_is_not_built_twice(
    backend: LocalTrainingBackend, team: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def redact(*arguments: object) -> None:
        raise AssertionError("The job redacts; its start only scans.")

    monkeypatch.setattr("jupyter_safecoder.finetune.corpus.corpus.redact_documents", redact)
    backend.start("ours", [team], {}, launch=False)


def test_what_cannot_be_trained_creates_no_job(
    backend: LocalTrainingBackend, team: Path, tmp_path: Path, cache: Path
) -> None:
    one = write_notebook(tmp_path / "one" / "a.ipynb", "import numpy").parent
    for name, paths, reason in (
        ("ours", [], "nothing to learn from"),
        ("ours", [one], "one document only"),
        ("ours", [tmp_path / "nowhere"], "no file or directory"),
        ("../a", [team], "cannot be an adapter's name"),
    ):
        with pytest.raises(FinetuneError, match=reason):
            backend.start(name, paths, {}, launch=False)
    assert backend.jobs() == []
    with pytest.raises(FinetuneError, match="There is no job 'ours'"):
        backend.job("ours")


def test_a_job_is_deleted_with_its_adapter(
    backend: LocalTrainingBackend, team: Path, cache: Path
) -> None:
    job = backend.start("ours", [team], {}, launch=False)
    register(cache, "ours")
    assert [(info.card.name, info.in_use) for info in backend.adapters()] == [("ours", False)]
    assert backend.card("ours").base == "tiny"
    backend.delete("ours")
    assert not job.directory.exists()
    assert backend.adapters() == []
    with pytest.raises(FinetuneError, match="There is no job 'ours'"):
        backend.delete("ours")


def test_an_adapter_in_use_is_not_deleted(backend: LocalTrainingBackend, cache: Path) -> None:
    register(cache, "ours")
    Registry(cache).set_in_use("tiny", "ours")
    for delete in (backend.delete, lambda name: delete_adapter(cache, name)):
        with pytest.raises(FinetuneError, match="is in use"):
            delete("ours")
    Registry(cache).set_in_use("tiny", "")
    merged = cache / "merged" / Registry(cache).find("ours").sha256[:32]
    merged.mkdir(parents=True)
    delete_adapter(cache, "ours")
    assert not merged.exists()


def test_a_job_of_version_0_1_is_deleted(backend: LocalTrainingBackend, cache: Path) -> None:
    directory = cache / "jobs" / "old"
    directory.mkdir(parents=True)
    (directory / "job.json").write_text('{"name": "old", "recipe": {"judged": 60}}')
    backend.delete("old")
    assert not directory.exists()
