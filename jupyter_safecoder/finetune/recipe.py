"""How to train: everything that a run depends on but the corpus and the base."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass, fields
from importlib import import_module
from pathlib import Path
from typing import Any

from .problem import FinetuneProblem


@dataclass(frozen=True)
class Recipe:
    """Settings of a run.

    Parameters
    ----------
    rank, alpha
        Of the low-rank adapter (Hu et al. 2021, arXiv:2106.09685).
    learning_rate
        The highest, after ``warmup`` steps; it falls to a tenth in a cosine.
    warmup
        Steps.
    tokens_per_step
        Tokens that are computed for one step of the optimizer.
    epochs
        Most passes over the corpus, each with other cuts.
    steps
        Exactly so many steps; 0: as many as ``epochs`` and ``minutes`` allow.
    minutes
        For the whole run, evaluation included; 0: no bound.
    context_tokens
        Of the cells above, at most; less than serving gives costs little and saves time.
    patience
        Evaluations without a better loss after which training ends.
    evaluations
        How often the held-out loss is computed on the way.
    general_share
        Of the samples: code of Python's own library, against forgetting.
    seed
        Of cuts, order and adapter.
    quantize
        ``nf4``: the base in four bits (QLoRA, Dettmers et al. 2023, arXiv:2305.14314), on CUDA.
    """

    rank: int = 16
    alpha: int = 32
    learning_rate: float = 1.2e-3
    warmup: int = 8
    tokens_per_step: int = 1536
    epochs: int = 6
    steps: int = 0
    minutes: float = 9.0
    context_tokens: int = 768
    patience: int = 3
    evaluations: int = 4
    general_share: float = 0.15
    seed: int = 0
    quantize: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the settings by name."""
        return asdict(self)


def read_recipe(path: Path, **overrides: Any) -> Recipe:
    """Return the recipe of a TOML file.

    Raises
    ------
    FinetuneProblem
        If the file is not one.
    """
    tomllib = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    known = {field.name: type(field.default) for field in fields(Recipe)}
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FinetuneProblem(f"{path} cannot be read as a recipe: {error}.") from error
    for name, value in data.items():
        if name not in known:
            raise FinetuneProblem(
                f"{path} has {name!r}, which no recipe has.", f"There are: {', '.join(known)}."
            )
        if not isinstance(value, (int, float) if known[name] is float else known[name]):
            raise FinetuneProblem(f"{name} in {path} is not of the type {known[name].__name__}.")
    return Recipe(**{**data, **overrides})
