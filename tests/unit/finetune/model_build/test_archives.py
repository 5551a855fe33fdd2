"""Archives of packages cannot do any harm."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path, PurePosixPath

import pytest

from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.finetune.model_build.archives import Member, choose, unpack
from tests.support.model_sources import write_sdist, write_tar


def test_notebooks_and_scripts_are_taken(packages: Path, tmp_path: Path) -> None:
    write_sdist(packages, "tinyone", tmp_path / "scratch")
    unpack(packages / "tinyone-1.0.tar.gz", tmp_path / "out", 10)
    root = tmp_path / "out" / "tinyone-1.0"
    assert len(list(root.glob("examples/*.ipynb"))) == 4
    assert [path.name for path in root.rglob("*.py")] == ["mean.py"]


def test_few_modules_and_no_tests() -> None:
    names = ["a/docs/x.py", "a/tests/y.ipynb", "a/test_z.py", "a/conf.py", "a/big.ipynb", "a/r.md"]
    names += [f"a/m{number}.py" for number in range(9)]
    sizes = {"a/big.ipynb": 10**9}
    members = [Member(PurePosixPath(name), sizes.get(name, 100)) for name in names]
    chosen = {str(one.path) for one in choose(members, 2)}
    assert len(chosen) == 3
    assert "a/docs/x.py" in chosen
    assert chosen == {str(one.path) for one in choose(members[::-1], 2)}


@pytest.mark.parametrize("name", ["../up.py", "/etc/x.py", "a/../../x.py", "a\\..\\x.py"])
def test_names_that_lead_out(tmp_path: Path, name: str) -> None:
    tar = write_tar(tmp_path / "x.tar.gz", {"ok.py": b"x = 1", name: b"x = 2"})
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(name, "x = 2")
    for path in (tar, tmp_path / "x.zip"):
        with pytest.raises(FinetuneError, match="leads out of its directory"):
            unpack(path, tmp_path / "out", 10)
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.rglob("*.py"))


def test_links_are_not_made(tmp_path: Path) -> None:
    (tmp_path / "secret.py").write_text("token = 1")
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        for kind, name in ((tarfile.SYMTYPE, "sym.py"), (tarfile.LNKTYPE, "hard.py")):
            link = tarfile.TarInfo(name)
            link.type, link.linkname = kind, str(tmp_path / "secret.py")
            archive.addfile(link)
        directory = tarfile.TarInfo("inner")
        directory.type, directory.linkname = tarfile.SYMTYPE, str(tmp_path)
        archive.addfile(directory)
        through = tarfile.TarInfo("inner/through.py")
        through.size = 5
        archive.addfile(through, io.BytesIO(b"x = 1"))
    unpack(tmp_path / "x.tar", tmp_path / "out", 10)
    assert [path.name for path in (tmp_path / "out").rglob("*.py")] == ["through.py"]
    assert not (tmp_path / "through.py").exists()
    assert not any(path.is_symlink() for path in (tmp_path / "out").rglob("*"))


def test_a_name_twice_the_second_time_without_bounds(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.py", "x = 1")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("x.py", bytes(2**21))
    unpack(path, tmp_path / "out", 10)
    assert (tmp_path / "out" / "x.py").read_text() == "x = 1"


def test_a_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "jupyter_safecoder.finetune.model_build.archives._MAX_EXTRACTED_BYTES", 2**20
    )
    path = write_tar(tmp_path / "x.tar.gz", {f"{n}.bin": bytes(2**18) for n in range(5)})
    with pytest.raises(FinetuneError, match="it is larger than any source distribution"):
        unpack(path, tmp_path / "out", 10)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04" * 100, b"\x1f\x8b" + bytes(100)])
def test_a_damaged_archive(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.source"
    path.write_bytes(content)
    with pytest.raises(FinetuneError, match="is damaged"):
        unpack(path, tmp_path / "out", 10)


def test_python_s_own_filter_is_applied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(member: tarfile.TarInfo, path: str) -> tarfile.TarInfo:
        raise tarfile.OutsideDestinationError(member, path)

    monkeypatch.setattr(tarfile, "data_filter", refuse)
    path = write_tar(tmp_path / "x.tar.gz", {"ok.py": b"x = 1"})
    with pytest.raises(FinetuneError, match="leads out of its directory"):
        unpack(path, tmp_path / "out", 10)
