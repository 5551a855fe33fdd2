"""The processes that train together, each with a rank; a single one without Accelerate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


class Ranks:
    """The processes of a training.

    Parameters
    ----------
    accelerator
        Hugging Face Accelerate's ``Accelerator``; ``None``: this process trains alone.
    """

    def __init__(self, accelerator: Any = None) -> None:
        self._accelerator = accelerator
        self.rank: int = accelerator.process_index if accelerator else 0
        self.number: int = accelerator.num_processes if accelerator else 1

    def prepare(self, model: Any, optimizer: Any) -> tuple[Any, Any]:
        """Return the model and the optimizer, whose gradients all processes share."""
        if self._accelerator is None:
            return model, optimizer
        prepared: tuple[Any, Any] = self._accelerator.prepare(model, optimizer)
        return prepared

    def backward(self, loss: torch.Tensor) -> None:
        """Compute the gradients of a loss."""
        if self._accelerator is None:
            loss.backward()  # type: ignore[no-untyped-call]
        else:
            self._accelerator.backward(loss)

    def any(self, flag: bool) -> bool:
        """Return whether the flag of any process is set."""
        return bool(self._gather(flag).max()) if self._accelerator else flag

    def min(self, number: float) -> float:
        """Return the lowest number of all processes."""
        return float(self._gather(number).min()) if self._accelerator else number

    def _gather(self, number: float) -> torch.Tensor:
        # Accelerator.reduce offers the sum and the mean alone.
        import torch

        own = torch.tensor([float(number)], dtype=torch.float64, device=self._accelerator.device)
        gathered: torch.Tensor = self._accelerator.gather(own)
        return gathered
