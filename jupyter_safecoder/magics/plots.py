"""The curves of a training as a picture."""

from __future__ import annotations

import io
from collections.abc import Sequence

#: Inches, and dots for each.
_SIZE, _DPI = (6.0, 2.6), 110


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
        axes.plot(*zip(*train, strict=True), color="#9db4c8", lw=1, label="training")
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
