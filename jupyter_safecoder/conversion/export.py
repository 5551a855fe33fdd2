"""The export itself, in a process of its own: its memory goes back, and its death harms nobody.

``python -m jupyter_safecoder.conversion.export`` is a child process as
:mod:`jupyter_safecoder.child_process` describes it. Its job has ``source``, ``target``, ``engine``
and ``precision``; its messages have ``share`` and ``text`` for progress, or ``error`` and
``remedy``. Its exit status is 0 once ``target`` is complete.
"""

from __future__ import annotations

import errno
import logging
import shutil
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jupyter_safecoder.child_process import message_sender, read_job, stop_with_parent
from jupyter_safecoder.extras import INSTALL_CHECKPOINTS, INSTALL_ONNXRUNTIME

StatusCallback = Callable[[float, str], None]

#: Quantization of weights by NNCF. int8: a scale and a zero point for each output channel, and the
#: same for embeddings; int4: groups of 64 along the input, embeddings and the last layer in int8.
_INT8: dict[str, Any] = {"bits": 8, "sym": False}
_INT4: dict[str, Any] = {"bits": 4, "sym": False, "group_size": 64, "ratio": 1.0}


def export(source: Path, target: Path, engine: str, precision: str, say: StatusCallback) -> None:
    """Write a checkpoint as an engine wants it.

    Parameters
    ----------
    source
        Directory of the checkpoint.
    target
        Existing directory that gets the files.
    engine
        ``openvino`` or ``onnxruntime``.
    precision
        ``fp32``, ``fp16``, ``int8`` or ``int4`` (OpenVINO); ``fp32`` or ``int8`` (ONNX Runtime).
    say
        Called with the share that is done, 0 to 1, and what is being done.
    """
    (_to_openvino if engine == "openvino" else _to_onnx)(source, target, precision, say)


def _to_openvino(source: Path, target: Path, precision: str, say: StatusCallback) -> None:
    say(0.0, "Reading the checkpoint")
    from optimum.intel import OVModelForCausalLM, OVWeightQuantizationConfig

    settings = {"int8": _INT8, "int4": _INT4}.get(precision, {})
    quantization = OVWeightQuantizationConfig(**settings) if settings else None
    say(0.1, f"Exporting to OpenVINO in {precision}")
    if settings:
        _follow_compression(lambda share: say(0.3 + 0.5 * share, f"Quantizing to {precision}"))
    model = OVModelForCausalLM.from_pretrained(
        source,
        export=True,
        compile=False,
        local_files_only=True,
        trust_remote_code=False,
        load_in_8bit=None if settings else False,
        quantization_config=quantization,
    )
    say(0.8, "Writing the prepared model")
    if precision == "fp16":
        import openvino

        openvino.save_model(model.model, target / "openvino_model.xml", compress_to_fp16=True)
        model.config.save_pretrained(target)
    else:
        model.save_pretrained(target)
    say(1.0, "Written")


def _follow_compression(report: Callable[[float], None]) -> None:
    """Have NNCF's progress, which it shows on terminals alone; 0 to 1."""
    from nncf.common.logging.track_progress import WeightedProgress

    plain = WeightedProgress.update

    def update(self: Any, task_id: Any, **changes: Any) -> None:
        plain(self, task_id, **changes)
        # Of its several bars the one with weights is the compression.
        task = self._tasks[task_id]
        if task.total:
            report(min(1.0, task.completed / task.total))

    WeightedProgress.update = update


def _to_onnx(source: Path, target: Path, precision: str, say: StatusCallback) -> None:
    say(0.0, "Reading the checkpoint")
    from optimum.exporters.onnx import main_export

    _teach_starcoder2()
    say(0.1, f"Exporting to ONNX in {precision}")
    main_export(
        str(source),
        output=target,
        task="text-generation-with-past",
        dtype="fp32",
        do_validation=False,
        no_post_process=True,
        local_files_only=True,
        trust_remote_code=False,
    )
    if precision == "int8":
        say(0.6, "Quantizing the weights")
        _quantize_onnx(target)
    say(1.0, "Written")


def _teach_starcoder2() -> None:
    """Tell Optimum ONNX of StarCoder2, which takes and gives KV as Mistral does."""
    from optimum.exporters.onnx.model_configs import MistralOnnxConfig
    from optimum.exporters.tasks import TasksManager

    register = TasksManager.create_register("onnx")
    register("starcoder2", "text-generation", "text-generation-with-past")(MistralOnnxConfig)


def _quantize_onnx(target: Path) -> None:
    # Unsigned: products of unsigned and signed bytes overflow on CPUs that have no VNNI.
    from onnxruntime.quantization import QuantType, quantize_dynamic

    plain = target / "model.onnx"
    quantized = target / "model_int8.onnx"
    quantize_dynamic(
        plain,
        quantized,
        weight_type=QuantType.QUInt8,
        per_channel=True,
        use_external_data_format=True,
    )
    for path in target.glob("model.onnx*"):
        path.unlink()
    quantized.rename(plain)


def main() -> int:
    """Export what standard input says; returns the exit status."""
    from jupyter_safecoder.telemetry import silence_telemetry

    silence_telemetry()
    warnings.simplefilter("ignore")  # the tracer's, which say nothing to whoever prepares a model
    logging.disable(logging.WARNING)
    job = read_job()
    stop_with_parent()  # what is half written is deleted by the next export
    send = message_sender()
    try:
        export(
            Path(job["source"]),
            Path(job["target"]),
            job["engine"],
            job["precision"],
            lambda share, text: send({"share": share, "text": text}),
        )
        return 0
    except ImportError as error:
        onnx = job["engine"] == "onnxruntime"
        command = INSTALL_ONNXRUNTIME if onnx else INSTALL_CHECKPOINTS
        reason = f"The export needs a library that is not installed ({error.name})."
        send({"error": reason, "remedy": f"Run: {command}."})
    except MemoryError:
        reason = "The memory ran out during the export."
        send({"error": reason, "remedy": _MORE_MEMORY})
    except Exception as error:  # noqa: BLE001 - whatever a library raises becomes a sentence
        send(_explain(error, Path(job["target"])))
    return 1


#: Less than this is free on a disk that a write has just filled.
_LITTLE_DISK_BYTES = 2**20
_MORE_MEMORY = "Free memory, or prepare the model on a larger machine and copy the cache directory."


def _explain(error: BaseException, target: Path) -> dict[str, str]:
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    # OpenVINO speaks of an "iostream error" only.
    if full or shutil.disk_usage(target).free < _LITTLE_DISK_BYTES:
        return {
            "error": "The disk is full: the prepared model could not be written.",
            "remedy": "Free some space, or set c.SafeCoder.cache_dir to a larger disk.",
        }
    reason = str(error).strip().partition("\n")[0][:200]
    return {
        "error": f"The checkpoint could not be exported ({type(error).__name__}: {reason}).",
        "remedy": "Check the checkpoint with 'jupyter safecoder model verify'.",
    }


if __name__ == "__main__":
    sys.exit(main())
