"""Archives of packages cannot do any harm."""

from __future__ import annotations

import bz2
import gzip
import io
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path, PurePosixPath

import pytest

from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.files.archives import Member
from jupyter_safecoder.finetune.model_build.archives import choose, unpack
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


def test_devices_and_pipes_are_not_made(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        for number, kind in enumerate((tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE)):
            member = tarfile.TarInfo(f"{number}.py")
            member.type = kind
            archive.addfile(member)
    unpack(tmp_path / "x.tar", tmp_path / "out", 10)
    assert list((tmp_path / "out").iterdir()) == []


def test_links_of_a_zip_are_not_made(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link.py")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
        archive.writestr("ok.py", "x = 1")
    unpack(tmp_path / "x.zip", tmp_path / "out", 10)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["ok.py"]


def test_a_name_twice_the_second_time_without_bounds(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.py", "x = 1")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("x.py", bytes(2**21))
    unpack(path, tmp_path / "out", 10)
    assert (tmp_path / "out" / "x.py").read_text() == "x = 1"


def test_a_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jupyter_safecoder.files.archives._MAX_EXTRACTED_BYTES", 2**20)
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


def _header(name: bytes, size: int, kind: bytes = b"0") -> bytes:
    """Return the header of a tar archive, with a size that may be any."""
    size_field = b"%011o\0" % size if 0 <= size < 8**11 else b""
    if not size_field:  # base 256, where the first bit is set
        size_field = (size % 2**96 | 1 << 95).to_bytes(12, "big")
    header = bytearray(name.ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + size_field)
    header += b"00000000000\0" + b" " * 8 + kind + bytes(100) + b"ustar  \0"
    header += bytes(512 - len(header))
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


def _zeros(megabytes: int) -> bytes:
    """Return compressed zeros: parts of a gzip file follow each other."""
    return gzip.compress(bytes(2**24)) * (megabytes // 16)


_LARGE = 2**30
#: Headers whose content is a gigabyte of zeros.
_HEADERS = {
    "long name": _header(b"././@LongLink", _LARGE, b"L"),
    "long link": _header(b"././@LongLink", _LARGE, b"K"),
    "pax": _header(b"x", _LARGE, b"x"),
    "global pax": _header(b"x", _LARGE, b"g"),
    "solaris": _header(b"x", _LARGE, b"X"),
}
_SCRIPT = """
import resource, sys
from pathlib import Path
from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.finetune.model_build.archives import unpack
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 300 * 2**20,) * 2)
try:
    unpack(Path(sys.argv[1]), Path(sys.argv[2]), 10)
except FinetuneError as error:
    print(error.reason)
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="no /proc here")
@pytest.mark.parametrize("kind", _HEADERS)
def test_a_header_of_a_gigabyte_takes_little_memory(tmp_path: Path, kind: str) -> None:
    """A megabyte of gzip is enough for it; the process may take 300 MB."""
    path = tmp_path / "x.tar.gz"
    path.write_bytes(gzip.compress(_HEADERS[kind]) + _zeros(1024))
    assert path.stat().st_size < 2**21
    command = [sys.executable, "-c", _SCRIPT, str(path), str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.stdout.startswith("x.tar.gz is refused: it is larger"), done.stderr


def test_headers_that_are_many(tmp_path: Path) -> None:
    """Each of them is small enough; together they would take gigabytes."""
    part = gzip.compress((_header(b"x", 2**19, b"x") + bytes(2**19)) * 8)
    path = tmp_path / "x.tar.gz"
    path.write_bytes(part * 32)
    with pytest.raises(FinetuneError, match=r"x\.tar\.gz is (refused|damaged)"):
        unpack(path, tmp_path / "out", 10)


@pytest.mark.parametrize("kind", [b"0", b"5", b"9", b"S", b"7"])
@pytest.mark.parametrize("size", [2**40, 2**90, -512, -1, -(2**40)])
def test_sizes_that_no_archive_has(tmp_path: Path, size: int, kind: bytes) -> None:
    """Of a file, a directory, an unknown type, a sparse file and a contiguous one."""
    path = tmp_path / "x.tar"
    path.write_bytes(_header(b"a/x.py", size, kind) + bytes(10240))
    try:
        unpack(path, tmp_path / "out", 10)
    except FinetuneError as error:
        assert error.reason.startswith("x.tar is")  # noqa: PT017 - of directories it has no effect
    assert not list((tmp_path / "out").rglob("*.py"))


def test_a_sparse_file_is_left_out(tmp_path: Path) -> None:
    header = bytearray(_header(b"a/x.py", 512, b"S"))
    header[386:410] = b"00000000000\0" + b"00000001000\0"
    header[483:495] = b"00100000000\0"
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    (tmp_path / "x.tar").write_bytes(bytes(header) + b"#" * 512 + bytes(1024))
    unpack(tmp_path / "x.tar", tmp_path / "out", 10)
    assert not list((tmp_path / "out").rglob("*.py"))


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["a.py", "a.py/b.py"], "a file and a directory in it have one name"),
        (["a.py/b/c.py", "a.py"], "a file and a directory in it have one name"),
        (["x" * 300 + ".py"], "a name in it is too long"),
        (["\u4e2d" * 90 + ".py"], "a name in it is too long"),
        (["/".join(["x" * 100] * 60) + ".py"], "a name in it is too long"),
    ],
)
@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_names_that_no_disk_takes(tmp_path: Path, kind: str, names: list[str], reason: str) -> None:
    path = tmp_path / f"x.{kind}"
    if kind == "tar":
        write_tar(path, dict.fromkeys(names, b"x = 1"))
    else:
        with zipfile.ZipFile(path, "w") as archive:
            for name in names:
                archive.writestr(name, "x = 1")
    with pytest.raises(FinetuneError, match=rf"x\.{kind} is refused: {reason}"):
        unpack(path, tmp_path / "out", 10)
    assert not (tmp_path / "out").exists()


def test_every_damage_is_a_sentence(tmp_path: Path) -> None:
    """Each byte of a small archive is changed, and each length is tried."""
    source = write_tar(tmp_path / "x.tar.gz", {"a/x.py": b"x = 1", "a/y.ipynb": b"{}"})
    plain = gzip.decompress(source.read_bytes())[:2560]
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/x.py", "x = 1")
    contents = [plain, source.read_bytes(), bz2.compress(plain), (tmp_path / "x.zip").read_bytes()]
    damaged = tmp_path / "damaged"
    refused = 0
    for content in contents:
        for position in range(0, len(content), 1 + len(content) // 200):
            for value in (content[position] ^ 0xFF, content[position] ^ 1):
                changed = content[:position] + bytes([value]) + content[position + 1 :]
                for hostile in (changed, content[:position]):
                    damaged.write_bytes(hostile)
                    try:
                        unpack(damaged, tmp_path / "out", 10)
                    except FinetuneError as error:
                        assert error.reason.startswith("damaged is")  # noqa: PT017
                        refused += 1
                    shutil.rmtree(tmp_path / "out", ignore_errors=True)
    assert refused > 500
