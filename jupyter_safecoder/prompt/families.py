"""The FIM families: the special tokens that models were trained with, and in which layouts.

Sources: tokenizers and training code of bigcode/starcoder and bigcode/starcoder2; the model cards
of the others (Meta, DeepSeek, Alibaba, Google, IBM, JetBrains, Mistral), read in 2025 and 2026; the
report on Seed-Coder (ByteDance, arXiv:2506.03524), section 3.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class NotebookTokens:
    """Names of a family's tokens for the cells of a notebook.

    Parameters
    ----------
    start
        Starts a notebook.
    markdown, code, output
        Open a cell of that type, and the output of a code cell.
    """

    start: str
    markdown: str
    code: str
    output: str


@dataclass(frozen=True)
class FimFamily:
    """Special tokens and layouts of a family of models.

    Parameters
    ----------
    name
        Name of the family.
    prefix, suffix, middle
        Names of the FIM tokens; empty if the family lacks one.
    stop_tokens
        Names of tokens that end a completion.
    layouts
        Names of :data:`.LAYOUTS`, the default first.
    bos_tokens
        Names of tokens at the start of a prompt, after the tokenizer's own.
    prefix_text
        Text before the prefix.
    notebook
        Tokens for cells; ``None``: cells are written as a script.
    note
        What users should know about models of this family.
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
        """Names of the FIM tokens that the family has."""
        return tuple(name for name in (self.prefix, self.suffix, self.middle) if name)


_JUPYTER = NotebookTokens("<jupyter_start>", "<jupyter_text>", "<jupyter_code>", "<jupyter_output>")
_BIGCODE_STOPS = ("<|endoftext|>", "<jupyter_output>", "<jupyter_text>", "<jupyter_code>")
#: Also used by Granite, Refact and Stable Code.
_BIGCODE = ("<fim_prefix>", "<fim_suffix>", "<fim_middle>")
_PIPED = ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>")
_BOTH = ("spm", "psm")

_STARCODER = FimFamily("starcoder", *_BIGCODE, _BIGCODE_STOPS, _BOTH, notebook=_JUPYTER)
_STARCODER2 = FimFamily(
    "starcoder2",
    *_BIGCODE,
    # Without this stop token the model continues with another file.
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
_MELLUM = FimFamily(
    "mellum",
    *_BIGCODE,
    ("<|endoftext|>", "<filename>", "<reponame>", "<|im_end|>"),
    ("suffix-first",),
)
_SEED_CODER = FimFamily(
    "seed-coder",
    "<[fim-prefix]>",
    "<[fim-suffix]>",
    "<[fim-middle]>",
    ("<[end▁of▁sentence]>", "<[fim-suffix]>"),
    ("suffix-first",),
)
_CODELLAMA = FimFamily(
    "codellama",
    "▁<PRE>",
    "▁<SUF>",
    "▁<MID>",
    ("▁<EOT>", "</s>"),
    # Its SPM was trained with prefix and middle tokenized together, so it is worse within a word.
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
        "Its tokenizer has no known fill-in-the-middle tokens: it completes from the text before "
        "the cursor, and does not see the text after it."
    ),
)

FAMILIES = {
    family.name: family
    for family in (
        *(_STARCODER, _STARCODER2, _SANTACODER, _GRANITE, _MELLUM, _CODELLAMA, _DEEPSEEK),
        *(_CODEGEMMA, _GRANITE_4, _QWEN, _CODESTRAL, _SEED_CODER, PREFIX_ONLY),
    )
}

#: Families, and tokens besides those of FIM that a model must have. They are tried in this order:
#: where families share the names of FIM tokens, another token distinguishes them.
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
    (_SEED_CODER, ()),
)

#: Mellum has all tokens of StarCoder, and one of these for the roles of a chat: ``<assistant>`` in
#: the ``special_tokens_map.json`` of JetBrains/Mellum-4b-base, ``<|im_start|>`` in later ones.
#: StarCoder and Granite Code have neither.
_ROLE_TOKENS = ("<assistant>", "<|im_start|>")
#: SmolLM2 has ``<|im_start|>`` too; unlike StarCoder and Mellum it has this one, as StarCoder2 has.
_SMOLLM2_TOKEN = "<jupyter_script>"  # noqa: S105 - the name of a token


def detect_family(architecture: str, has: Callable[[str], bool]) -> FimFamily:
    """Return the family of a model.

    Parameters
    ----------
    architecture
        ``model_type`` of Hugging Face: models of other families have StarCoder's or StarCoder2's
        tokens too.
    has
        Returns whether the model's tokenizer has a token of that name.

    Returns
    -------
    FimFamily
        The first one whose tokens the tokenizer has; ``prefix-only`` if there is none.
    """
    if architecture == "llama" and _is_mellum(has):
        return _MELLUM
    for family, tokens in _FINGERPRINTS:
        if family is _STARCODER2 and architecture != "starcoder2":
            continue
        if all(has(name) for name in (*family.fim, *tokens)):
            return family
    return PREFIX_ONLY


def _is_mellum(has: Callable[[str], bool]) -> bool:
    """Return whether a tokenizer is that of Mellum, whose FIM tokens have StarCoder's names."""
    has_tokens = all(map(has, _BIGCODE)) and any(map(has, _ROLE_TOKENS))
    return has_tokens and not has(_SMOLLM2_TOKEN)
