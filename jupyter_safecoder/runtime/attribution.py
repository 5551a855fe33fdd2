"""Checks suggestions against indexes of code before they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_safecoder.errors import EngineError, UnusableIndex
from jupyter_safecoder.protocol import Attribution, LicenseRules
from jupyter_safecoder.settings import RuntimeSettings

if TYPE_CHECKING:
    from jupyter_safecoder.attribution.index import AttributionIndex

#: Characters without white space from which on a suggestion is checked: shorter ones are in no
#: index, see ``attribution/shapes.py``.
MIN_CHARACTERS = 48


#: Characters of a suggestion that are to be in a file which is not there any more: a shorter match
#: of the sketch may be by chance.
MIN_UNVERIFIED_CHARACTERS = 72
_ALLOWED = LicenseRules("allow")


@dataclass(frozen=True)
class Checked:
    """What is known of a suggestion: whether it is blocked, and what is to be marked."""

    blocked: bool = False
    marked: tuple[Attribution, ...] = ()


class SuggestionChecks:
    """Checks suggestions against indexes.

    Parameters
    ----------
    indexes
        The indexes.
    rules
        What happens by license.
    """

    def __init__(self, indexes: Sequence[AttributionIndex], rules: LicenseRules) -> None:
        self._indexes = indexes
        self._rules = rules

    def may_block(self, rules: LicenseRules | None) -> bool:
        """Return whether a suggestion could be blocked.

        Parameters
        ----------
        rules
            Those of the request.
        """
        if not self._indexes:
            return False
        from jupyter_safecoder.attribution.license_rules import may_block

        return may_block(self._rules, *([rules] if rules else []))

    def check(self, text: str, language: str, rules: LicenseRules | None) -> Checked:
        """Return what is known of a suggestion.

        Parameters
        ----------
        text, language
            The suggestion.
        rules
            Those of the request.
        """
        all_rules = (self._rules, *([rules] if rules else []))
        is_off = not self._indexes or set(all_rules) == {_ALLOWED}
        if is_off or len("".join(text.split())) < MIN_CHARACTERS:
            return Checked()
        from jupyter_safecoder.attribution.license_rules import action_for

        marked = []
        for index in self._indexes:
            for match in index.find(text, language, MIN_UNVERIFIED_CHARACTERS):
                action = action_for(match.license, *all_rules)
                if action == "block":
                    return Checked(blocked=True)
                if action == "mark":
                    found = match.source, match.path, match.license, match.start, match.end
                    marked.append(Attribution(*found, match.kind))
        return Checked(marked=tuple(marked))


def open_checks(settings: RuntimeSettings) -> tuple[SuggestionChecks, str]:
    """Return the checks of a runtime, and a note for users.

    Parameters
    ----------
    settings
        The indexes, and the rules.

    Raises
    ------
    EngineError
        If an index cannot be read, and a suggestion could be blocked: nothing is shown unchecked.
    """
    paths = _paths(settings)
    if not paths:
        return SuggestionChecks((), settings.license_rules), ""
    from jupyter_safecoder.attribution.index import AttributionIndex
    from jupyter_safecoder.attribution.license_rules import may_block

    indexes, notes = [], []
    for path in paths:
        try:
            indexes.append(AttributionIndex(path))
        except UnusableIndex as error:
            if may_block(settings.license_rules):
                raise EngineError(error.reason, error.remedy) from error
            notes.append(f"{error.reason} Suggestions are not compared with it. {error.remedy}")
    return SuggestionChecks(indexes, settings.license_rules), " ".join(notes)


def _paths(settings: RuntimeSettings) -> list[Path]:
    if settings.attribution_indexes:
        return [Path(path).expanduser() for path in settings.attribution_indexes]
    # The names of attribution/store.py, without an import that every start would pay for.
    return sorted((settings.cache / "attribution").glob("*.attribution"))
