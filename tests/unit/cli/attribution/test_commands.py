"""``attribution``: builds an index, finds files in it, and keeps the opt-out list."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.attribution.store import ADAPTER_INDEX, index_path
from jupyter_safecoder.cli.main import main
from tests.support.source_trees import source, write_tree

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return write_tree(tmp_path / "team", "a.py", "b.py")


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def run(capsys: Capture, cache: Path, *arguments: object) -> Any:
    """Run a command with ``--json``; returns what it prints."""
    words = ["attribution", *map(str, arguments), "--cache-dir", str(cache), "--json"]
    assert main(words) == 0, capsys.readouterr().err
    return json.loads(capsys.readouterr().out)


def test_build_find_and_list(corpus: Path, cache: Path, capsys: Capture) -> None:
    built = run(capsys, cache, "build", corpus)
    assert built["index"] == str(index_path(cache, "team"))
    assert (built["files"], built["sources"]) == (2, 1)
    found = run(capsys, cache, "find", corpus / "b.py")
    assert found["not_indexed"] == ["safecoder-smol-135m"]
    [one] = found["files"]
    assert (one["index"], one["kind"], one["share"]) == ("team", "corpus", 1.0)
    [match] = one["matches"]
    assert (match["source"], match["path"], match["kind"]) == ("team", "b.py", "verbatim")
    assert match["first_line"] == 1
    assert match["last_line"] == source("b.py").count("\n")
    [listed] = run(capsys, cache, "list")["indexes"]
    assert (listed["index"], listed["files"]) == ("team", 2)
    assert listed["index_bytes"] == index_path(cache, "team").stat().st_size


def test_the_file_of_an_index_can_be_named(
    corpus: Path, cache: Path, tmp_path: Path, capsys: Capture
) -> None:
    path = tmp_path / "x.attribution"
    run(capsys, cache, "build", corpus, "--output", path, "--name", "ours")
    found = run(capsys, cache, "find", corpus / "a.py", "--index", path)
    assert [match["source"] for match in found["files"][0]["matches"]] == ["ours"]
    assert found["not_indexed"] == []
    assert run(capsys, cache, "list")["indexes"] == []


def test_tables(corpus: Path, cache: Path, capsys: Capture) -> None:
    place = ["--cache-dir", str(cache)]
    assert main(["attribution", "build", str(corpus), *place]) == 0
    assert main(["attribution", "find", str(corpus / "a.py"), *place]) == 0
    assert main(["attribution", "list", *place]) == 0
    assert main(["attribution", "optout", "add", str(corpus / "a.py"), *place]) == 0
    printed = capsys.readouterr().out
    assert "a.py in corpus team: 100%" in printed
    assert "attribution build --model safecoder-smol-135m" in printed


def test_a_damaged_index_is_listed_with_its_problem(cache: Path, capsys: Capture) -> None:
    path = index_path(cache, "bad")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x")
    [listed] = run(capsys, cache, "list")["indexes"]
    assert "is no index of code" in listed["problem"]


def test_the_opt_out_list_says_which_adapters_used_a_file(
    corpus: Path, cache: Path, capsys: Capture
) -> None:
    used = cache / "adapters" / "ours" / ADAPTER_INDEX
    run(capsys, cache, "build", corpus / "a.py", "--output", used)
    [entry] = run(capsys, cache, "optout", "add", corpus / "a.py")["opted_out"]
    assert (entry["path"], entry["adapters"]) == (str(corpus / "a.py"), ["ours"])
    [other] = run(capsys, cache, "optout", "add", corpus / "b.py")["opted_out"]
    assert other["adapters"] == []
    listed = run(capsys, cache, "optout", "list")["opted_out"]
    assert [one["adapters"] for one in listed] == [["ours"], []]
    removed = run(capsys, cache, "optout", "remove", corpus / "a.py", corpus / "b.py")
    assert removed == {"removed": [str(corpus / "a.py"), str(corpus / "b.py")]}
    assert run(capsys, cache, "optout", "list") == {"opted_out": []}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["build"], "either a CORPUS or --model"),
        (["build", "x", "--model", "y"], "either a CORPUS or --model"),
        (["build", "/missing"], "is no folder"),
        (["find", "/missing.py"], "cannot be read"),
        (["find", "{corpus}/notes.txt"], "no file of code"),
        (["find", "{corpus}/a.py", "--index", "/missing"], "cannot be read"),
        (["build", "--model", "{corpus}"], ""),
    ],
)
def test_errors(
    corpus: Path, cache: Path, capsys: Capture, arguments: list[str], message: str
) -> None:
    (corpus / "notes.txt").write_text("x")
    words = [word.format(corpus=corpus) for word in arguments]
    assert main(["attribution", *words, "--cache-dir", str(cache)]) == 1
    assert message in capsys.readouterr().err
