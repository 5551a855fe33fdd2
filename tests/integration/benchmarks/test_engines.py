"""``python -m benchmarks engines``: rows that were measured, and rows that could not be."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks.__main__ import main
from benchmarks.engines.baselines import make_gguf
from benchmarks.engines.engine_worker import WorkerError, start_worker
from benchmarks.engines.random_model import count_weights, random_model
from benchmarks.engines.typed_prompts import typed_prompts
from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.models import EMBEDDED, resolve_model
from jupyter_safecoder.models.random_weights import SHAPES, write_random_checkpoint
from jupyter_safecoder.models.safetensors import read_shapes

METRICS = {
    *("cold_ttft_ms", "keystroke_ttft_ms", "tpot_ms"),
    *("load_s", "rss_mb", "weights_mb", "limit_ratio"),
}
KEYS = {"model", "engine", "precision"} | METRICS


def bench(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    assert main(["engines", *map(str, arguments), "--json"]) == 0
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert set(report) == {"read_bandwidth_gb_s", "rows"}
    return report


def test_our_engine_a_baseline_that_is_not_installed_and_an_unknown_engine(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--engines", "openvino,llama.cpp,nothing", "--context", 40, "--peers", tmp_path)
    report = bench(capsys, EMBEDDED, *options)
    ours, baseline, unknown = report["rows"]
    assert [row["engine"] for row in report["rows"]] == ["openvino", "llama.cpp", "nothing"]

    assert set(ours) == KEYS
    assert all(ours[metric] > 0 for metric in METRICS)
    assert ours["weights_mb"] == pytest.approx(144.8, abs=0.1)
    assert ours["rss_mb"] > ours["weights_mb"]
    limit_ms = ours["weights_mb"] / report["read_bandwidth_gb_s"]
    assert ours["limit_ratio"] == pytest.approx(ours["tpot_ms"] / limit_ms, rel=0.02)

    for row in (baseline, unknown):
        assert set(row) == KEYS | {"error"}
        assert all(row[metric] is None for metric in METRICS)
    assert "make peers" in baseline["error"]
    assert "no engine named 'nothing'" in unknown["error"]


def test_a_checkpoint_on_the_transformers_engine(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = {"model_type": "gpt_bigcode", "n_layer": 1, "n_embd": 32, "n_head": 2, "n_inner": 64}
    sizes = {"n_positions": 1024, "vocab_size": 49152}
    tokenizer = resolve_model(EMBEDDED).tokenizer
    path = write_random_checkpoint(tmp_path / "tiny", config | sizes, tokenizer)
    options = ("--engines", "transformers,vllm", "--context", 40, "--peers", tmp_path)
    report = bench(capsys, path, *options)
    ours, baseline = report["rows"]
    assert ours["precision"] == "fp32"
    assert ours["tpot_ms"] > 0
    # In fp32 like the file, which has a header as well.
    size = (path / "model.safetensors").stat().st_size
    assert ours["weights_mb"] == pytest.approx(size / 1e6, abs=0.1)
    assert "make peers" in baseline["error"]


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


def test_prompts_of_a_user_who_types() -> None:
    prompts = typed_prompts(resolve_model(EMBEDDED), 1000, cold=3, keystrokes=6)
    assert len({prompt[0] for prompt in prompts.cold}) == 3
    assert len({tuple(prompt[1:]) for prompt in prompts.cold}) == 1
    opened = prompts.cold[-1]
    assert 1000 <= len(opened) < 2000
    for prompt in prompts.keystrokes:
        # A keystroke changes only the end of a prompt: the tokens before it stay cached.
        assert prompt[: len(opened) - 2] == opened[:-2]
        assert prompt != opened
        assert len(prompt) <= len(opened) + 6


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ({"otherwise": "abc", "die_after": 1}, "status 86"),
        ({"otherwise": "abc", "fail_after": 1}, "The script makes the engine fail."),
        ({"load_ms": 60_000}, "killed after"),
    ],
)
def test_an_engine_that_fails(tmp_path: Path, script: dict[str, Any], error: str) -> None:
    answers = [{"after": "", "text": script.get("otherwise", ""), **script}]
    model = write_scripted_model(tmp_path / "model", {**script, "answers": answers})
    job = {"model": str(model), "engine": "scripted", "options": {}}
    timeout_s = 3.0 if "load_ms" in script else 60.0
    with (
        pytest.raises(WorkerError, match=error),
        start_worker(
            "own_engine", job, tmp_path / "log", Path(sys.executable), timeout_s
        ) as worker,
    ):
        worker.generate([1, 2, 3], 3)


def test_what_a_worker_reports(tmp_path: Path) -> None:
    script = {"otherwise": "abcdef", "first_token_ms": 30, "token_ms": 5}
    model = write_scripted_model(tmp_path / "model", script)
    job = {"model": str(model), "engine": "scripted", "options": {}}
    with start_worker("own_engine", job, tmp_path / "log") as worker:
        generated = worker.generate([1, 2, 3], 4)
        assert bytes(generated.ids) == b"abcd"
        assert generated.times_ms[0] >= 30
        assert generated.times_ms[-1] >= 45
        assert generated.times_ms == sorted(generated.times_ms)
        assert generated.rss_mb > 5
        assert worker.load_s > 0


def test_random_weights_need_disk_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = SimpleNamespace(total=10**9, used=10**9, free=0)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: full)
    with pytest.raises(ModelError) as raised:
        random_model("starcoderbase-1b", tmp_path)
    assert "13.6 GB" in raised.value.reason
    assert "0.0 GB are free" in raised.value.reason
    assert list(tmp_path.iterdir()) == [tmp_path / "tmp"]


def test_the_shapes_have_the_sizes_of_their_names() -> None:
    assert count_weights(SHAPES["starcoderbase-1b"]) == pytest.approx(1.137e9, rel=0.01)
    assert count_weights(SHAPES["tiny-starcoder"]) == pytest.approx(164e6, rel=0.01)


def test_a_baseline_gets_a_gguf_file_of_the_checkpoint(tmp_path: Path) -> None:
    gguf = pytest.importorskip("gguf")
    config = {"model_type": "gpt_bigcode", "n_layer": 1, "n_embd": 32, "n_head": 2, "n_inner": 64}
    sizes = {"n_positions": 64, "vocab_size": 49152}
    tokenizer = resolve_model(EMBEDDED).tokenizer
    checkpoint = write_random_checkpoint(tmp_path / "tiny", config | sizes, tokenizer)
    make_gguf(checkpoint, tmp_path / "tiny.gguf")
    tensors = {*read_shapes(checkpoint / "model.safetensors")}
    assert len(gguf.GGUFReader(tmp_path / "tiny.gguf").tensors) == len(tensors)
    (checkpoint / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(WorkerError, match="no GGUF can be made of the architecture bert"):
        make_gguf(checkpoint, tmp_path / "bert.gguf")
    assert not (tmp_path / "bert.gguf").exists()
