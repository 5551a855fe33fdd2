"""From packages to a model that is served, as the embedded one is made, with tiny packages."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from jupyter_safecoder.adapters.merge import merge_adapter
from jupyter_safecoder.adapters.registry import Registry
from jupyter_safecoder.cli.main import main
from jupyter_safecoder.engines import EngineOptions, make_engine
from jupyter_safecoder.finetune.corpus.corpus import build_corpus
from jupyter_safecoder.finetune.model_build.base_model import prepare_base
from jupyter_safecoder.finetune.model_build.export_model import describe_tuned, write_model
from jupyter_safecoder.finetune.model_build.fetch import fetch_packages
from jupyter_safecoder.finetune.model_build.manifest import Base, Manifest
from jupyter_safecoder.finetune.recipe import Recipe
from jupyter_safecoder.finetune.training.lora import add_adapter
from jupyter_safecoder.finetune.training.torch_model import load_torch_model
from jupyter_safecoder.models import resolve_model
from jupyter_safecoder.models.tokenizer import FileTokenizer
from jupyter_safecoder.telemetry import silence_telemetry
from tests.support.model_sources import (
    MODEL,
    RENAMED,
    write_base,
    write_manifest,
    write_sdist,
)
from tests.support.paths import ROOT
from tests.support.tiny_checkpoints import write_tiny_qwen

pytestmark = pytest.mark.timeout(300)
SHIPPED = ROOT / "weights" / "recipe"


@pytest.fixture
def base(packages: Path, tmp_path: Path) -> Base:
    (tmp_path / "scratch").mkdir()
    return write_base(packages, tmp_path / "scratch")


def test_tokens_are_renamed_at_their_ids(base: Base, tmp_path: Path) -> None:
    model = prepare_base(base, tmp_path / "cache")
    tokenizer, embedded = FileTokenizer(model.tokenizer), resolve_model("safecoder-smol-135m")
    own = FileTokenizer(embedded.tokenizer)
    for old, new in RENAMED.items():
        assert not tokenizer.has(old)
        assert tokenizer.token_id(new) == own.token_id(new)
    text = "for x in range(10):\n    naïve(<fim_middle>)"
    assert tokenizer.encode(text) == own.encode(text)
    assert model.default_layout == MODEL["default_layout"]


def test_held_out_packages_are_not_even_fetched(base: Base, packages: Path, tmp_path: Path) -> None:
    one = write_sdist(packages, "tinyone", tmp_path / "scratch")
    write_sdist(packages, "reserved", tmp_path / "scratch")
    manifest = Manifest(base, (one,), ("reserved",))
    directories = fetch_packages(manifest, tmp_path / "cache", 5)
    assert [path.name.partition("-")[0] for path in directories] == ["tinyone"]
    corpus = build_corpus(directories)
    assert not any("reserved" in document.path for document in corpus.documents)


@pytest.mark.slow
def test_the_file_says_what_the_merged_checkpoint_says(base: Base, tmp_path: Path) -> None:
    silence_telemetry()
    torch.set_num_threads(1)
    model = prepare_base(base, tmp_path / "cache")
    recipe = Recipe(rank=4, alpha=8, trained_tokens=["<fim_prefix>", "<|endoftext|>"])
    peft_model = add_adapter(load_torch_model(model), model, recipe)
    with torch.no_grad():
        for name, weight in peft_model.named_parameters():
            if weight.requires_grad:
                weight.add_(0.1 * torch.randn_like(weight))
                assert "lora" in name or "token_adapter" in name
    peft_model.save_pretrained(tmp_path / "adapter", save_embedding_layers=False)
    merge_adapter(model, tmp_path / "adapter", tmp_path / "merged")
    made = write_model(tmp_path / "merged", model.tokenizer, MODEL, tmp_path / "made")

    merged = load_torch_model(resolve_model(str(tmp_path / "merged")))
    file = load_torch_model(made)
    ids = [[11, 13, 8, 10, 500, 9, 600 + n, 700] for n in range(6)]
    with torch.no_grad():
        trained = peft_model(input_ids=torch.tensor(ids)).logits
        wanted = merged(input_ids=torch.tensor(ids)).logits
        found = file(input_ids=torch.tensor(ids)).logits
        untrained = load_torch_model(model)(input_ids=torch.tensor(ids)).logits
    assert float((wanted - trained).abs().max()) < 0.05 * float(trained.abs().max())
    # Eight bits for each weight: what is left of a difference is far less than what was trained.
    rounding, learned = (found - wanted).std(), (wanted - untrained).std()
    assert float(rounding) < 0.1 * float(learned)

    # OpenVINO reads the same file, and takes the token that the merged checkpoint takes wherever
    # the first and the second are further apart than rounding.
    engine = make_engine("openvino", made, EngineOptions())
    engine.load()
    two = wanted[:, -1].topk(2).values
    clear = (two[:, 0] - two[:, 1]) > 8 * float(rounding)
    assert int(clear.sum()) >= 2
    for number, prompt in enumerate(ids):
        engine.submit(number, prompt, [], 1)
    answers: dict[int, list[int]] = {}
    while engine.busy():
        for output in engine.step():
            answers.setdefault(output.request, []).extend(output.ids)
    for number in clear.nonzero().flatten().tolist():
        assert answers[number] == [int(wanted[number, -1].argmax())]


def test_a_file_of_another_family_has_its_tokens(tmp_path: Path) -> None:
    base = write_tiny_qwen(tmp_path / "qwen")
    assert base.family == "qwen2.5-coder"
    description = describe_tuned(base, "tuned", {"context": 0.7, "psm": 0.3})
    made = write_model(base.weights, base.tokenizer, description, tmp_path / "made")
    assert (made.family, made.layouts, made.default_layout) == (
        "qwen2.5-coder",
        ("psm", "context"),
        "context",
    )
    # The file alone, as another program reads it.
    (tmp_path / "alone").mkdir()
    alone = shutil.copy(made.weights, tmp_path / "alone")
    found = resolve_model(str(alone), cache=tmp_path / "cache")
    assert found.family == "qwen2.5-coder"
    ours, theirs = FileTokenizer(base.tokenizer), FileTokenizer(found.tokenizer)
    text = "x = 2024\n\tnaïve(<|fim_middle|>, 'don't')"
    assert ours.encode(text) == theirs.encode(text)
    assert ours.token_id("<|fim_middle|>") == theirs.token_id("<|fim_middle|>")


@pytest.mark.slow
def test_one_command_makes_a_model(
    base: Base,
    packages: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("JUPYTER_SAFECODER_CACHE", str(tmp_path / "cache"))
    sources = [
        write_sdist(packages, name, tmp_path / "scratch", 5) for name in ("tinyone", "tinytwo")
    ]
    write_manifest(tmp_path / "sources.toml", Manifest(base, tuple(sources), ("reserved",)))
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(
        (SHIPPED / "recipe.toml")
        .read_text("utf-8")
        .replace("rank = 32", "rank = 4\neval_samples = 12"),
        "utf-8",
    )
    order = ["finetune", "--recipe", str(recipe), "--name", "tiny", "--steps", "3"]
    assert main([*order, "--wait", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    directory = Path(report["model"])
    assert report["steps"] == 3
    made = resolve_model(str(directory))
    assert made.name == MODEL["name"]
    card = (directory / "CARD.md").read_text("utf-8")
    for part in ("tiny-base 1.0 (MIT)", "held out whole: reserved", "3 steps", "context 90%"):
        assert part in card
    assert str(tmp_path) not in card
    assert len(json.loads((directory / "curves.json").read_text())["train"]) == 3
    assert (directory / "curves.png").read_bytes().startswith(b"\x89PNG")

    # Continued from there: training starts from the model that was made, not from the base.
    recipe.write_text(f"start = {str(directory)!r}\n{recipe.read_text('utf-8')}", "utf-8")
    order[order.index("tiny")] = "next"
    assert main([*order, "--wait", "--json"]) == 0
    following = json.loads(capsys.readouterr().out)
    registry = Registry(tmp_path / "cache")
    assert registry.find("next").card.base_sha256 == registry.base_hash(made)
    first, then = (one["held_out"] for one in (report, following))
    assert then["base"]["loss"] == pytest.approx(first["tuned"]["loss"], rel=0.02)
    continued = resolve_model(following["model"])
    assert continued.name == made.name
    assert continued.weights != made.weights

    # Started from a model of another family, which describes what is made of it.
    qwen = write_tiny_qwen(tmp_path / "qwen")
    text = recipe.read_text("utf-8").replace(str(directory), str(qwen.weights))
    text = text.replace('"<fim_prefix>", "<fim_suffix>", "<fim_middle>", ', "")
    recipe.write_text(text, "utf-8")
    order[order.index("next")] = "qwen"
    assert main([*order, "--wait", "--json"]) == 0
    tuned = resolve_model(json.loads(capsys.readouterr().out)["model"])
    assert (tuned.name, tuned.family, tuned.default_layout) == ("qwen", "qwen2.5-coder", "context")


def test_sources_or_paths(team: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = str(SHIPPED / "recipe.toml")
    assert main(["finetune", str(team), "--recipe", recipe, "--name", "x"]) == 1
    assert "names its sources itself" in capsys.readouterr().err
    assert main(["finetune", "--name", "x"]) == 1
    assert "nothing to learn from" in capsys.readouterr().err
