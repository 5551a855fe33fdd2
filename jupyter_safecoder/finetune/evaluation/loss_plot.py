"""The curves of a training as a picture."""

from __future__ import annotations

import io
from collections.abc import Sequence
from importlib.util import find_spec

#: Inches, and dots for each.
_SIZE, _DPI = (6.0, 2.6), 110
#: Steps of which the mean is drawn: one step's loss says more of its lines than of the model.
_OVER = 25


def can_draw() -> bool:
    """Say whether what draws is installed: on a Hub's user's server it need not be."""
    return find_spec("matplotlib") is not None


def curves_png(train: Sequence[Sequence[float]], held_out: Sequence[Sequence[float]]) -> bytes:
    """Return the training and held-out losses over the steps as a PNG.

    Parameters
    ----------
    train, held_out
        ``[step, loss]`` each, in nats for each token.
    """
    # Late: matplotlib takes a second, and only whoever looks needs it.
    from matplotlib.figure import Figure

    figure = Figure(figsize=_SIZE, dpi=_DPI, layout="constrained")
    axes = figure.subplots()
    if train:
        steps, losses = zip(*train, strict=True)
        axes.plot(steps, losses, color="#d5dee6", lw=0.8, label="training")
        axes.plot(steps, _means(losses), color="#4a7396", lw=1.2, label=f"mean of {_OVER} steps")
    if held_out:
        axes.plot(*zip(*held_out, strict=True), "o-", color="#d1495b", ms=3, label="held out")
    axes.set_xlabel("step")
    axes.set_ylabel("loss of the middle (nats)")
    axes.spines[["top", "right"]].set_visible(False)
    if train or held_out:
        axes.legend(frameon=False)
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    return stream.getvalue()


def _means(losses: Sequence[float]) -> list[float]:
    lasts = (losses[max(0, end - _OVER) : end] for end in range(1, len(losses) + 1))
    return [sum(last) / len(last) for last in lasts]
