"""What the side panel shows: facts of the catalogue, adapters, jobs, addresses."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from jupyter_safecoder.adapters.registry import Registry
from jupyter_safecoder.extension.panel import (
    base_of,
    keep_adapter,
    list_adapters,
    listed_jobs,
    model_facts,
)
from jupyter_safecoder.finetune.jobs.status import JobStatus
from jupyter_safecoder.protocol import ModelInfo, Status
from tests.support.stored_adapters import store_adapter


def ready(name: str) -> Status:
    model = ModelInfo(name, "starcoder", ("spm",), "spm", 8192, ("python",), "MIT")
    return Status("ready", "It is ready.", model=model)


def test_the_catalogue_s_facts_of_a_model_and_of_its_adapter() -> None:
    plain = model_facts(ready("safecoder-smol-135m"), ())
    assert plain is not None
    assert plain.parameters > 100e6
    assert plain.exact_match is not None
    assert plain.tasks is not None
    assert model_facts(ready("safecoder-smol-135m+team"), ()) == plain


def test_a_model_that_no_catalogue_knows(tmp_path: Path) -> None:
    assert model_facts(ready("/models/own"), ()) is None
    assert model_facts(Status("off", "It is off."), ()) is None
    assert model_facts(ready("x"), (str(tmp_path / "missing.toml"),)) is None


def test_the_base_of_a_model() -> None:
    assert base_of(ready("smol+team")) == "smol"
    assert base_of(Status("off", "It is off.")) == ""


def test_adapters_of_the_served_model_only(tmp_path: Path) -> None:
    store_adapter(tmp_path, "team")
    base = Registry(tmp_path).find("team").card.base
    assert [adapter.name for adapter in list_adapters(tmp_path, base)] == ["team"]
    assert list_adapters(tmp_path, "another") == ()
    keep_adapter(tmp_path, base, "team")
    keep_adapter(tmp_path, base, "team")
    assert Registry(tmp_path).in_use(base) == "team"
    keep_adapter(tmp_path, base, "")
    assert Registry(tmp_path).previous(base) == "team"


def test_no_directory_is_made_where_there_are_no_adapters(tmp_path: Path) -> None:
    keep_adapter(tmp_path / "cache", "smol", "")
    assert not (tmp_path / "cache").exists()


def test_jobs_without_their_results() -> None:
    job = JobStatus("team", "done", result={"examples": ["password = 1"]})
    [listed] = listed_jobs([asdict(job)])
    assert listed.name == "team"
    assert "password" not in str(listed)


def test_the_last_jobs_of_many() -> None:
    jobs = [asdict(JobStatus(f"job-{number:03}")) for number in range(60)]
    listed = listed_jobs(jobs)
    assert len(listed) == 50
    assert listed[-1].name == "job-059"
