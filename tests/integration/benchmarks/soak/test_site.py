"""What users of the soak do, against a real server."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from benchmarks.soak.site import Notebooks, running_site
from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.errors import RuntimeRequestError
from tests.support.processes import runtimes_of


def test_a_killed_runtime_has_a_successor_and_refusals_are_counted(tmp_path: Path) -> None:
    model = write_scripted_model(tmp_path / "model", {"otherwise": "pass"})
    traits = {"engine": "scripted", "model": str(model), "cache_dir": str(tmp_path / "cache")}
    with running_site(tmp_path / "site", traits) as site:
        (before,) = runtimes_of(site.pid)
        site.kill_runtime()
        (after,) = runtimes_of(site.pid)
        assert after.pid != before.pid
        chance = random.Random(1)
        notebooks = Notebooks(chance, lambda: None)
        for _ in range(30):
            site.request(chance, *notebooks.next())
        assert site.failures == {}
        with pytest.raises(RuntimeRequestError, match="refused"):
            site.use_model(str(tmp_path / "none"))
        site.http.headers["Authorization"] = "Bearer wrong"
        site.request(chance, *notebooks.next())
        assert site.failures == {"HTTPStatusError": 1}


def test_notebooks_are_opened_one_after_the_other() -> None:
    opened: list[int] = []
    notebooks = Notebooks(random.Random(1), lambda: opened.append(1))
    documents = [notebooks.next() for _ in range(200)]
    assert len({document for document, _ in documents}) == len(opened) == notebooks.number > 2
    assert max(len(cells) for _, cells in documents) > 2
