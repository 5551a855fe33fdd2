"""How to train: everything that a run depends on but the corpus and the base."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import MISSING, Field, asdict, dataclass, field, fields
from importlib import import_module
from pathlib import Path
from typing import Any

from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.finetune.samples.fim_spans import SPAN_KINDS
from jupyter_safecoder.finetune.samples.samples import CONTEXT, PREFIX
from jupyter_safecoder.prompt import LAYOUTS


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
    judged
        Cursors on held-out documents that the adapter is judged by; on general code as many, but
        50 at most.
    general_share
        Of the samples: code of Python's own library, against forgetting.
    seed
        Of cuts, order and adapter.
    quantize
        ``nf4``: the base in four bits (QLoRA, Dettmers et al. 2023, arXiv:2305.14314), on CUDA.
    trees_per_step
        Parts of a step that share no beginning: more of them vary a step, and share less.
    layout_shares
        Of the samples, by layout; empty: nearly all in the one that serving uses.
    cut_shares
        Of the cuts, by kind; empty: those of ``finetune/cuts.py``.
    bare_share
        Of the documents, whose cells are learned as if nothing stood above them.
    prefix_weight, context_weight
        What predicting the text before the cursor, and the cells above, counts beside the middle's
        1; where these are long, more than a little leaves the middle small.
    trained_tokens
        Whose embeddings are trained beside the adapter: those that the base has never seen.
    sources
        A manifest of a base and packages to learn from, a path relative to the recipe.
    start
        A model to go on from instead of the base of the sources; its tokens have their names.
    modules
        Files of each package to take beside its notebooks and examples.
    balance
        0: a package counts as much as it has; 1: each counts the same; 0.5: by the root.
    notebook_share
        Of the samples, from notebooks; 0: as they come.
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
    judged: int = 60
    general_share: float = 0.15
    seed: int = 0
    quantize: str = ""
    trees_per_step: int = 1
    layout_shares: Mapping[str, float] = field(default_factory=dict)
    cut_shares: Mapping[str, float] = field(default_factory=dict)
    bare_share: float = 0.0
    prefix_weight: float = PREFIX
    context_weight: float = CONTEXT
    trained_tokens: list[str] = field(default_factory=list)
    sources: str = ""
    start: str = ""
    modules: int = 10
    balance: float = 0.0
    notebook_share: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return the settings by name."""
        return asdict(self)


def read_recipe(path: Path, **overrides: Any) -> Recipe:
    """Return the recipe of a TOML file.

    Raises
    ------
    FinetuneError
        If the file is not one.
    """
    return Recipe(**{**read_settings(path), **overrides})


def read_settings(path: Path) -> dict[str, Any]:
    """Return the settings that a TOML file gives to a recipe.

    Raises
    ------
    FinetuneError
        If the file is not one.
    """
    tomllib = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    try:
        data: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FinetuneError(f"{path} cannot be read as a recipe: {error}.") from error
    check_settings(data, str(path))
    if "sources" in data:
        data["sources"] = str(path.absolute().parent / data["sources"])
    return data


def wished_settings(options: Any) -> dict[str, Any]:
    """Return the settings that the options of ``finetune`` ask for.

    Raises
    ------
    FinetuneError
        If its recipe is none.
    """
    settings = read_settings(Path(options.recipe)) if options.recipe else {}
    names = ("minutes", "steps", "epochs", "rank", "seed")
    given = {name: value for name in names if (value := getattr(options, name)) is not None}
    if "rank" in given:
        given["alpha"] = 2 * given["rank"]
    return {**settings, **given}


def check_settings(data: Mapping[str, Any], place: str) -> None:
    """Refuse settings that no recipe has, or that are of another type.

    Parameters
    ----------
    data
        Settings by name.
    place
        Where they stand, for people.

    Raises
    ------
    FinetuneError
        With the first that is wrong.
    """
    known = {field.name: _type(field) for field in fields(Recipe)}
    for name, value in data.items():
        if name not in known:
            raise FinetuneError(
                f"{place} has {name!r}, which no recipe has.", f"There are: {', '.join(known)}."
            )
        if not isinstance(value, (int, float) if known[name] is float else known[name]):
            raise FinetuneError(f"{name} in {place} is not of the type {known[name].__name__}.")
    _check_shares(place, "layout_shares", data.get("layout_shares", {}), LAYOUTS)
    _check_shares(place, "cut_shares", data.get("cut_shares", {}), SPAN_KINDS)


def _type(field: Field[Any]) -> type:
    if field.default_factory is MISSING:
        return type(field.default)
    return type(field.default_factory())


def _check_shares(
    place: str, name: str, shares: Mapping[str, Any], known: Mapping[str, Any]
) -> None:
    for key, share in shares.items():
        if key not in known or not isinstance(share, (int, float)) or share < 0:
            raise FinetuneError(
                f"{name} in {place} has {key} = {share!r}, which is no share of its samples.",
                f"Give shares of 0 and more to: {', '.join(known)}.",
            )
