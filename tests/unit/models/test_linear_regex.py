"""Expressions of tokenizers in use are taken; those that backtrack without limit are not."""

from __future__ import annotations

import time

import pytest

from jupyter_safecoder.models.gguf.tokenizer import _PRE_TOKENIZERS
from jupyter_safecoder.models.linear_regex import is_linear

_GPT_2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
_SPACES = r"\s*[\r\n]+|\s+(?!\S)|\s+"
_UPPER, _LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_ENDINGS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
_WORDS = (
    rf"[^\r\n\p{{L}}\p{{N}}]?{_UPPER}*{_LOWER}+{_ENDINGS}"
    rf"|[^\r\n\p{{L}}\p{{N}}]?{_UPPER}+{_LOWER}*{_ENDINGS}"
)
_ASCII_WORDS = (
    r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"""
)
#: Those of the models named, in their ``tokenizer.json``.
_IN_USE = {
    "GPT-2": _GPT_2,
    "DeepSeek-Coder": "[一-龥ࠀ-一가-퟿]+",
    "DeepSeek-Coder, words": r"\s?\p{L}+",
    "DeepSeek V3": rf"{_ASCII_WORDS}| ?[\p{{P}}\p{{S}}]+[\r\n]*|{_SPACES}",
    "GPT-4": r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+",
    "GPT-4o": rf"{_WORDS}|\p{{N}}{{1,3}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*|{_SPACES}",
    "BLOOM": " ?[^(\\s|[.,!?…。，、।۔،])]+",  # noqa: RUF001
    "Falcon": "[0-9][0-9][0-9]",
    "T5": " {2,}",
} | {
    name: step["pattern"]["Regex"]
    for name, steps in _PRE_TOKENIZERS.items()
    for step in steps
    if step["type"] == "Split"
}


@pytest.mark.parametrize("name", _IN_USE)
def test_expressions_of_models_are_linear(name: str) -> None:
    """The proof of the form is checked on runs of characters, and on runs that end otherwise."""
    tokenizers = pytest.importorskip("tokenizers")
    pattern = _IN_USE[name]
    assert is_linear(pattern)
    split = tokenizers.pre_tokenizers.Split(tokenizers.Regex(pattern), "isolated")
    for run in (" ", "a", "A", "1", "\n", " \n", "'", "中", "aA1 '", "́"):
        for end in ("", "!", "a", "\x00"):
            started = time.process_time()
            split.pre_tokenize_str(run * 32768 + end)
            assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "pattern",
    [
        *("(a+)+$", "(a|a)*b", "(?:aa?){64}b", "((((a?){9}){9}){9}){9}b"),  # exponential
        *("a*a*a*b", "a+b", "a+?b", "(?:)a+b|a+c", "a{2,}b", "a*b*c|a+", r"\s*b|\s|\s+"),
        *("ab[ab]+c", "a+(?!b)", "a+$", "a+(?=b)c?", "a*b|xa+", "a*b|a+c", "a{65,}", "a{99}"),
        *(r"(a)\1", "(?>a+)b", "(?<=a)b", "(?i)a", "(?#x)a", r"\g<0>", r"\Ka", r"\x{61}", "a**"),
        *("a{2}{3}", "a+?", "a++?", "[", "[a", "(", "(a", "a)", "[]a]", "[^]a]", "a|*", "x{2,1}"),
        *("\\", "(?:a+|b)?", "(?=a+)b", "(" * 2000 + ")" * 2000, "a" * 5000, "a|" * 300),
        "a?" * 9,
    ],
)
def test_other_forms_are_not_taken(pattern: str) -> None:
    assert not is_linear(pattern)
