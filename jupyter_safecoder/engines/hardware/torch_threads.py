"""Bounds the threads of torch by what the control group grants."""

from __future__ import annotations

from .cpu import granted_threads


def limit_torch_threads(processes: int = 1) -> None:
    """Have torch compute with no more threads than the control group grants.

    Parameters
    ----------
    processes
        Number of processes that share what is granted.
    """
    granted = granted_threads()
    if granted is None:
        return
    import torch

    torch.set_num_threads(max(1, min(torch.get_num_threads(), granted // processes)))
