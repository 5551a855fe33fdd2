"""The whole product sends no packet to another machine: no attempt is made, DNS included.

Tests that use the product as people do run in a network namespace that records every packet which
leaves the loopback interface (``tests/support/network_recorder.py``). Chromium runs with the
switches of ``tests/support/chromium.py``, which keep its own requests in; ``test_embedded.py``
checks the URL of every request of the page. JupyterLab is configured as
``docs/how-to/closed-network.md`` says.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support.network_recorder import namespace_command, record
from tests.support.paths import ROOT

#: JupyterLab, completions of the embedded model, the login of users to a Hub and their
#: completions, the corpus, a short fine-tune with its evaluation, and infilling tasks.
PARTS = {
    "lab": ["tests/browser/test_embedded.py"],
    "panel": ["tests/browser/test_panel.py"],
    "hub": ["tests/browser/test_hub_users.py"],
    "training": [
        f"tests/integration/finetune/test_jobs.py::{name}"
        for name in (
            "test_from_notebooks_to_an_adapter_that_is_served",
            "test_the_corpus_is_shown_before_training",
        )
    ],
    "evaluation": ["tests/integration/cli/test_complete.py::test_infill"],
}


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("part", PARTS)
def test_no_attempt_to_reach_another_machine(tmp_path: Path, part: str) -> None:
    if not namespace_command():
        pytest.skip("No network namespace with an interface of its own (TUN) can be created.")
    tests = [str(ROOT / test) for test in PARTS[part]]
    # Without pytest's cache, which the outer run uses.
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]
    found = record(tmp_path / "report.json", command, 1500)
    assert len(found["control"]) >= 3
    assert found["attempts"] == []
