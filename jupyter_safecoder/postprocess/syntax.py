"""What the rules need to know of a language, from the table: comments, strings, blocks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache

from jupyter_safecoder.languages import StringForm, SyntaxRules, syntax_rules

#: A group of a delimiter's pattern, in that of its end.
_REFERENCE = re.compile(r"\\([1-9])")


@dataclass(frozen=True, eq=False)
class Syntax:
    """How a language writes comments, strings and block headers.

    Parameters
    ----------
    rules
        Those of the table of languages.
    """

    rules: SyntaxRules

    @property
    def by_indent(self) -> bool:
        """Whether indentation ends a block."""
        return self.rules.blocks == "indent"

    @property
    def comment(self) -> str:
        """Start of a line comment; empty if there are none."""
        return next(iter(self.rules.comments), "")

    @cached_property
    def token(self) -> re.Pattern[str]:
        """Matches what changes the nesting; the group that matches says what it is."""
        opens = [form.pattern or re.escape(form.open) for form in self._forms]
        comment = self.rules.comment or "|".join(map(re.escape, self.rules.comments))
        parts = {
            "plain": "|".join(self.rules.plain),
            "quote": "|".join(opens),
            "comment": comment,
            "bracket": r"[()\[\]{}]",
        }
        return re.compile("|".join(f"(?P<{name}>{text})" for name, text in parts.items() if text))

    @cached_property
    def opener(self) -> re.Pattern[str] | None:
        """Matches code that opens a block at its end; an open bracket always does."""
        return re.compile(self.rules.opener) if self.rules.opener else None

    @cached_property
    def closer(self) -> re.Pattern[str] | None:
        """Matches the start of the line that ends a block, in languages with keywords."""
        return re.compile(self.rules.closer) if self.rules.closer else None

    @cached_property
    def middle(self) -> re.Pattern[str] | None:
        """Matches the start of a line that ends a part of a block and starts the next."""
        return re.compile(self.rules.middle) if self.rules.middle else None

    def string_end(self, quote: str) -> re.Pattern[str]:
        """Return what is searched in a string: its end, or what does not end it.

        Parameters
        ----------
        quote
            The text that opened it.

        Returns
        -------
        re.Pattern
            Its group ``end`` has the end: the closing delimiter, or that of the line.
        """
        return _string_end(self, quote)

    @cached_property
    def _forms(self) -> list[StringForm]:
        """The forms of strings, longer delimiters first."""
        return sorted(self.rules.strings, key=lambda form: (not form.pattern, -len(form.open)))

    def form_of(self, quote: str) -> tuple[StringForm, re.Match[str] | None]:
        """Return the form of a string that a text opened, and the match of its pattern.

        Raises
        ------
        ValueError
            If no string starts with that text.
        """
        for form in self._forms:
            if form.open == quote:
                return form, None
            match = None if form.open else re.fullmatch(form.pattern, quote)
            if match is not None:
                return form, match
        raise ValueError("No string of this language starts with that text.")


@cache
def syntax_of(language: str) -> Syntax:
    """Return the syntax of a language; an unknown one is taken for a language with braces."""
    return Syntax(syntax_rules(language))


@lru_cache(256)
def _string_end(syntax: Syntax, quote: str) -> re.Pattern[str]:
    form, match = syntax.form_of(quote)
    end = form.end or re.escape(form.close)
    if match is not None:
        end = _REFERENCE.sub(lambda group: re.escape(match[int(group[1])]), end)
    if not form.lines:
        end += r"|\n"
    escape = f"{form.escape}|" if form.escape else ""
    return re.compile(f"{escape}(?P<end>{end})", re.MULTILINE)
