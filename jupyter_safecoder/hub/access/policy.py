"""What members of a group may do: pure rules over plain dataclasses, declared once as options."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import cast

from jupyter_safecoder.openai_protocol import OpenAIRequest
from jupyter_safecoder.option import option
from jupyter_safecoder.protocol import (
    SOURCES,
    Cell,
    CompletionRequest,
    Excerpt,
    KernelName,
    LicenseAction,
    LicenseRules,
)

from .exclusions import contains_text, matches_path

#: Completions in notebooks, completions for other editors, training of the group's adapters, and
#: what the model gets of one's own requests.
FEATURES = ("complete", "text", "train", "inspect")
#: What may go into a prompt beside the cell itself.
CONTEXT = (*SOURCES, "markdown", "outputs")
#: The same in words, for users.
_CONTEXT_WORDS = {
    "cells": "the cells above",
    "below": "the cells below",
    "kernel": "names of the kernel",
    "modules": "local modules",
    "files": "other files",
    "markdown": "Markdown",
    "outputs": "outputs",
}
#: How users are named in the audit log, the usage database, the dashboard and the events.
IDENTITIES = ("name", "pseudonym")


@dataclass(frozen=True)
class Grant:
    """What the members of a group may do: the keys of a table ``[groups.NAME]``."""

    features: frozenset[str] = option(
        frozenset(FEATURES),
        "Features that the group may use: 'complete' for completions in notebooks, 'text' for "
        "completions in other editors, 'train' for training adapters of the group, 'inspect' for "
        "what the model gets of users' own requests, in the inspector.",
        choices=FEATURES,
    )
    model: str = option(
        "", "The model that serves the group, named as for '--model'. Empty: the service's model."
    )
    adapter: str = option(
        "",
        "The adapter that the model is served with. Empty: the one that the group has activated, "
        "or none.",
    )
    context: frozenset[str] = option(
        frozenset(CONTEXT),
        "What may go into a prompt beside the cell itself: 'cells' for the code cells above it, "
        "'below' for those below, and with them 'markdown' and 'outputs'; 'kernel' for names and "
        "types in the kernel, 'modules' for signatures of local modules, 'files' for parts of "
        "other notebooks and scripts. The service drops the rest.",
        choices=CONTEXT,
    )
    exclude_paths: tuple[str, ...] = option(
        (),
        "Patterns of notebook paths in which nothing is completed; '*' matches slashes and the "
        "start of a path too, so '*/patients/*' excludes 'patients/a.ipynb'. Nothing of such files "
        "goes into prompts of other notebooks. If there are any, requests without a path are "
        "denied: those of other editors have none.",
    )
    exclude_text: tuple[str, ...] = option(
        (),
        "A cell, name, module or part of a file that contains one of these texts goes into no "
        "prompt, whatever the case and the Unicode form of its letters. If there are any, prompts "
        "of other editors that are token ids are denied: the service cannot read them.",
    )
    attribution: str = option(
        "allow",
        "What happens to a suggestion that is in an index of code of the service: 'mark' shows its "
        "source and license, 'block' drops it, 'allow' does nothing. The lists of licenses come "
        "first. The settings of the service hold beside these: of two actions, the stricter one "
        "counts.",
        choices=("allow", "mark", "block"),
    )
    allow_licenses: tuple[str, ...] = option(
        (),
        "Licenses whose code is suggested without a mark: identifiers of SPDX; '*' stands for any "
        "characters, 'NOASSERTION' for a license that is not known.",
    )
    mark_licenses: tuple[str, ...] = option((), "Licenses whose code is marked.")
    block_licenses: tuple[str, ...] = option((), "Licenses whose code is not suggested.")
    requests_per_minute: int = option(
        0, "Maximum number of requests of each user in a minute. 0: no limit.", minimum=0
    )
    tokens_per_day: int = option(
        0,
        "Maximum number of prompt and completion tokens of each user in a day, UTC. 0: no limit.",
        minimum=0,
    )
    weight: float = option(
        1.0,
        "Share of engine time of each user while requests wait: a user of weight 2 gets twice the "
        "time of a user of weight 1.",
        minimum=0.01,
        maximum=100,
    )
    max_running: int = option(
        2, "Maximum number of requests of a user that run at once.", minimum=1
    )
    max_waiting: int = option(
        8, "Maximum number of requests of a user that wait in the queue.", minimum=0
    )
    max_training_jobs: int = option(
        1,
        "Maximum number of waiting and running training jobs of the group. 0: no limit.",
        minimum=0,
    )
    max_training_minutes: float = option(
        60.0, "Maximum duration of each training job of the group. 0: no limit.", minimum=0
    )

    def excludes(self, request: CompletionRequest) -> bool:
        """Return whether nothing may be completed: the path or the cell itself is excluded.

        If paths are excluded, a request without a path is excluded too.
        """
        if self.exclude_paths and not request.path:
            return True
        return matches_path(request.path, self.exclude_paths) or contains_text(
            request.prefix + request.suffix, self.exclude_text
        )

    def excludes_openai(self, request: OpenAIRequest) -> bool:
        """Return whether nothing may be completed for another editor, which sends no path.

        Token ids are not read here: no text can be excluded from them, so they are excluded where
        the policy names a text.
        """
        if self.exclude_paths:
            return True
        if not isinstance(request.prompt, str):
            return bool(self.exclude_text)
        return any(
            contains_text(text, self.exclude_text) for text in (request.prompt, request.suffix)
        )

    def filter_openai(self, request: OpenAIRequest) -> OpenAIRequest:
        """Return a request of another editor without other files that must not go into a prompt."""
        if not request.extra:
            return request
        kept = tuple(
            text
            for text in request.extra
            if "cells" in self.context and not contains_text(text, self.exclude_text)
        )
        return replace(request, extra=kept)

    def filter_request(self, request: CompletionRequest) -> CompletionRequest:
        """Return a request without what must not go into a prompt, or come back of it."""
        allowed = request.only(self.context)
        options = request.options
        return replace(
            allowed,
            before=self._filter_cells(allowed.before),
            below=self._filter_cells(allowed.below),
            kernel=tuple(name for name in allowed.kernel if not self._excludes_name(name)),
            modules=self._filter_excerpts(allowed.modules, request.path),
            files=self._filter_excerpts(allowed.files, request.path),
            path="",
            options=replace(
                options,
                inspect=options.inspect and "inspect" in self.features,
                licenses=self.license_rules or options.licenses,
            ),
        )

    @property
    def license_rules(self) -> LicenseRules | None:
        """What happens to suggestions that are in an index of code; ``None``: nothing."""
        lists = self.allow_licenses, self.mark_licenses, self.block_licenses
        rules = LicenseRules(cast("LicenseAction", self.attribution), *lists)
        return None if rules == LicenseRules("allow") else rules

    def left_out(self) -> str:
        """Return a sentence for users about what their prompts do not have; empty: all is sent."""
        names = [_CONTEXT_WORDS[name] for name in CONTEXT if name not in self.context]
        return f"Prompts of your group do not have: {', '.join(names)}." if names else ""

    def _excludes_name(self, name: KernelName) -> bool:
        texts = (name.name, name.type, name.signature, name.doc)
        columns = (text for column in name.columns for text in (column.name, column.dtype))
        parts = (*texts, *columns, *name.keys, *name.fields, *name.members)
        return contains_text("\n".join(parts), self.exclude_text)

    def _filter_excerpts(self, excerpts: Collection[Excerpt], path: str) -> tuple[Excerpt, ...]:
        return tuple(
            excerpt
            for excerpt in excerpts
            if not self._excludes_path(excerpt.path, path)
            and not contains_text(f"{excerpt.path}\n{excerpt.text}", self.exclude_text)
        )

    def _excludes_path(self, path: str, document: str) -> bool:
        """Return whether a path that is relative to the document's folder is excluded."""
        if self.exclude_paths and not path:
            return True
        folder = posixpath.dirname(document.replace("\\", "/"))
        return matches_path(posixpath.join(folder, path), self.exclude_paths)

    def _filter_cells(self, cells: Collection[Cell]) -> tuple[Cell, ...]:
        allowed = (
            cell if "outputs" in self.context else replace(cell, output="")
            for cell in cells
            if cell.type == "code" or "markdown" in self.context
        )
        return tuple(
            cell
            for cell in allowed
            if not contains_text(cell.source + cell.output, self.exclude_text)
        )


@dataclass(frozen=True)
class AuditPolicy:
    """What is recorded, and for how long: the keys of the table ``[audit]``."""

    identity: str = option(
        "name",
        "How users are named in the audit log, the usage database, the dashboard and the events: "
        "'name' or 'pseudonym'.",
        choices=IDENTITIES,
    )
    retention_days: int = option(
        0,
        "Days for which the audit log and the usage counts are kept. 0: forever.",
        minimum=0,
    )


@dataclass(frozen=True)
class Policy:
    """Grants by group, in the order of the file: the first group that a user is in counts."""

    groups: Mapping[str, Grant]
    audit: AuditPolicy = AuditPolicy()

    def grant_for(self, groups: Collection[str]) -> tuple[str, Grant] | None:
        """Return the first group of the policy among a user's groups, and its grant."""
        for name, grant in self.groups.items():
            if name in groups:
                return name, grant
        return None
