"""``python -m benchmarks engines``: rows that were measured, and rows that could not be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.__main__ import main
from benchmarks.engines import bandwidth
from jupyter_safecoder.models import EMBEDDED, resolve_model
from jupyter_safecoder.models.random_weights import write_random_checkpoint
from tests.support.benchmarks import report_of
from tests.support.tiny_gguf import write_tiny_gguf

METRICS = {
    *("cold_ttft_ms", "keystroke_ttft_ms", "tpot_ms"),
    *("load_s", "rss_mb", "weights_mb", "limit_ratio"),
}
KEYS = {"model", "engine", "precision"} | METRICS


@pytest.fixture(autouse=True)
def small_buffer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bandwidth, "_BUFFER_BYTES", 2**26)


def _check_metrics(row: dict[str, Any], read_bandwidth_gb_s: float) -> None:
    """Check the metrics of an engine that ran."""
    assert set(row) == KEYS
    assert all(row[metric] > 0 for metric in METRICS)
    limit_ms = row["weights_mb"] / read_bandwidth_gb_s
    assert row["limit_ratio"] == pytest.approx(row["tpot_ms"] / limit_ms, rel=0.02)


def test_a_gguf_on_openvino(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights = write_tiny_gguf(tmp_path).weights
    options = ("--engines", "openvino,llama.cpp", "--context", 40, "--peers", tmp_path)
    report = report_of(capsys, "engines", weights.parent, *options)
    assert [row["engine"] for row in report["rows"]] == ["openvino", "llama.cpp"]
    ours, baseline = report["rows"]
    _check_metrics(ours, report["read_bandwidth_gb_s"])
    assert ours["weights_mb"] == pytest.approx(weights.stat().st_size / 1e6, abs=0.1)
    assert ours["rss_mb"] > ours["weights_mb"]
    assert "make peers" in baseline["error"]


def test_our_engine_a_baseline_that_is_not_installed_and_an_unknown_engine(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = {"model_type": "gpt_bigcode", "n_layer": 1, "n_embd": 32, "n_head": 2, "n_inner": 64}
    sizes = {"n_positions": 1024, "vocab_size": 49152}
    tokenizer = resolve_model(EMBEDDED).tokenizer
    path = write_random_checkpoint(tmp_path / "tiny", config | sizes, tokenizer)
    options = ("--engines", "transformers,vllm,nothing", "--context", 40, "--peers", tmp_path)
    report = report_of(capsys, "engines", path, *options)
    assert set(report) == {"read_bandwidth_gb_s", "rows"}
    ours, baseline, unknown = report["rows"]
    assert [row["engine"] for row in report["rows"]] == ["transformers", "vllm", "nothing"]

    _check_metrics(ours, report["read_bandwidth_gb_s"])
    assert ours["precision"] == "fp32"
    # In fp32 like the file, which has a header as well.
    size = (path / "model.safetensors").stat().st_size
    assert ours["weights_mb"] == pytest.approx(size / 1e6, abs=0.1)

    for row in (baseline, unknown):
        assert set(row) == KEYS | {"error"}
        assert all(row[metric] is None for metric in METRICS)
    assert "make peers" in baseline["error"]
    assert "no engine named 'nothing'" in unknown["error"]


def test_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["engines", EMBEDDED, "--engines", "vllm", "--peers", str(tmp_path)]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert "Read bandwidth" in printed
    assert "vllm" in printed


def test_a_model_that_does_not_exist(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["engines", "no-such-model", "--json"]) == 1
    captured = capsys.readouterr()
    assert "no-such-model" in captured.err
    assert captured.out == ""
