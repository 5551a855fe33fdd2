"""Files that users and other programs write: the right content or a sentence."""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_safecoder.attribution.build import build_index
from jupyter_safecoder.attribution.index import AttributionIndex
from jupyter_safecoder.attribution.index_file import open_index, write_index
from jupyter_safecoder.clients.connection import Connection, find_connections, read_connection
from jupyter_safecoder.clients.service_address import ServiceAddress
from jupyter_safecoder.errors import (
    InvalidPattern,
    ModelError,
    NotebookError,
    PolicyError,
    UnusableAddress,
    UnusableIndex,
)
from jupyter_safecoder.hub.access.policy import Policy
from jupyter_safecoder.hub.access.policy_parser import parse_policy
from jupyter_safecoder.ignore_files import IgnorePatterns
from jupyter_safecoder.models.gguf.header import read_header
from jupyter_safecoder.models.safetensors import read_shapes
from jupyter_safecoder.notebooks import read_cells, read_cells_with_outputs, request_at
from jupyter_safecoder.protocol import CompletionOptions
from tests.support.fuzzing import (
    bodies,
    changed,
    fuzz,
    json_values,
    result_or_sentence,
    spoilt,
    texts,
)
from tests.support.source_trees import source, write_tree


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a path that each case writes."""
    return tmp_path_factory.mktemp("fuzz") / "file"


_lines = st.sampled_from(
    [
        *(
            "[groups.a]",
            "[groups]",
            "[audit]",
            "[groups.'b c']",
            "[[groups]]",
            "a = 1",
            "groups = 1",
        ),
        *(
            "features = ['complete']",
            "features = 5",
            "weight = inf",
            "weight = 1e400",
            "weight = 2",
        ),
        *("context = []", "exclude_text = ['x']", "max_running = -1", "requests_per_minute = 1.5"),
        *("identity = 'pseudonym'", "tokens_per_day = 1979-05-27", "running = 2", "[groups.a.b]"),
        *("retention_days = 99999999999999999999999", "model = '\\u0000'", "a = " + "[" * 2000),
        *("exclude_paths = [['x']]", "adapter = {}", "weight = nan", "max_waiting = true"),
    ]
)


@fuzz
@given(text=st.lists(_lines | texts, max_size=8).map("\n".join))
def test_a_policy(text: str) -> None:
    policy = result_or_sentence(lambda: parse_policy(text), PolicyError)
    if policy is None:
        return
    assert isinstance(policy, Policy)
    assert policy.groups
    policy.grant_for(["a", "b c"])


_patterns = st.text(st.sampled_from("abAB*?[]!^-\\/#. :\r\0é\ud800" + "[:alpha:]"), max_size=30)


@fuzz
@given(
    text=st.lists(_patterns | texts, max_size=6).map("\n".join),
    path=st.text(st.sampled_from("abAB/.-é"), max_size=30),
    is_directory=st.booleans(),
)
def test_an_ignore_file(text: str, path: str, is_directory: bool) -> None:
    try:
        patterns = IgnorePatterns(text)
    except InvalidPattern as error:
        line = error.line
    else:
        assert patterns.match(path, is_directory=is_directory) in (True, False)
        return
    assert 0 < line <= text.count("\n") + 1


_outputs: list[dict[str, Any]] = [
    {"output_type": "stream", "name": "stdout", "text": ["a\n"]},
    {"output_type": "error", "ename": "E", "evalue": "", "traceback": ["t"]},
    {
        "output_type": "display_data",
        "data": {"text/plain": "p", "text/html": ["h"]},
        "metadata": {},
    },
]
_cells = changed(
    {
        "cell_type": "code",
        "source": ["a = 1\n", "b"],
        "metadata": {"tags": ["x"]},
        "outputs": _outputs,
        "execution_count": 1,
        "id": "a",
    }
)
_notebooks = st.builds(
    lambda whole, cells: {**whole, "cells": cells},
    changed(
        {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {"language_info": {"name": "python"}, "kernelspec": {"language": "r"}},
            "worksheets": [],
        }
    ),
    st.lists(_cells, max_size=3) | json_values,
)


@fuzz
@given(
    content=(encoded := (_notebooks | json_values).map(lambda value: json.dumps(value).encode()))
    | spoilt(encoded)
    | st.binary(max_size=100)
)
def test_a_notebook(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    read = result_or_sentence(lambda: read_cells(file), NotebookError)
    if read is not None:
        cells, language = read
        request = result_or_sentence(
            lambda: request_at(cells, language, 0, 0, 0, CompletionOptions()), NotebookError
        )
        assert request is None or request.to_json()
    result_or_sentence(lambda: read_cells_with_outputs(file), NotebookError)


def _gguf_string(text: str) -> bytes:
    content = text.encode("utf-8", "replace")
    return struct.pack("<Q", len(content)) + content


_field_values = st.one_of(
    st.builds(lambda n: struct.pack("<IB", 0, n), st.integers(0, 255)),
    st.builds(lambda n: struct.pack("<II", 4, n), st.integers(0, 2**32 - 1)),
    st.builds(lambda text: struct.pack("<I", 8) + _gguf_string(text), texts),
    st.builds(
        lambda kind, count, rest: struct.pack("<IIQ", 9, kind, count) + rest,
        st.integers(0, 14),
        st.integers(0, 4) | st.sampled_from([2**32, 2**63, 2**64 - 1]),
        st.binary(max_size=40),
    ),
    st.builds(lambda kind: struct.pack("<I", kind), st.integers(0, 2**32 - 1)),
)
_fields = st.tuples(texts | st.just("general.alignment"), _field_values).map(
    lambda field: _gguf_string(field[0]) + field[1]
)
_tensors = st.builds(
    lambda name, sizes, kind, offset: (
        _gguf_string(name)
        + struct.pack("<I", len(sizes))
        + b"".join(struct.pack("<Q", size) for size in sizes)
        + struct.pack("<IQ", kind, offset)
    ),
    texts,
    st.lists(st.sampled_from([0, 1, 32, 256, 2**40, 2**64 - 1]), max_size=5),
    st.integers(0, 45) | st.just(2**32 - 1),
    st.sampled_from([0, 32, 2**40, 2**64 - 1]),
)
_ggufs = st.builds(
    lambda version, fields, tensors, counts, data: (
        b"GGUF"
        + struct.pack("<IQQ", version, counts[0] or len(tensors), counts[1] or len(fields))
        + b"".join([*fields, *tensors])
        + data
    ),
    st.sampled_from([2, 3, 1, 4, 2**32 - 1]),
    st.lists(_fields, max_size=4),
    st.lists(_tensors, max_size=3),
    st.tuples(*[st.sampled_from([0, 0, 0, 1, 65536, 2**64 - 1])] * 2),
    st.binary(max_size=300),
)


@fuzz
@given(content=_ggufs | spoilt(_ggufs) | st.binary(max_size=100))
def test_the_header_of_a_gguf(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    try:
        _, tensors = read_header(file)
    except (OSError, ValueError):
        return
    assert all(
        0 <= tensor.offset <= tensor.offset + tensor.size <= len(content) for tensor in tensors
    )


_safetensors = st.builds(
    lambda header, length, data: (
        struct.pack("<Q", len(text := json.dumps(header).encode()) if length is None else length)
        + text
        + data
        if length is None
        else struct.pack("<Q", length) + json.dumps(header).encode() + data
    ),
    st.dictionaries(
        texts,
        changed({"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}) | json_values,
        max_size=3,
    )
    | json_values,
    st.none() | st.sampled_from([0, 1, 8, 2**31, 2**63, 2**64 - 1]),
    st.binary(max_size=16),
)


@fuzz
@given(content=_safetensors | spoilt(_safetensors) | st.binary(max_size=60))
def test_the_header_of_safetensors(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    shapes = result_or_sentence(lambda: read_shapes(file), ModelError) or {}
    assert all(isinstance(size, int) for shape in shapes.values() for size in shape)


@fuzz
@given(
    content=bodies(
        {
            **{"token": "t", "pid": os.getpid(), "socket": "/s", "port": None, "parent": 1},
            **{"host": "h", "boot": "b", "started": 5},
        }
    ),
    private=st.booleans(),
)
def test_a_connection_file(file: Path, content: bytes, private: bool) -> None:
    path = file.with_name("safecoder-1.json")
    path.write_bytes(content)
    path.chmod(0o600 if private else 0o644)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_RUNTIME_DIR", str(file.parent))
        connection = read_connection(path)
        for _, found in find_connections():
            assert found == connection
    if connection is not None:
        assert private
        assert Connection.from_json(connection.to_json()) == connection
        assert isinstance(connection.is_running, bool)
        assert connection.base_url.startswith("http://")


@fuzz
@given(
    url=st.tuples(
        st.sampled_from(["", "http://", "https://", "http+unix://", "http+unix://%2F", "//"]), texts
    ).map("".join)
)
def test_the_address_of_a_service(url: str) -> None:
    address = ServiceAddress.of_url(url)
    assert isinstance(address.warning, str)
    result_or_sentence(address.check_url, UnusableAddress)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("index")
    build_index([write_tree(root / "corpus", "a.py")], root / "a.attribution")
    return root / "a.attribution"


def _search(path: Path) -> None:
    """Search an index, whose hash is not compared: what its arrays have is not believed either."""
    found = result_or_sentence(lambda: AttributionIndex(path, check=False), UnusableIndex)
    if found is not None:
        matches = result_or_sentence(lambda: found.find(source("a.py", 2), "python"), UnusableIndex)
        assert all(0 <= match.start < match.end for match in matches or ())


@fuzz
@given(data=st.data())
def test_an_index_of_code(file: Path, index: Path, data: st.DataObject) -> None:
    whole = index.read_bytes()
    file.write_bytes(data.draw(spoilt(st.just(whole)) | st.binary(max_size=200)))
    _search(file)


@fuzz
@given(data=st.data())
def test_an_index_whose_arrays_are_spoilt(file: Path, index: Path, data: st.DataObject) -> None:
    opened = open_index(index)
    arrays = dict(opened.arrays)
    name = data.draw(st.sampled_from(sorted(arrays)))
    kind = arrays[name].dtype
    content = data.draw(spoilt(st.just(arrays[name].tobytes())))
    arrays[name] = np.frombuffer(content, kind, len(content) // kind.itemsize)
    facts = data.draw(st.just(opened.facts) | changed(opened.facts))
    write_index(file, facts, arrays)
    _search(file)
