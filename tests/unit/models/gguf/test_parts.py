"""The parts of a GGUF are found by their names, and belong together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.models.gguf.parts import (
    check_parts,
    find_parts,
    is_later_part,
    model_name,
)


@pytest.fixture
def parts(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"coder-q4-{n:05}-of-00003.gguf" for n in (1, 2, 3)]
    for path in paths:
        path.touch()
    return paths


def test_each_part_gives_all(parts: list[Path]) -> None:
    assert [find_parts(part) for part in parts] == [parts] * 3
    assert [is_later_part(part) for part in parts] == [False, True, True]
    assert {model_name(part) for part in parts} == {"coder-q4"}


def test_a_file_of_its_own(tmp_path: Path) -> None:
    for name in ("coder.gguf", "coder-1-of-2.gguf", "sha256-12"):
        assert find_parts(tmp_path / name) == [tmp_path / name]
        assert not is_later_part(tmp_path / name)
    assert model_name(tmp_path / "coder.gguf") == "coder"


def test_missing_parts_are_named(parts: list[Path]) -> None:
    parts[1].unlink()
    with pytest.raises(ModelError, match=r"lacks 1 of 3 parts of coder-q4: .*-00002-of-00003"):
        find_parts(parts[0])
    parts[0].unlink()
    with pytest.raises(ModelError, match=r"lacks 2 of 3 parts .*-00001-of-00003.gguf and others"):
        find_parts(parts[2])


@pytest.mark.parametrize("name", ["x-00004-of-00003.gguf", "x-00000-of-00000.gguf"])
def test_a_number_beyond_the_count(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelError, match="a number that none"):
        find_parts(tmp_path / name)


def _header(no: int, count: int = 2, tensors: int = 5) -> dict[str, Any]:
    return {"split.no": no, "split.count": count, "split.tensors.count": tensors}


def test_parts_that_belong_together() -> None:
    check_parts([Path("a"), Path("b")], [_header(0), _header(1)], 5)
    check_parts([Path("a")], [{}], 5)
    check_parts([Path("a")], [_header(0, 0)], 5)


@pytest.mark.parametrize(
    ("headers", "tensors"),
    [
        ([_header(0), _header(0)], 5),
        ([_header(1), _header(0)], 5),
        ([_header(0), _header(1, count=3)], 5),
        ([_header(0), _header(1)], 6),
        ([_header(0), {}], 5),
    ],
)
def test_parts_of_different_files(headers: list[dict[str, Any]], tensors: int) -> None:
    with pytest.raises(ModelError, match="not of one GGUF"):
        check_parts([Path("a"), Path("b")], headers, tensors)


def test_a_part_under_another_name() -> None:
    with pytest.raises(ModelError, match="one of 2 parts of a GGUF, but its name"):
        check_parts([Path("a")], [_header(0)], 5)
