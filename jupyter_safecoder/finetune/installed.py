"""Whether what an extra brings is there: a thin installation says so in a sentence."""

from __future__ import annotations

from importlib.util import find_spec

from .problem import FinetuneProblem

#: Modules that a corpus needs, that training needs, and that fetching packages needs.
CORPUS = ("datasketch", "detect_secrets", "gitignore_parser")
TRAINING = ("filelock", "peft", "torch", "transformers", "tokenizers")
PACKAGES = ("unearth",)


def require(*modules: str) -> None:
    """Refuse to begin what cannot be done here.

    Raises
    ------
    FinetuneProblem
        If one of the modules is not installed.
    """
    missing = [module for module in modules if find_spec(module) is None]
    if missing:
        raise FinetuneProblem(
            f"Fine-tuning is not installed here: {missing[0]} is missing.",
            "Install it with: pip install 'jupyter-safecoder[local,finetune]'.",
        )
