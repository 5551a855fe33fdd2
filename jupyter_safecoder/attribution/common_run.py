"""The run that a part of a text and a file have in common: exact, where the sketch is not."""

from __future__ import annotations


def common_run(part: bytes, whole: bytes, minimum: int, step: int = 1) -> tuple[int, int] | None:
    """Return where in a part the first run begins and ends that is also in the whole.

    Parameters
    ----------
    part
        The characters, or the lines, of a part of a text.
    whole
        Those of a file.
    minimum
        The length that the run has at least.
    step
        The run begins and ends at multiples of this.

    Returns
    -------
    tuple or None
        Start and end in the part; ``None``: there is no such run.
    """
    for start in range(0, len(part) - minimum + 1, step):
        if part[start : start + minimum] in whole:
            end = start + minimum
            while end < len(part) and part[start : end + step] in whole:
                end += step
            return start, end
    return None
