"""Exports a checkpoint or a GGUF, in a process of its own whose memory is freed when it is done.

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
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jupyter_safecoder.child_process import message_sender, read_job, stop_with_parent
from jupyter_safecoder.engines.hardware.torch_threads import limit_torch_threads
from jupyter_safecoder.errors import first_line
from jupyter_safecoder.extras import INSTALL_CHECKPOINTS, INSTALL_ONNXRUNTIME
from jupyter_safecoder.files import create_private_files
from jupyter_safecoder.models.gguf.checkpoint import write_checkpoint

#: Share of the progress that dequantizing a GGUF takes.
_DEQUANTIZED = 0.3

StatusCallback = Callable[[float, str], None]

#: Quantization of weights by NNCF. int8: a scale and a zero point for each output channel, for
#: embeddings too. int4: groups of 64 along the input, embeddings and the last layer in int8.
_INT8: dict[str, Any] = {"bits": 8, "sym": False}
_INT4: dict[str, Any] = {"bits": 4, "sym": False, "group_size": 64, "ratio": 1.0}


def export(source: Path, target: Path, engine: str, precision: str, report: StatusCallback) -> None:
    """Write a model in the form that an engine needs.

    Parameters
    ----------
    source
        Directory of a checkpoint, or a GGUF or the first of its parts. Of a GGUF, a checkpoint is
        written first, which is deleted afterwards.
    target
        Existing directory for the files.
    engine
        ``openvino`` or ``onnxruntime``.
    precision
        ``fp32``, ``fp16``, ``int8`` or ``int4`` (OpenVINO); ``fp32`` or ``int8`` (ONNX Runtime).
    report
        Called with the share that is done, 0 to 1, and what is being done.
    """
    limit_torch_threads()
    export_for = _export_openvino if engine == "openvino" else _export_onnx
    if source.is_dir():
        export_for(source, target, precision, report)
        return

    def dequantizing(share: float) -> None:
        report(_DEQUANTIZED * share, "Dequantizing the GGUF file")

    def exporting(share: float, text: str) -> None:
        report(_DEQUANTIZED + (1 - _DEQUANTIZED) * share, text)

    # In the target, whose disk was found large enough.
    with tempfile.TemporaryDirectory(dir=target) as directory:
        write_checkpoint(source, Path(directory), dequantizing)
        export_for(Path(directory), target, precision, exporting)


def _export_openvino(source: Path, target: Path, precision: str, report: StatusCallback) -> None:
    report(0.0, "Reading the checkpoint")
    from optimum.intel import OVModelForCausalLM, OVWeightQuantizationConfig

    settings = {"int8": _INT8, "int4": _INT4}.get(precision, {})
    quantization = OVWeightQuantizationConfig(**settings) if settings else None
    report(0.1, f"Exporting to OpenVINO in {precision}")
    if settings:
        _report_compression(lambda share: report(0.3 + 0.5 * share, f"Quantizing to {precision}"))
    model = OVModelForCausalLM.from_pretrained(
        source,
        export=True,
        compile=False,
        local_files_only=True,
        trust_remote_code=False,
        load_in_8bit=None if settings else False,
        quantization_config=quantization,
    )
    report(0.8, "Writing the converted model")
    if precision == "fp16":
        import openvino

        openvino.save_model(model.model, target / "openvino_model.xml", compress_to_fp16=True)
        model.config.save_pretrained(target)
    else:
        model.save_pretrained(target)
    report(1.0, "Written")


def _report_compression(report: Callable[[float], None]) -> None:
    """Report NNCF's progress, 0 to 1, which it shows only on terminals."""
    from nncf.common.logging.track_progress import WeightedProgress

    original = WeightedProgress.update

    def update(self: Any, task_id: Any, **changes: Any) -> None:
        original(self, task_id, **changes)
        # Of its several bars, the one with weights is that of the compression.
        task = self._tasks[task_id]
        if task.total:
            report(min(1.0, task.completed / task.total))

    WeightedProgress.update = update


def _export_onnx(source: Path, target: Path, precision: str, report: StatusCallback) -> None:
    report(0.0, "Reading the checkpoint")
    from optimum.exporters.onnx import main_export

    _register_starcoder2()
    report(0.1, f"Exporting to ONNX in {precision}")
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
        report(0.6, "Quantizing the weights")
        _quantize_onnx(target)
    report(1.0, "Written")


def _register_starcoder2() -> None:
    """Register StarCoder2, whose KV inputs and outputs are like Mistral's, in Optimum ONNX."""
    from optimum.exporters.onnx.model_configs import MistralOnnxConfig
    from optimum.exporters.tasks import TasksManager

    register = TasksManager.create_register("onnx")
    register("starcoder2", "text-generation", "text-generation-with-past")(MistralOnnxConfig)


def _quantize_onnx(target: Path) -> None:
    # Unsigned, because products of unsigned and signed bytes overflow on CPUs without VNNI.
    from onnxruntime.quantization import QuantType, quantize_dynamic

    original = target / "model.onnx"
    quantized = target / "model_int8.onnx"
    quantize_dynamic(
        original,
        quantized,
        weight_type=QuantType.QUInt8,
        per_channel=True,
        use_external_data_format=True,
    )
    for path in target.glob("model.onnx*"):
        path.unlink()
    quantized.rename(original)


def main() -> int:
    """Run the export that standard input describes; return the exit status."""
    from jupyter_safecoder.confinement import deny_network, guard_connections, keep_memory_private
    from jupyter_safecoder.slow_imports import skip_scikit_learn
    from jupyter_safecoder.telemetry import silence_telemetry

    keep_memory_private()
    guard_connections()
    deny_network()
    silence_telemetry()
    skip_scikit_learn()
    warnings.simplefilter("ignore")  # warnings of the tracer, which do not help users
    logging.disable(logging.WARNING)
    job = read_job()
    create_private_files()
    stop_with_parent()  # the next conversion deletes the incomplete files
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
        on_onnxruntime = job["engine"] == "onnxruntime"
        command = INSTALL_ONNXRUNTIME if on_onnxruntime else INSTALL_CHECKPOINTS
        reason = f"The export needs a library that is not installed ({error.name})."
        send({"error": reason, "remedy": f"Run: {command}."})
    except MemoryError:
        send({"error": "The export ran out of memory.", "remedy": _MORE_MEMORY})
    except Exception as error:  # noqa: BLE001 - libraries raise exceptions of many kinds
        send(_explain(error, Path(job["target"])))
    return 1


#: Free space below which a disk counts as full.
_FULL_DISK_BYTES = 2**20
_MORE_MEMORY = "Free memory, or convert the model on a larger machine and copy the cache directory."


def _explain(error: BaseException, target: Path) -> dict[str, str]:
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    # OpenVINO reports an "iostream error" and no errno.
    if full or shutil.disk_usage(target).free < _FULL_DISK_BYTES:
        return {
            "error": "The disk is full: the converted model could not be written.",
            "remedy": "Free some space, or set c.SafeCoder.cache_dir to a larger disk.",
        }
    reason = f"{type(error).__name__}: {first_line(error)}"
    return {
        "error": f"The checkpoint could not be exported ({reason}).",
        "remedy": "Check the checkpoint with 'jupyter safecoder model verify'.",
    }


if __name__ == "__main__":
    sys.exit(main())
