"""Jobs and active adapters of the groups in the database."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.hub.accounting.database import Database
from jupyter_safecoder.hub.training.training_store import (
    DONE,
    RUNNING,
    STOPPED,
    WAITING,
    TrainingStore,
)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(f"sqlite:///{tmp_path / 'safecoder.sqlite'}")


def test_jobs_are_of_one_group_and_one_service(database: Database) -> None:
    store, other = TrainingStore(database, "one"), TrainingStore(database, "two")
    first = store.add("vision", "ours", "ada")
    store.add("speech", "ours", "bob")
    other.add("vision", "ours", "ada")
    assert [(job.name, job.user, job.state) for job in store.jobs("vision")] == [
        ("ours", "ada", WAITING)
    ]
    with pytest.raises(FinetuneError, match="job named ours already"):
        store.add("vision", "ours", "eve")
    store.remove(first)
    assert store.jobs("vision") == []
    assert len(other.jobs("vision")) == 1


def test_unfinished_jobs_are_those_that_run_or_wait_the_oldest_first(database: Database) -> None:
    store = TrainingStore(database, "one")
    jobs = [store.add("vision", name, "ada") for name in "abcd"]
    store.set_state(jobs[1], RUNNING)
    store.set_state(jobs[2], DONE)
    store.set_state(jobs[3], STOPPED)
    assert [job.name for job in store.unfinished()] == ["a", "b"]
    assert [job.is_finished for job in store.jobs("vision")] == [False, False, True, True]
    assert [bool(job.ended) for job in store.jobs("vision")] == [False, False, True, True]
    store.set_state(jobs[3], WAITING)
    assert store.jobs("vision")[3].ended == ""


def test_runtimes_add_up(database: Database) -> None:
    store = TrainingStore(database, "one")
    job = store.add("vision", "ours", "ada")
    store.add_runtime(job, 1.5)
    store.add_runtime(job, 2.0)
    assert store.jobs("vision")[0].seconds == 3.5


def test_a_group_s_active_adapter_is_kept_with_the_previous_one(database: Database) -> None:
    store = TrainingStore(database, "one")
    assert (store.active_adapter("vision"), store.previous_adapter("vision")) == ("", "")
    for adapter in ("a", "b", "b"):
        store.set_active_adapter("vision", adapter)
    assert (store.active_adapter("vision"), store.previous_adapter("vision")) == ("b", "a")
    again = TrainingStore(database, "one")
    assert (again.active_adapter("vision"), again.previous_adapter("vision")) == ("b", "a")
    assert again.active_adapter("speech") == ""
    assert TrainingStore(database, "two").active_adapter("vision") == ""
