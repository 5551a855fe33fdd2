"""Suggestions that are in an index are marked or blocked by license, and none is shown before."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.attribution.build import build_index
from jupyter_safecoder.attribution.store import index_path
from jupyter_safecoder.protocol import (
    CompletionOptions,
    CompletionRequest,
    Done,
    LicenseRules,
    Text,
)
from jupyter_safecoder.runtime.runtime import Runtime
from tests.support.in_process_runtime import loaded_runtime
from tests.support.source_trees import source, write_tree

CODE = source("a.py").split("\n\n\n")[0].split(":\n", 1)[1]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("corpus")
    write_tree(root / "package", "a.py")
    (root / "package" / "LICENSE").write_text("GNU GENERAL PUBLIC LICENSE\nVersion 3")
    build_index([root / "package"], root / "x.attribution")
    return root / "x.attribution"


def complete(
    directory: Path, text: str, options: dict[str, Any] | None = None, **settings: Any
) -> list[Any]:
    async def run() -> list[Any]:
        script = {"otherwise": text}
        async with loaded_runtime(directory, script, **settings) as runtime:
            assert runtime.completions is not None, runtime.status().reason
            request = CompletionRequest(
                "def f():\n",
                "",
                options=CompletionOptions(rules=False, max_tokens=1000, **(options or {})),
            )
            return [event async for event in runtime.completions.events(request, "")]

    return asyncio.run(run())


def test_a_copy_is_marked(tmp_path: Path, index: Path) -> None:
    *texts, done = complete(tmp_path, CODE, attribution_indexes=(str(index),))
    assert isinstance(done, Done)
    assert (done.text, done.finish_reason) == (CODE, "end")
    assert done.attribution is not None
    first = done.attribution[0]
    assert (first.source, first.path, first.license) == ("package", "a.py", "GPL-3.0")
    assert first.start < 10 < len(CODE) - 10 < first.end
    assert any(isinstance(text, Text) and text.text for text in texts)


@pytest.mark.parametrize(
    ("settings", "rules"),
    [
        ({"attribution": "block"}, None),
        ({"block_licenses": ("GPL-*",)}, None),
        ({"block_licenses": ("GPL-*",)}, LicenseRules("allow")),
        ({"attribution": "allow"}, LicenseRules("block", allow=("MIT",))),
    ],
)
def test_a_blocked_copy_is_never_shown(
    tmp_path: Path, index: Path, settings: dict[str, Any], rules: LicenseRules | None
) -> None:
    options = {"licenses": rules, "raw": True}
    *texts, done = complete(tmp_path, CODE, options, attribution_indexes=(str(index),), **settings)
    assert (done.text, done.finish_reason) == ("", "attribution")
    assert done.raw_text is None
    assert done.attribution is None
    assert {text.text for text in texts if isinstance(text, Text)} <= {""}


def test_what_is_not_blocked_is_shown_when_it_was_checked(tmp_path: Path, index: Path) -> None:
    text = source("own").split(":\n", 1)[1][:200]
    *texts, done = complete(tmp_path, text, attribution_indexes=(str(index),), attribution="block")
    assert done.text == text
    assert {one.text for one in texts if isinstance(one, Text)} <= {""}


@pytest.mark.parametrize("settings", [{"attribution": "allow"}, {"allow_licenses": ("GPL-3.0",)}])
def test_an_allowed_copy_is_shown(tmp_path: Path, index: Path, settings: dict[str, Any]) -> None:
    *_, done = complete(tmp_path, CODE, attribution_indexes=(str(index),), **settings)
    assert (done.text, done.attribution) == (CODE, None)


def test_the_indexes_of_the_cache_directory_are_used(tmp_path: Path, index: Path) -> None:
    path = index_path(tmp_path / "cache", "ours")
    path.parent.mkdir(parents=True)
    path.write_bytes(index.read_bytes())
    assert complete(tmp_path, CODE)[-1].attribution is not None


def test_a_short_text_is_not_compared(tmp_path: Path, index: Path) -> None:
    *_, done = complete(tmp_path, "x = 1", attribution_indexes=(str(index),))
    assert (done.text, done.attribution) == ("x = 1", None)


def _status(directory: Path, **settings: Any) -> Any:
    async def run() -> Any:
        async with loaded_runtime(directory, {"otherwise": "x"}, **settings) as runtime:
            return runtime.status()

    return asyncio.run(run())


def test_a_damaged_index(tmp_path: Path, index: Path) -> None:
    damaged = tmp_path / "damaged.attribution"
    damaged.write_bytes(index.read_bytes()[:-1])
    marking = _status(tmp_path, attribution_indexes=(str(damaged),))
    assert marking.state == "ready"
    assert "Suggestions are not compared with it." in marking.reason
    blocking = _status(tmp_path, attribution_indexes=(str(damaged),), attribution="block")
    assert blocking.state == "failed"
    assert "damaged" in blocking.reason


def test_without_an_index_nothing_is_loaded(tmp_path: Path) -> None:
    async def run() -> Runtime:
        async with loaded_runtime(tmp_path, {"otherwise": "x"}, attribution="block") as runtime:
            return runtime

    assert not asyncio.run(run())._checks.may_block(LicenseRules("block"))
