"""What can be checked of an adapter without running it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from jupyter_safecoder.errors import SafeCoderError
from jupyter_safecoder.models import ModelDescription
from jupyter_safecoder.models.cards import Check

from .lora import check_lora, read_changes
from .registry import Adapter


def check_adapter(
    adapter: Adapter, base: ModelDescription | None, base_sha256: str = ""
) -> Iterator[Check]:
    """Yield the checks of an adapter.

    Parameters
    ----------
    adapter
        The adapter.
    base
        A model on this disk that it may be for; ``None``: there is none.
    base_sha256
        SHA-256 of the weights of that model.
    """
    card = adapter.card

    def files() -> str:
        adapter.verify()
        return f"SHA-256 of {len(card.files)} files is that of the card"

    def matrices() -> str:
        _, layers = check_lora(adapter.directory)
        return f"a plain LoRA of {len(layers)} layers, all numbers are finite"

    yield _check("files", files)
    yield _check("matrices", matrices)
    if base is None or base_sha256 != card.base_sha256:
        served = f"; {base.name} has other weights" if base else ""
        yield Check("base", None, f"{card.base} is not the model here{served}")
        return

    def fits() -> str:
        changes = read_changes(adapter.directory, base)
        return f"SHA-256 of {base.name} is that of the card, and {len(changes)} tensors fit"

    yield _check("base", fits)


def _check(name: str, check: Callable[[], str]) -> Check:
    try:
        return Check(name, True, check())
    except SafeCoderError as error:
        return Check(name, False, f"{error.reason} {error.remedy}".strip())
    except OSError as error:
        return Check(name, False, f"{error.filename} cannot be read: {error.strerror}.")
