"""Jobs of a group: what may be changed, and what is recorded of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.errors import FinetuneError, ModelError, RequestDenied
from jupyter_safecoder.finetune.documents import DOCUMENTS_FILE, read_documents_file
from jupyter_safecoder.finetune.jobs.job import LocalJob
from jupyter_safecoder.hub.access.authenticator import User
from jupyter_safecoder.hub.access.namespaces import qualified_name
from jupyter_safecoder.hub.access.policy import Grant
from jupyter_safecoder.hub.training.training_store import DONE, RUNNING
from jupyter_safecoder.models import EMBEDDED

from .conftest import ADA, DOCUMENT, GRANT, TrainingParts, allowed

OURS = qualified_name("vision", "ours")


def test_a_submitted_job_waits_with_its_documents(training_parts: TrainingParts) -> None:
    jobs = training_parts.training.jobs
    status = asyncio.run(jobs.submit(ADA, "vision", GRANT, allowed()))
    assert (status.name, status.state) == ("ours", "waiting")
    directory = training_parts.directory(OURS)
    assert directory.stat().st_mode & 0o077 == 0
    [document] = read_documents_file(directory / DOCUMENTS_FILE)
    assert document.cells == DOCUMENT.cells
    [record] = training_parts.parts.records
    assert (record.user, record.action, record.outcome) == ("ada", "train", "waiting")
    assert [one.name for one in asyncio.run(jobs.list_jobs("vision"))] == ["ours"]
    assert asyncio.run(jobs.list_jobs("speech")) == []
    assert [one.name for one in jobs.unfinished()] == ["ours of vision"]


def test_the_model_of_the_group_is_trained(training_parts: TrainingParts, tmp_path: Path) -> None:
    jobs = training_parts.training.jobs
    model = str(write_scripted_model(tmp_path / "model", {}))
    status = asyncio.run(jobs.submit(ADA, "vision", GRANT, allowed("service")))
    assert status.plan == {"base": EMBEDDED, "documents": 1, "minutes": 9}
    grant = replace(GRANT, model=model, max_training_minutes=5)
    status = asyncio.run(jobs.submit(ADA, "vision", grant, allowed()))
    assert status.plan == {"base": "scripted", "documents": 1, "minutes": 5}
    request = LocalJob(training_parts.parts.settings.cache, OURS).request()
    assert (request.settings.model, request.recipe.minutes) == (model, 5)
    missing = replace(GRANT, model="no-such-model", max_training_jobs=0)
    with pytest.raises(ModelError, match="no model named"):
        asyncio.run(jobs.submit(ADA, "vision", missing, allowed("third")))
    assert len(asyncio.run(jobs.list_jobs("vision"))) == 2


def test_a_group_has_a_maximum_of_jobs(training_parts: TrainingParts) -> None:
    jobs = training_parts.training.jobs
    for name in ("a", "b"):
        asyncio.run(jobs.submit(ADA, "vision", GRANT, allowed(name)))
    with pytest.raises(RequestDenied, match="may have 2 jobs") as raised:
        asyncio.run(jobs.submit(ADA, "vision", GRANT, allowed("c")))
    assert raised.value.status == 429
    assert training_parts.parts.records[-1].outcome == "refused"
    unlimited = Grant(max_training_jobs=0)
    asyncio.run(jobs.submit(ADA, "vision", unlimited, allowed("c")))


def test_a_job_that_cannot_be_written_leaves_nothing(
    training_parts: TrainingParts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: object, documents: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("jupyter_safecoder.hub.training.group_jobs.write_documents_file", fail)
    jobs = training_parts.training.jobs
    with pytest.raises(OSError, match="No space left"):
        asyncio.run(jobs.submit(ADA, "vision", GRANT, allowed()))
    assert training_parts.store.jobs("vision") == []
    assert not training_parts.directory(OURS).exists()


def test_a_waiting_job_is_stopped_and_resumed(training_parts: TrainingParts) -> None:
    jobs = training_parts.training.jobs
    asyncio.run(jobs.submit(ADA, "vision", GRANT, allowed()))
    status = asyncio.run(jobs.stop(ADA, "vision", "ours"))
    assert (status.state, status.reason) == ("stopped", "It was stopped while it waited.")
    status = asyncio.run(jobs.resume(ADA, "vision", GRANT, "ours"))
    assert (status.state, status.phase) == ("waiting", "Waiting in the queue")
    with pytest.raises(FinetuneError, match="runs or waits already"):
        asyncio.run(jobs.resume(ADA, "vision", GRANT, "ours"))
    outcomes = [record.outcome for record in training_parts.parts.records]
    assert outcomes == ["waiting", "stop", "resume", "resume"]


def test_a_job_is_resumed_only_while_it_has_time(training_parts: TrainingParts) -> None:
    jobs, store = training_parts.training.jobs, training_parts.store
    asyncio.run(jobs.submit(ADA, "vision", GRANT, allowed()))
    asyncio.run(jobs.stop(ADA, "vision", "ours"))
    [job] = store.jobs("vision")
    store.add_runtime(job, 60 * 60 * 1.5)
    with pytest.raises(FinetuneError, match="has used its 60 minutes"):
        asyncio.run(jobs.resume(ADA, "vision", GRANT, "ours"))
    store.set_state(job, DONE)
    with pytest.raises(FinetuneError, match="is done"):
        asyncio.run(jobs.resume(ADA, "vision", GRANT, "ours"))


def test_a_finished_job_is_deleted_with_its_documents(training_parts: TrainingParts) -> None:
    jobs = training_parts.training.jobs
    asyncio.run(jobs.submit(ADA, "vision", GRANT, allowed()))
    with pytest.raises(FinetuneError, match="runs or waits"):
        asyncio.run(jobs.delete(ADA, "vision", "ours"))
    asyncio.run(jobs.stop(ADA, "vision", "ours"))
    asyncio.run(jobs.delete(ADA, "vision", "ours"))
    assert not training_parts.directory(OURS).exists()
    assert training_parts.store.jobs("vision") == []
    with pytest.raises(RequestDenied, match="no job named") as raised:
        asyncio.run(jobs.delete(ADA, "vision", "ours"))
    assert raised.value.status == 404


@pytest.mark.parametrize("name", [OURS, "../ours", "other"])
def test_jobs_of_another_group_cannot_be_named(training_parts: TrainingParts, name: str) -> None:
    jobs = training_parts.training.jobs
    asyncio.run(jobs.submit(ADA, "vision", GRANT, allowed()))
    bob = User("bob", frozenset({"speech"}))
    for request in (
        lambda: jobs.get("speech", name),
        lambda: jobs.stop(bob, "speech", name),
        lambda: jobs.resume(bob, "speech", GRANT, name),
        lambda: jobs.delete(bob, "speech", name),
    ):
        with pytest.raises((FinetuneError, RequestDenied)):
            asyncio.run(request())
    assert [job.state for job in training_parts.store.jobs("vision")] == ["waiting"]


def test_a_running_job_without_a_process_cannot_be_stopped(training_parts: TrainingParts) -> None:
    jobs, store = training_parts.training.jobs, training_parts.store
    asyncio.run(jobs.submit(ADA, "vision", GRANT, allowed()))
    store.set_state(store.jobs("vision")[0], RUNNING)
    with pytest.raises(FinetuneError):
        asyncio.run(jobs.stop(ADA, "vision", "ours"))


def test_with_pseudonyms_no_file_of_a_job_names_its_user(
    training_parts: TrainingParts, tmp_path: Path
) -> None:
    parts, training = training_parts.parts, training_parts.training
    (tmp_path / "policy.toml").write_text('[groups.vision]\n[audit]\nidentity = "pseudonym"\n')
    parts.policy.reload()
    ada = User("ada-lovelace", ADA.groups, ADA.scopes)
    pseudonym = parts.recorder.recorded_name(ada.name)

    async def use() -> None:
        await training.jobs.submit(ada, "vision", GRANT, allowed())
        await training.jobs.stop(ada, "vision", "ours")
        await training.jobs.resume(ada, "vision", GRANT, "ours")
        with pytest.raises(FinetuneError):
            await training.adapters.activate(ada, "vision", GRANT, "absent", rollback=False)
        [job] = training_parts.store.unfinished()
        # As the scheduler does, later, perhaps in another process.
        await training.scheduler._record(job, "started")

    asyncio.run(use())
    asyncio.run(parts.service.close())
    assert LocalJob(parts.settings.cache, OURS).request().by == pseudonym
    assert {record.user for record in parts.records} == {pseudonym}
    assert {entry["user"] for entry in parts.entries} == {pseudonym}
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.name == "job.json" for path in files)
    assert any(path.suffix == ".sqlite" for path in files)
    assert [path for path in files if b"ada-lovelace" in path.read_bytes()] == []
