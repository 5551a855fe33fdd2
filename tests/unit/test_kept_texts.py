"""All caches of texts are emptied at once."""

from __future__ import annotations

import gc
import weakref

from jupyter_safecoder.editor_protocols.pieces import cut
from jupyter_safecoder.kept_texts import cached_texts, forget_texts, register_text_cache
from jupyter_safecoder.models.encoding_cache import EncodingCache
from jupyter_safecoder.secrets import search


def test_a_function_runs_again_after_its_results_were_forgotten() -> None:
    calls: list[str] = []

    @cached_texts(4)
    def size(text: str) -> int:
        calls.append(text)
        return len(text)

    assert [size("ab"), size("ab"), size("c")] == [2, 2, 1]
    assert calls == ["ab", "c"]
    forget_texts()
    assert size("ab") == 2
    assert calls == ["ab", "c", "ab"]


def test_texts_are_freed() -> None:
    encoded: list[str] = []
    encode = EncodingCache(lambda text: encoded.append(text) or [1], 10_000)  # type: ignore[func-returns-value]
    encode("text")
    assert encode.bytes > 0
    found = search("password = 'Kj3-unique-value'", code=True)
    pieces = weakref.ref(found)
    cut("text of a file")
    del found
    assert pieces() is not None
    forget_texts()
    gc.collect()
    assert pieces() is None
    assert encode.bytes == 0
    encode("text")
    assert encoded == ["text", "text"]


def test_a_cache_that_is_not_used_any_more_is_not_kept() -> None:
    class Cache:
        def clear(self) -> None:
            """Forget nothing: there is nothing."""

    cache = Cache()
    register_text_cache(cache)
    freed = weakref.ref(cache)
    del cache
    gc.collect()
    assert freed() is None
    forget_texts()
