"""Encoded texts are kept up to a size in memory, whatever their number."""

from __future__ import annotations

from jupyter_safecoder.models.encoding_cache import EncodingCache


def test_a_text_is_encoded_once() -> None:
    encoded: list[str] = []

    def encode(text: str) -> list[int]:
        encoded.append(text)
        return [*map(ord, text)]

    cache = EncodingCache(encode, 1000)
    assert cache("ab") == cache("ab") == [97, 98]
    # A caller may change what it got.
    cache("ab").append(1)
    assert cache("ab") == [97, 98]
    assert encoded == ["ab"]


def test_what_was_used_last_is_kept() -> None:
    encoded: list[str] = []

    def encode(text: str) -> list[int]:
        encoded.append(text)
        return [1] * len(text)

    cache = EncodingCache(encode, 8 * 30)
    for text in ("a" * 10, "b" * 10, "c" * 10, "a" * 10, "d" * 10, "a" * 10, "b" * 10):
        cache(text)
    assert [text[0] for text in encoded] == ["a", "b", "c", "d", "b"]


def test_many_large_texts_take_no_more_memory_than_allowed() -> None:
    cache = EncodingCache(lambda text: [1] * len(text), 1_000_000)
    for number in range(300):
        cache(f"{number} " + "x" * 20_000)
        assert cache.bytes <= 1_000_000
    # What is larger than all of it is encoded, and not kept.
    assert len(cache("y" * 200_000)) == 200_000
    assert 800_000 < cache.bytes <= 1_000_000
