"""Patterns of ``.safecoderignore``: those of git, in bounded time."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from jupyter_safecoder.errors import InvalidPattern
from jupyter_safecoder.ignore_files.patterns import MAX_CHARACTERS, IgnorePatterns

PATHS = [
    *("a.py", "b.py", "ab.py", "a b.py", "a ", "#a", "!a", "[a]", "a\\b", "*", "A.py", "-"),
    *("in/a.py", "in/deep/a.py", "in/deep/er/b.py", "deep/in/a.py", "build/x", "in/build/x"),
]
FILES = [
    *(
        "a.py",
        "/a.py",
        "*.py",
        "?.py",
        "a*",
        "*a*",
        "*a*.p*y",
        "**",
        "*",
        "***",
        "in",
        "in/",
        "/in/",
    ),
    *(
        "in/",
        "in/*",
        "in/**",
        "**/a.py",
        "**/deep/*.py",
        "in/**/a.py",
        "in/**/b.py",
        "deep/**/a.py",
    ),
    *(
        "deep/in",
        "in/deep",
        "/deep/in",
        "**/in/a.py",
        "a.py/",
        "build",
        "build/",
        "/build",
        "//",
        "/",
    ),
    *(
        "[ab].py",
        "[!a].py",
        "[^a].py",
        "[a-c]*.py",
        "[]a].py",
        "[[]a]",
        "\\[a\\]",
        "[[:alpha:]].py",
    ),
    *("[A-Z].py", "[[:upper:]].py", "[!-]", "[a-]", "[-a]", "[\\]a].py", "[\\-]"),
    *("\\#a", "#a", "\\!a", "!a", "a\\\\b", "\\*", "a\\ ", "a ", "a b.py", "a\\ b.py", "", "   "),
    *("*.py\n!b.py", "in/*\n!in/deep/", "in/\n!in/a.py", "!a.py\na.py", "*\n!*.py", "*\n!in/"),
    *(
        "in/**\n!in/deep/",
        "a.py\r\nb.py\r",
        "**/\n!in/",
        "a//b",
        "in//a.py",
        "**/**/a.py",
        "in/**/",
    ),
]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("repository")
    for name in PATHS:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("")
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    return root


@pytest.mark.parametrize("text", FILES)
def test_what_git_ignores_is_excluded(repository: Path, text: str) -> None:
    (repository / ".gitignore").write_text(text, newline="")
    found = subprocess.run(
        ["git", "-C", str(repository), "check-ignore", "--no-index", "-z", "--stdin"],
        input="\0".join(PATHS).encode(),
        capture_output=True,
        check=False,
    ).stdout.decode()
    patterns = IgnorePatterns(text)
    excluded = [path for path in PATHS if patterns.match(path, is_directory=False)]
    assert excluded == found.split("\0")[:-1]


@pytest.mark.parametrize("text", ["?.py", "[ü].py", "[!a].py", "[[:alpha:]].py", "ü*"])
def test_a_letter_is_a_character_whatever_its_bytes(text: str) -> None:
    assert IgnorePatterns(text).match("ü.py", is_directory=False)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("a\n!", 2, "has nothing after '!'"),
        ("\\", 1, "ends with '\\'"),
        ("# comment\n\na\\", 3, "ends with '\\'"),
        ("[z-a]", 1, "has a range that ends before it begins"),
        ("a[", 1, "has a '[' without a ']'"),
        ("[!]", 1, "has a '[' without a ']'"),
        ("[a/b]", 1, "has a '[' without a ']'"),
        ("[\\", 1, "has a '[' without a ']'"),
        ("[[:other:]]", 1, "has an unknown class of characters"),
        ("x" * (MAX_CHARACTERS + 1), 1, "is longer than 1000 characters"),
    ],
)
def test_lines_that_are_not_patterns(text: str, line: int, reason: str) -> None:
    with pytest.raises(InvalidPattern) as raised:
        IgnorePatterns(text)
    assert (raised.value.line, raised.value.reason) == (line, reason)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*a" * 400 + "z", "a" * 4000),
        ("*" * 999 + "z", "a" * 4000),
        ("?*" * 400 + "z", "a" * 4000),
        ("[a]*" * 200 + "z", "a" * 4000),
        ("**/a/" * 100 + "b", "a/" * 1000 + "c"),
        ("/**" * 300 + "/b", "a/" * 1000 + "c"),
    ],
)
def test_no_pattern_takes_ages(pattern: str, path: str) -> None:
    started = time.monotonic()
    patterns = IgnorePatterns(pattern)
    for _ in range(3):
        assert not patterns._excludes(path.split("/"), is_directory=False)
    # Expressions of such patterns take hours.
    assert time.monotonic() - started < 60
