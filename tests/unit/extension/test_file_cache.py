"""What is kept of files, until they change or the space is used."""

from __future__ import annotations

from dataclasses import dataclass, field

from jupyter_safecoder.extension.file_cache import FileCache, Signature


@dataclass
class _Text:
    text: str

    def size(self) -> int:
        return len(self.text)


@dataclass
class _Reader:
    cache: FileCache[_Text] = field(default_factory=lambda: FileCache(1000))
    made: list[str] = field(default_factory=list)

    def get(self, path: str, signature: Signature, text: str | None) -> str | None:
        def make() -> _Text | None:
            self.made.append(path)
            return None if text is None else _Text(text)

        found = self.cache.get(path, signature, make)
        return None if found is None else found.text


def test_a_file_is_read_again_when_it_has_changed() -> None:
    reader = _Reader()
    assert reader.get("a", (1, 1, 1), "old") == "old"
    assert reader.get("a", (1, 1, 1), "new") == "old"
    for signature in ((2, 1, 1), (2, 2, 1), (2, 2, 2)):
        assert reader.get("a", signature, str(signature)) == str(signature)
    assert len(reader.made) == 4


def test_nothing_is_kept_too() -> None:
    reader = _Reader()
    assert reader.get("a", (1, 1, 1), None) is None
    assert reader.get("a", (1, 1, 1), "text") is None
    assert reader.made == ["a"]


def test_what_was_used_last_is_kept() -> None:
    reader = _Reader()
    for path in ("a", "b", "a", "c"):
        reader.get(path, (1, 1, 1), path * 150)
    reader.get("a", (1, 1, 1), "")
    reader.get("b", (1, 1, 1), "")
    assert reader.made == ["a", "b", "c", "b"]


def test_what_is_too_large_is_not_kept() -> None:
    reader = _Reader()
    assert reader.get("a", (1, 1, 1), "x" * 5000) == "x" * 5000
    assert reader.get("a", (1, 1, 1), "new") == "new"
    assert reader.get("b", (1, 1, 1), "b") == "b"
