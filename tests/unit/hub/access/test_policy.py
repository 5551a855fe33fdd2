"""Which group counts, and what of a request may go into a prompt."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jupyter_safecoder.hub.access.policy import Grant, Policy
from jupyter_safecoder.openai_protocol import OpenAIRequest
from jupyter_safecoder.protocol import (
    Cell,
    Column,
    CompletionOptions,
    CompletionRequest,
    Excerpt,
    KernelName,
)

REQUEST = CompletionRequest(
    "x",
    "y",
    before=(Cell("markdown", "# title"), Cell("code", "a = 1", "1"), Cell("raw", "raw")),
)


def test_the_first_group_of_the_policy_counts() -> None:
    policy = Policy({"vision": Grant(adapter="vision"), "everybody": Grant()})
    found = policy.grant_for({"everybody", "vision"})
    assert found is not None
    assert found[0] == "vision"
    assert found[1].adapter == "vision"
    assert policy.grant_for({"everybody"}) == ("everybody", Grant())
    assert policy.grant_for({"strangers"}) is None
    assert policy.grant_for(()) is None


@pytest.mark.parametrize(
    ("context", "kept"),
    [
        ((), []),
        (("cells",), [("code", "")]),
        (("cells", "outputs"), [("code", "1")]),
        (("cells", "markdown"), [("markdown", ""), ("code", ""), ("raw", "")]),
        (("markdown", "outputs"), []),
    ],
)
def test_what_must_not_go_into_a_prompt_is_taken_out(
    context: tuple[str, ...], kept: list[tuple[str, str]]
) -> None:
    filtered = Grant(context=frozenset(context)).filter_request(REQUEST)
    assert [(cell.type, cell.output) for cell in filtered.before] == kept
    assert (filtered.prefix, filtered.suffix) == ("x", "y")


CELL = Cell("code", "a")
SOURCES = CompletionRequest(
    "x",
    "y",
    before=(CELL,),
    below=(Cell("markdown", "# title"), Cell("code", "b = 1", "1")),
    kernel=(KernelName("df", "DataFrame", columns=(Column("age", "int"),)),),
    modules=(Excerpt("grid.py", "RATE: float\n"),),
    files=(Excerpt("../other.ipynb", "load()\n"),),
    path="work/a.ipynb",
)


@pytest.mark.parametrize("source", ["below", "kernel", "modules", "files"])
def test_a_source_is_sent_only_if_the_policy_names_it(source: str) -> None:
    with_it = Grant(context=frozenset({"cells", source, "markdown", "outputs"}))
    filtered = with_it.filter_request(SOURCES)
    assert getattr(filtered, source) == getattr(SOURCES, source)
    for other in {"below", "kernel", "modules", "files"} - {source}:
        assert getattr(filtered, other) == ()
    assert Grant().filter_request(SOURCES) == replace(SOURCES, path="")
    assert Grant(context=frozenset({"cells"})).filter_request(SOURCES) == CompletionRequest(
        "x", "y", before=(CELL,)
    )


def test_markdown_and_outputs_of_cells_below() -> None:
    grant = Grant(context=frozenset({"below"}))
    filtered = grant.filter_request(SOURCES)
    assert (filtered.before, filtered.below) == ((), (Cell("code", "b = 1"),))


@pytest.mark.parametrize(
    ("path", "excluded"),
    [
        ("grid.py", False),
        ("../patients/load.py", True),
        ("../Patients/deep/load.py", True),
        ("../../patients/load.py", True),
        ("x/../../patients/load.py", True),
        ("..\\patients\\load.py", True),
        ("../p\u00adatients/load.py", True),
        ("../\uff50atients/load.py", True),
        ("/patients/load.py", True),
        ("inner/keys.secret.py", True),
        ("", True),
    ],
)
def test_modules_and_files_of_excluded_paths(path: str, excluded: bool) -> None:
    grant = Grant(exclude_paths=("patients/*", "*.secret.*"))
    excerpts = (Excerpt(path, "x = 1"),)
    for document in ("work/a.ipynb", "RTC:work/a.ipynb"):
        request = CompletionRequest("x", "", modules=excerpts, files=excerpts, path=document)
        filtered = grant.filter_request(request)
        assert (filtered.modules == ()) is excluded
        assert (filtered.files == ()) is excluded
    assert Grant().filter_request(CompletionRequest("", "", files=excerpts)).files == excerpts


@pytest.mark.parametrize(
    "request_",
    [
        CompletionRequest("x", "", below=(Cell("code", "# Secret"),)),
        CompletionRequest("x", "", modules=(Excerpt("a.py", "def SECRET(): ..."),)),
        CompletionRequest("x", "", files=(Excerpt("secret.py", "x = 1"),)),
        CompletionRequest("x", "", kernel=(KernelName("secret", "int"),)),
        CompletionRequest("x", "", kernel=(KernelName("x", "Secret"),)),
        CompletionRequest("x", "", kernel=(KernelName("x", "int", signature="(secret)"),)),
        CompletionRequest("x", "", kernel=(KernelName("x", "int", doc="A secret."),)),
        CompletionRequest("x", "", kernel=(KernelName("x", "T", columns=(Column("secret", ""),)),)),
        CompletionRequest(
            "x", "", kernel=(KernelName("x", "T", columns=(Column("a", "secret"),)),)
        ),
        CompletionRequest("x", "", kernel=(KernelName("x", "dict", keys=("a", "my secret")),)),
        CompletionRequest("x", "", kernel=(KernelName("x", "T", fields=("secret",)),)),
        CompletionRequest("x", "", kernel=(KernelName("x", "T", members=("secret",)),)),
    ],
)
def test_excluded_text_in_other_sources(request_: CompletionRequest) -> None:
    grant = Grant(exclude_text=("secret",))
    assert not grant.excludes(request_)
    assert grant.filter_request(request_) == CompletionRequest("x", "")
    assert Grant(exclude_text=("other",)).filter_request(request_) == request_


def test_what_prompts_of_a_group_do_not_have() -> None:
    assert Grant().left_out() == ""
    assert Grant(context=frozenset({"cells", "below", "modules", "markdown"})).left_out() == (
        "Prompts of your group do not have: names of the kernel, other files, outputs."
    )


@pytest.mark.parametrize(
    ("path", "text", "excluded"),
    [
        ("work/a.ipynb", "x = 1", False),
        ("finance/2026/a.ipynb", "x = 1", True),
        ("Finance/a.ipynb", "x = 1", True),
        ("work/keys.secret.ipynb", "x = 1", True),
        ("", "x = 1", True),
        ("work/a.ipynb", "# Confidential", True),
    ],
)
def test_what_is_excluded(path: str, text: str, excluded: bool) -> None:
    grant = Grant(exclude_paths=("finance/*", "*.secret.*"), exclude_text=("CONFIDENTIAL",))
    assert grant.excludes(CompletionRequest(text, "", path=path)) is excluded
    assert grant.excludes(CompletionRequest("", text, path=path)) is excluded


def test_cells_with_excluded_text_are_left_out_and_the_path_is_not_forwarded() -> None:
    grant = Grant(exclude_text=("secret",))
    cells = (Cell("code", "a"), Cell("code", "# SECRET"), Cell("code", "b", "the secret"))
    request = CompletionRequest("x", "", before=cells, path="a.ipynb")
    assert not grant.excludes(request)
    assert grant.filter_request(request) == CompletionRequest("x", "", before=(Cell("code", "a"),))


def test_requests_of_other_editors() -> None:
    grant = Grant(exclude_text=("secret",))
    assert grant.excludes_openai(OpenAIRequest("my Secret"))
    assert grant.excludes_openai(OpenAIRequest("x", suffix="secret"))
    assert not grant.excludes_openai(OpenAIRequest("x"))
    assert Grant(exclude_paths=("a",)).excludes_openai(OpenAIRequest("x"))


def test_token_ids_are_excluded_where_a_text_is() -> None:
    ids = OpenAIRequest((1, 2, 3))
    assert Grant(exclude_text=("secret",)).excludes_openai(ids)
    assert not Grant().excludes_openai(ids)


@pytest.mark.parametrize(
    ("features", "is_kept"), [({"complete", "inspect"}, True), ({"complete"}, False)]
)
def test_a_group_may_inspect_its_requests(features: set[str], is_kept: bool) -> None:
    request = replace(REQUEST, options=CompletionOptions(inspect=True))
    grant = Grant(features=frozenset(features))
    assert grant.filter_request(request).options.inspect == is_kept
    assert Grant().filter_request(request).options.inspect
