"""The run that a part of a text and a file have in common: exact, where the sketch is not."""

from __future__ import annotations


def common_run(part: bytes, whole: bytes, minimum: int) -> tuple[int, int] | None:
    """Return where in a part the first run begins and ends that is also in the whole.

    Parameters
    ----------
    part
        The characters of a part of a text.
    whole
        Those of a file.
    minimum
        The length that the run has at least.

    Returns
    -------
    tuple or None
        Start and end in the part; ``None``: there is no such run.
    """
    for start in range(len(part) - minimum + 1):
        if part[start : start + minimum] in whole:
            end = start + minimum
            while end < len(part) and part[start : end + 1] in whole:
                end += 1
            return start, end
    return None
