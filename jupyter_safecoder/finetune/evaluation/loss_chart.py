"""Draws the losses of a training as a chart."""

from __future__ import annotations

import io
from collections.abc import Sequence
from importlib.util import find_spec

#: Inches, and dots per inch.
_SIZE, _DPI = (6.0, 2.6), 110
#: Steps in the running mean: the loss of one step depends on its samples more than on the model.
_MEAN_STEPS = 25


def can_draw() -> bool:
    """Return whether matplotlib is installed: on the server of a Hub's user it need not be."""
    return find_spec("matplotlib") is not None


def draw_losses(
    train_curve: Sequence[Sequence[float]], val_curve: Sequence[Sequence[float]]
) -> bytes:
    """Return a PNG of the losses over the steps.

    Parameters
    ----------
    train_curve, val_curve
        ``[step, loss]`` of training and validation, in nats per token.
    """
    # Late: matplotlib takes a second to import, and few commands draw.
    from matplotlib.figure import Figure

    figure = Figure(figsize=_SIZE, dpi=_DPI, layout="constrained")
    axes = figure.subplots()
    if train_curve:
        steps, losses = zip(*train_curve, strict=True)
        axes.plot(steps, losses, color="#d5dee6", lw=0.8, label="training")
        label = f"mean of {_MEAN_STEPS} steps"
        axes.plot(steps, running_mean(losses), color="#4a7396", lw=1.2, label=label)
    if val_curve:
        axes.plot(*zip(*val_curve, strict=True), "o-", color="#d1495b", ms=3, label="validation")
    axes.set_xlabel("step")
    axes.set_ylabel("loss of the middle (nats)")
    axes.spines[["top", "right"]].set_visible(False)
    if train_curve or val_curve:
        axes.legend(frameon=False)
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    return stream.getvalue()


def running_mean(losses: Sequence[float]) -> list[float]:
    """Return for each loss the mean of it and those before it, up to a number of steps."""
    windows = (losses[max(0, stop - _MEAN_STEPS) : stop] for stop in range(1, len(losses) + 1))
    return [sum(window) / len(window) for window in windows]
