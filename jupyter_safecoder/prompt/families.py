"""The FIM families: which special tokens a model was trained with, and in which orders.

Sources: tokenizers and training code of bigcode/starcoder and bigcode/starcoder2; the model cards
of the others (Meta, DeepSeek, Alibaba, Google, IBM, Mistral), read in 2025 and 2026.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class NotebookTokens:
    """The names of the tokens that a family has for the cells of a notebook."""

    start: str
    markdown: str
    code: str
    output: str


@dataclass(frozen=True)
class FimFamily:
    """The names of a family's special tokens, its layouts, and where its answers end.

    ``layouts`` are names of :data:`LAYOUTS`, the first the default. ``bos_tokens`` are tokens that
    stand before everything else, after the tokenizer's own. ``prefix_text`` is what stands before the
    prefix as text. Without ``notebook`` the cells around are given as a script. ``note`` is what
    people should know.
    """

    name: str
    prefix: str
    suffix: str
    middle: str
    stop_tokens: tuple[str, ...]
    layouts: tuple[str, ...]
    bos_tokens: tuple[str, ...] = ()
    prefix_text: str = ""
    notebook: NotebookTokens | None = None
    note: str = ""

    @property
    def fim(self) -> tuple[str, ...]:
        """The tokens around the parts of a prompt, of which some families lack one or all."""
        return tuple(name for name in (self.prefix, self.suffix, self.middle) if name)


_JUPYTER = NotebookTokens("<jupyter_start>", "<jupyter_text>", "<jupyter_code>", "<jupyter_output>")
_BIGCODE_STOPS = ("<|endoftext|>", "<jupyter_output>", "<jupyter_text>", "<jupyter_code>")
#: Granite, Refact and Stable Code took over the names, and with them the trainer.
_BIGCODE = ("<fim_prefix>", "<fim_suffix>", "<fim_middle>")
_PIPED = ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>")
_BOTH = ("spm", "psm")

_STARCODER = FimFamily("starcoder", *_BIGCODE, _BIGCODE_STOPS, _BOTH, notebook=_JUPYTER)
_STARCODER2 = FimFamily(
    "starcoder2",
    *_BIGCODE,
    # It goes on with another file where it is not stopped.
    ("<file_sep>", *_BIGCODE_STOPS),
    _BOTH,
    bos_tokens=("<file_sep>",),
    notebook=_JUPYTER,
)
_SANTACODER = FimFamily(
    "santacoder", "<fim-prefix>", "<fim-suffix>", "<fim-middle>", ("<|endoftext|>",), _BOTH
)
_GRANITE = FimFamily(
    "granite", *_BIGCODE, ("<|endoftext|>", "<file_sep>", "<filename>", "<reponame>"), _BOTH
)
_CODELLAMA = FimFamily(
    "codellama",
    "▁<PRE>",
    "▁<SUF>",
    "▁<MID>",
    ("▁<EOT>", "</s>"),
    # Its SPM joined prefix and middle before tokenizing: worse where the cursor is in a word.
    ("psm", "spm"),
    prefix_text=" ",
)
_DEEPSEEK = FimFamily(
    "deepseek-coder",
    "<｜fim▁begin｜>",
    "<｜fim▁hole｜>",
    "<｜fim▁end｜>",
    ("<｜end▁of▁sentence｜>", "<|EOT|>"),
    ("psm",),
)
_CODEGEMMA = FimFamily(
    "codegemma", *_PIPED, ("<|file_separator|>", "<eos>", "<end_of_turn>"), ("psm",)
)
_GRANITE_4 = FimFamily("granite-4", *_PIPED, ("<|end_of_text|>",), ("psm",))
_QWEN = FimFamily(
    "qwen2.5-coder",
    *_PIPED,
    ("<|endoftext|>", "<|fim_pad|>", "<|file_sep|>", "<|repo_name|>", "<|im_end|>"),
    ("psm",),
)
_CODESTRAL = FimFamily(
    "codestral", "[PREFIX]", "[SUFFIX]", "", ("</s>", "[PREFIX]", "[SUFFIX]"), ("suffix-first",)
)
PREFIX_ONLY = FimFamily(
    "prefix-only",
    "",
    "",
    "",
    (
        *("<|endoftext|>", "</s>", "<eos>", "<|end_of_text|>", "<｜end▁of▁sentence｜>"),
        *("<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<|EOT|>"),
    ),
    ("prefix",),
    note=(
        "Its tokenizer has no fill-in-the-middle tokens that are known: it completes from what "
        "stands before the cursor, and does not see what follows."
    ),
)

FAMILIES = {
    family.name: family
    for family in (
        *(_STARCODER, _STARCODER2, _SANTACODER, _GRANITE, _CODELLAMA, _DEEPSEEK),
        *(_CODEGEMMA, _GRANITE_4, _QWEN, _CODESTRAL, PREFIX_ONLY),
    )
}

#: In this order: the first family whose tokens are all there is the model's. Where families share
#: the names of FIM tokens, another token tells them apart.
_FINGERPRINTS: tuple[tuple[FimFamily, tuple[str, ...]], ...] = (
    (_SANTACODER, ()),
    (_STARCODER2, ("<repo_name>", "<jupyter_start>")),
    (_STARCODER, ("<jupyter_start>",)),
    (_GRANITE, ()),
    (_CODELLAMA, ()),
    (_DEEPSEEK, ()),
    (_CODEGEMMA, ("<|file_separator|>",)),
    (_GRANITE_4, ("<|end_of_text|>",)),
    (_QWEN, ()),
    (_CODESTRAL, ()),
)


def detect_family(architecture: str, has: Callable[[str], bool]) -> FimFamily:
    """Return the family of a model.

    Parameters
    ----------
    architecture
        Hugging Face's ``model_type``: StarCoder2's tokens are also in models of other families.
    has
        Says whether the model's tokenizer has a token of that name.

    Returns
    -------
    FimFamily
        The one whose tokens the tokenizer has; ``prefix-only`` if there is none.
    """
    for family, marks in _FINGERPRINTS:
        if family is _STARCODER2 and architecture != "starcoder2":
            continue
        if all(has(name) for name in (*family.fim, *marks)):
            return family
    return PREFIX_ONLY
