"""The recipe: the settings of a training, declared once.

From the fields come the arguments of ``finetune``, the check of recipe files and of what users send
to a Hub's service, and the reference page.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from jupyter_safecoder.adapters.card import RENAMED_SETTINGS
from jupyter_safecoder.errors import FinetuneError, InvalidInput
from jupyter_safecoder.files.toml import read_toml
from jupyter_safecoder.option import checked, option, options_of
from jupyter_safecoder.prompt import LAYOUTS

#: As ``minutes`` or ``learning_rate``: one by the size of the model; see ``size_defaults.py``.
BY_SIZE = -1.0

#: The share of each kind of span that is to be completed; see ``samples/fim_spans.py``.
SPAN_SHARES = {
    "rest_of_line": 0.34,
    "whole_line": 0.22,
    "within_line": 0.08,
    "to_block_end": 0.18,
    "in_brackets": 0.12,
    "anywhere": 0.06,
}


@dataclass(frozen=True)
class Recipe:
    """Settings of a training: all that it depends on but the corpus and the base model."""

    rank: int = option(
        16,
        "Rank of the low-rank adapter (Hu et al. 2021, arXiv:2106.09685).",
        argument="rank of the adapter (default: 16)",
        minimum=1,
    )
    alpha: int = option(
        32, "Scale of the adapter: its output is multiplied by alpha / rank.", minimum=1
    )
    learning_rate: float = option(
        BY_SIZE,
        "The highest learning rate, reached after 'warmup' steps; it falls to a tenth along a "
        "cosine. -1: by the size of the model: 0.0012 for up to 200 million parameters, 0.0004 for "
        "up to 1 billion, 0.0002 for more.",
        minimum=BY_SIZE,
        maximum=1,
    )
    warmup: int = option(8, "Steps in which the learning rate rises.", minimum=0)
    tokens_per_step: int = option(
        1536, "Tokens that are computed for one step of the optimizer.", minimum=64
    )
    epochs: int = option(
        6,
        "Maximum passes over the corpus, each with other spans to complete.",
        argument="maximum passes over the corpus (default: 6)",
        minimum=1,
    )
    steps: int = option(
        0,
        "Exact number of steps. 0: as many as 'epochs' and 'minutes' allow.",
        argument="exact number of steps (default: as many as the epochs and minutes allow)",
        minimum=0,
    )
    minutes: float = option(
        BY_SIZE,
        "Maximum duration of the job, evaluation included; a minute or two more where the adapter "
        "forgets too much, and is evaluated again with a smaller scale. 0: no limit. -1: by the "
        "size of the model: 9 for up to 200 million parameters, 30 for up to 1 billion, 60 for "
        "more.",
        argument="maximum duration of the job, evaluation included; 0: no limit (default: 9, 30 or "
        "60, by the size of the model)",
        minimum=BY_SIZE,
    )
    context_tokens: int = option(
        768,
        "Maximum tokens of the cells above the current one. Fewer than serving gives cost little "
        "and save time.",
        minimum=0,
    )
    patience: int = option(
        3, "Evaluations without a better validation loss after which training stops.", minimum=1
    )
    num_evals: int = option(
        4, "How often the validation loss is computed during training.", minimum=1
    )
    eval_samples: int = option(
        60,
        "Completions of held-out documents that the adapter is evaluated with; of general code as "
        "many, but 50 at most.",
        minimum=1,
    )
    replay_share: float = option(
        0.15,
        "Share of samples from Python's standard library, against forgetting.",
        minimum=0,
        maximum=0.9,
    )
    seed: int = option(
        0,
        "Random seed of the spans, the order of the samples, and the adapter.",
        argument="random seed (default: 0)",
        minimum=0,
        maximum=2**31,
    )
    quantize: str = option(
        "",
        "'nf4' or 'fp4': the base model in four bits (QLoRA, Dettmers et al. 2023, "
        "arXiv:2305.14314), on CUDA. Empty: not quantized.",
        choices=("", "nf4", "fp4"),
    )
    trees_per_step: int = option(
        1,
        "Parts of a step that share no prefix: more of them vary a step, and share fewer tokens.",
        minimum=1,
    )
    layout_shares: Mapping[str, float] = option(
        {},
        "Share of samples in each FIM layout. Empty: 90 % in the layout that serving uses.",
        choices=tuple(LAYOUTS),
    )
    span_shares: Mapping[str, float] = option(
        SPAN_SHARES,
        "Share of each kind of span that is to be completed.",
        choices=tuple(SPAN_SHARES),
    )
    no_context_share: float = option(
        0.0,
        "Share of documents whose cells are learned without the cells above.",
        minimum=0,
        maximum=1,
    )
    sources_share: float = option(
        0.0,
        "Share of documents that are learned with the cells below, and with the names and modules "
        "that their notebook would have, as far as its text tells them.",
        minimum=0,
        maximum=1,
    )
    no_suffix_share: float = option(
        0.0,
        "Share of the samples whose middle ends a line that are learned without the text after it: "
        "those who type at the end of a cell have none.",
        minimum=0,
        maximum=1,
    )
    prefix_weight: float = option(
        0.4,
        "Weight of the loss of the text before the cursor; that of the middle is 1. Where the "
        "prefix is long, a higher one leaves the middle too little.",
        minimum=0,
        maximum=10,
    )
    context_weight: float = option(
        0.4, "Weight of the loss of the cells above; see 'prefix_weight'.", minimum=0, maximum=10
    )
    own: Sequence[str] = option(
        [],
        "Patterns of what is your own though its notice forbids others to use it: names of owners, "
        "such as 'Example Energy GmbH', and license identifiers, such as 'LicenseRef-Firm-*'. "
        "Files with such a notice are learned from.",
        argument="owner or license that is your own, such as 'LicenseRef-Firm-*'; may be given "
        "several times",
        metavar="PATTERN",
    )
    ours: bool = option(
        False,
        "Whether all files are your own: no notice of a license or an owner leaves one out.",
        argument="all files are your own, whatever their notices say",
    )
    include_generated: bool = option(
        False,
        "Whether files that the marker of a generator is in are learned from, too.",
        argument="learn from generated files, too",
    )
    trained_tokens: Sequence[str] = option(
        [], "Tokens whose embeddings are trained too: those that are new to the base model."
    )
    sources: str = option(
        "",
        "A manifest of a base model and packages to learn from; a path relative to the recipe's "
        "file.",
    )
    start: str = option(
        "",
        "A model to start from instead of the base of 'sources'; its tokens have their new names.",
    )
    max_modules: int = option(
        10,
        "Maximum Python files of each package of 'sources', beside its notebooks and examples.",
        minimum=0,
    )
    package_temperature: float = option(
        1.0,
        "Temperature of the rates at which packages of 'sources' are mixed (Raffel et al. 2020, "
        "arXiv:1910.10683, section 3.5.2): with 1 a package counts in proportion to its samples, "
        "with 2 to their square root, with inf each counts the same.",
        minimum=1,
    )
    notebook_share: float = option(
        0.0, "Share of samples from notebooks. 0: as they are in the corpus.", minimum=0, maximum=1
    )

    def as_dict(self) -> dict[str, Any]:
        """Return the settings by name."""
        return asdict(self)


def read_settings(path: Path) -> dict[str, Any]:
    """Return the recipe settings of a TOML file, checked.

    Raises
    ------
    FinetuneError
        If the file cannot be read, or has a setting that no recipe has.
    """
    try:
        data = read_toml(path)
    except (OSError, ValueError) as error:
        raise FinetuneError(f"{path} cannot be read as a recipe: {error}.") from error
    settings = check_settings(data, str(path))
    if "sources" in settings:
        settings["sources"] = str(path.absolute().parent / settings["sources"])
    return settings


def check_settings(settings: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return recipe settings from outside, checked.

    Parameters
    ----------
    settings
        By name; those that are missing keep their defaults.
    where
        Where they are, for messages.

    Raises
    ------
    FinetuneError
        With the first setting that is unknown, of another type, or out of its bounds.
    """
    options = {one.name: one for one in options_of(Recipe)}
    for name in settings:
        if name in RENAMED_SETTINGS:
            raise FinetuneError(
                f"{name!r} in {where} is now {RENAMED_SETTINGS[name]!r}.", _rename(name)
            )
        if name not in options:
            raise FinetuneError(
                f"{where} has {name!r}, which no recipe has.", f"There are: {', '.join(options)}."
            )
    try:
        values = checked(Recipe, settings, where)
    except InvalidInput as error:
        raise FinetuneError(error.reason, "Correct it and try again.") from error
    for name, value in values.items():
        if options[name].type is float and math.isnan(value):
            raise FinetuneError(f"{name} in {where} must be a number.")
        if options[name].type is dict and not 0 < sum(value.values()) < math.inf:
            raise FinetuneError(
                f"{name} in {where} has no share above 0.",
                f"Give one to: {', '.join(options[name].choices)}.",
            )
    # JSON Schema counts 8.0 as an integer.
    return {
        name: int(value) if options[name].type is int else value for name, value in values.items()
    }


def _rename(name: str) -> str:
    if name == "balance":
        return "Write package_temperature = 1 / (1 - balance) instead."
    return "Rename it."
