"""Caches of texts of documents, all of which are emptied when a document is closed."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import ParamSpec, Protocol, TypeVar
from weakref import WeakSet

P = ParamSpec("P")
T = TypeVar("T")


class TextCache(Protocol):
    """What keeps texts."""

    def clear(self) -> None:
        """Forget all of them."""


_FUNCTIONS: list[Callable[[], None]] = []
_CACHES: WeakSet[TextCache] = WeakSet()


def cached_texts(maximum: int) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Return a decorator that keeps the last results of a pure function of texts.

    Parameters
    ----------
    maximum
        Number of results that are kept.
    """

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        cached = lru_cache(maximum)(function)
        _FUNCTIONS.append(cached.cache_clear)
        return cached  # type: ignore[return-value]

    return decorate


def register_text_cache(cache: TextCache) -> None:
    """Have a cache emptied with the others, as long as it is in use."""
    _CACHES.add(cache)


def forget_texts() -> None:
    """Empty all caches of texts of this process."""
    for clear in _FUNCTIONS:
        clear()
    for cache in list(_CACHES):
        cache.clear()
