"""Names of a group cannot name anything of another group."""

from __future__ import annotations

import pytest

from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.hub.access.namespaces import (
    display_name,
    display_names,
    group_prefix,
    qualified_model,
    qualified_name,
)
from jupyter_safecoder.protocol import ModelInfo, Status


def test_groups_have_different_prefixes() -> None:
    groups = ["vision", "speech", "Vision", "vision ", "", "名前/../x"]
    assert len({group_prefix(group) for group in groups}) == len(groups)
    name = qualified_name("名前/../x", "ours")
    assert name.startswith("team-")
    assert name.isascii()
    assert "/" not in name


def test_a_prefix_in_a_name_is_not_that_of_another_group() -> None:
    theirs = qualified_name("vision", "ours")
    assert qualified_name("speech", "ours") != theirs
    with pytest.raises(FinetuneError):
        qualified_name("speech", f"../{theirs}")
    assert not qualified_name("speech", theirs).startswith(group_prefix("vision"))


@pytest.mark.parametrize("name", ["", "../x", "a/b", "-x", "x" * 47, "a\nb", "<b>", "Ü"])
def test_names_that_are_refused(name: str) -> None:
    with pytest.raises(FinetuneError):
        qualified_name("vision", name)


def test_the_longest_name_fits() -> None:
    assert len(qualified_name("vision", "x" * 46)) == 64


def test_users_see_names_without_prefixes() -> None:
    name = qualified_name("vision", "ours")
    assert display_name(name) == "ours"
    assert display_name(f"There is no adapter {name!r}.") == "There is no adapter 'ours'."
    model = ModelInfo(f"tiny+{name}", "starcoder", ("psm",), "psm", 512, ("python",), "mit")
    status = display_names(Status("failed", f"{name} is broken.", adapter=name, model=model))
    assert status.reason == "ours is broken."
    assert status.adapter == "ours"
    assert status.model is not None
    assert status.model.name == "tiny+ours"


def test_a_model_is_known_by_the_name_that_is_listed() -> None:
    adapter = qualified_name("vision", "ours")
    model = f"base+{adapter}"
    assert qualified_model("base+ours", adapter) == model
    # All others stay as they are, and the runtime refuses them.
    for name in ("base+others", "base", "", "ours", model):
        assert qualified_model(name, adapter) == name
    assert qualified_model("base+tuned", "tuned") == "base+tuned"
