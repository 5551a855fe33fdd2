"""The losses of a training as a chart."""

from __future__ import annotations

import pytest

from jupyter_safecoder.finetune.evaluation.loss_chart import can_draw, draw_losses, running_mean


def test_the_running_mean() -> None:
    assert running_mean([1.0, 3.0, 5.0]) == [1.0, 2.0, 3.0]
    assert running_mean([0.0] * 30 + [25.0])[-1] == 1.0
    assert running_mean([]) == []


@pytest.mark.parametrize("train", [[], [[1, 2.0], [2, 1.5]]])
@pytest.mark.parametrize("val", [[], [[0, 2.1], [2, 1.6]]])
def test_any_curve_may_be_empty(train: list[list[float]], val: list[list[float]]) -> None:
    assert can_draw()
    assert draw_losses(train, val).startswith(b"\x89PNG")
