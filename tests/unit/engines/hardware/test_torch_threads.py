"""The threads of torch."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from jupyter_safecoder.engines.hardware import torch_threads
from jupyter_safecoder.engines.hardware.torch_threads import limit_torch_threads

torch = pytest.importorskip("torch")


@pytest.fixture(autouse=True)
def _four_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("granted", "processes", "threads"),
    [(None, 1, 4), (2, 1, 2), (8, 1, 4), (3, 2, 1), (1, 4, 1)],
)
def test_no_more_threads_than_granted(
    monkeypatch: pytest.MonkeyPatch, granted: int | None, processes: int, threads: int
) -> None:
    monkeypatch.setattr(torch_threads, "granted_threads", lambda: granted)
    limit_torch_threads(processes)
    assert torch.get_num_threads() == threads
