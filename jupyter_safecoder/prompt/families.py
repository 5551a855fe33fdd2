"""The FIM families: which special tokens a model was trained with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FimFamily:
    """The names of a family's special tokens, and where its answers end."""

    name: str
    prefix: str
    suffix: str
    middle: str
    ends: tuple[str, ...]
    notebook_start: str
    markdown: str
    code: str
    output: str


#: Source: tokenizer and training code of bigcode/starcoder (BigCode, 2023).
STARCODER = FimFamily(
    name="starcoder",
    prefix="<fim_prefix>",
    suffix="<fim_suffix>",
    middle="<fim_middle>",
    ends=("<|endoftext|>", "<jupyter_output>", "<jupyter_text>", "<jupyter_code>"),
    notebook_start="<jupyter_start>",
    markdown="<jupyter_text>",
    code="<jupyter_code>",
    output="<jupyter_output>",
)

FAMILIES = {family.name: family for family in (STARCODER,)}
