"""The JSON objects that commands print with ``--json``: fields and their meanings.

Every command that has ``--json`` must be here: ``generate.py`` fails otherwise. Fields that belong
together share an entry.
"""

from __future__ import annotations

from collections.abc import Mapping

PERCENTILES = "`{p50, p95}`, milliseconds"
_SCORES = "`{exact_match, edit_similarity}`, each 0 to 1"
_CARD = "the card of the adapter: "
_CHECKS = (
    "list of `{check, ok, detail}`; `ok` is `null` where there is nothing to compare with. "
    "`check` is "
)
_MODEL_CARD: Mapping[str, str] = {
    "version": "1; the form is that of "
    "[card.schema.json](../../jupyter_safecoder/models/cards/card.schema.json). `null` and empty: "
    "unknown",
    "kind, name, summary, license": "`model` or `adapter`; the name, what it is, and the license",
    "base": "`{name, relation, sha256, repository}`: what it was made of",
    "format, architecture, parameters, layers, context_window, quantization": "of the weights",
    "family, layouts, default_layout, languages": "of its prompts",
    "files": "list of `{name, size, sha256}`",
    "corpus": "`{manifest, sha256, counts}`: what it was trained on",
    "calibration": "`{intercept, slope}`; `null`: the default one",
    "scores": "list of `{dataset, metric, value, command, tasks, served_as}`: `command` gives it",
    "training, probe, limits, sections": "settings of the training; ids of a prompt and of its "
    "completion; what it cannot do; further text in Markdown",
}

#: Commands of ``jupyter safecoder``.
JSON_OUTPUT: Mapping[str, Mapping[str, str]] = {
    "complete": {
        "text": "the completion",
        "ttft_ms, total_ms": "time to first token (`null`: no token), and time of the whole "
        "request, in milliseconds",
        "prompt_tokens, completion_tokens": "number of tokens of the prompt and of the completion",
        "finish_reason": "why the completion ended: see [Finish reasons](finish-reasons.md)",
        "layout": "the FIM layout of the prompt",
    },
    "infill": {
        "tasks": "number of tasks",
        "exact_match, edit_similarity": "means over all tasks, 0 to 1",
        "layout": "the FIM layout of the prompts",
        "ttft_ms, total_ms": f"time to first token and of whole requests: {PERCENTILES}",
        "unfiltered": f"the scores without stop rules and filters: {_SCORES}",
        "confidence": "how sure the model must be of a line, see "
        "[Confidence](../explanation/confidence.md); `null` if the engine has no "
        "log-probabilities, or if surer lines are not more often right. `calibration` for the "
        "`model.json`; `suggestions`: for each value of the setting `{min_probability, shown, "
        "right}`; `curve`: list of `{shown, right, min_logprob}`. `shown` is the share of the "
        "tasks with a suggestion, `right` the share of these whose first line is exact",
        "uses": "the scores by what the lines need, for tasks that have `uses`: `{tasks, "
        "exact_match, edit_similarity}` by mark",
        "table": "with `--sources`: a list with the scores, `uses` and `ttft_ms` of each set of "
        "`sources`; the other fields are of the last set, which has all",
    },
    "tasks make": {
        "id": "of each task, which is an object on a line of its own: folder and name of the "
        "notebook, number of the cell and of the line, from 0. Failures are on standard error",
        "cells, cell_index": "list of `{type, source, output}`, and the number of the current cell "
        "among them, which has the answer in it",
        "prefix, expected, suffix": "the current cell: what is before the cursor, what is hidden, "
        "and what is after it",
        "uses": "what the hidden text uses: list of `column`, `local_function` and `kernel_name`",
        "files": "list of `{path, source}`: local modules, and other notebooks as their JSON",
        "kernel": "with `--execute`: list of `{name, type, shape, columns, keys, fields, "
        "signature, doc, members}`, as in the [protocol](protocol.md); only what is known is there",
    },
    "model list": {
        "models": "list of `{model, kind, engine, precision, size_mb, directory}`; `kind` is "
        "`embedded`, `catalogue` (of `model get`), `downloaded`, `ollama`, `lmstudio` or "
        "`prepared` (converted); only a converted model has an `engine` and a `precision`",
    },
    "model catalogue": {
        "memory_mb": "memory that this machine has for a model; `null`: not known",
        "models": "list of models, each with the fields below",
        "model, purpose, parameters": "name, what it is good for, and number of its weights",
        "license, commercial_use, gated": "its license, whether that allows commercial use, and "
        "whether its hub gives it only to those who have accepted its terms",
        "family, layouts, default_layout": "its FIM family, and the layouts it was trained on",
        "memory_mb, fits": "memory that it needs, and whether this machine has as much; `fits` is "
        "`null` if that is not known",
        "here": "whether it is on this disk, complete",
        "download_mb": "size of its files; `null`: not known",
        "places": "kinds of the places that have it, `hub` and `packages`, in order of preference",
        "pinned": "whether the catalogue has the SHA-256 of its files; else the hub's are taken",
        "quality": "`null`: not measured by us; or `{command, served_as, notebooks, humaneval}`, "
        "the last two `{tasks, exact_match, edit_similarity}`",
        "speed": "`null`: not measured by us; or `{command, machine, served_as, tpot_ms, "
        "keystroke_ttft_ms, cold_ttft_ms}`",
        "command": "the command that gets it; `null`: it comes with the product",
    },
    "model get": {
        "model, license, commercial_use": "its name in the settings, and its license",
        "files": "directory of the model",
        "engine, precision, directory, size_mb, seconds, reused": "what it was converted to, as in "
        "`model prepare`",
    },
    "model use": {
        "model, previous": "the model that is selected now, and the one before; `auto`: the "
        "automatic choice",
        "switched": "whether a running runtime serves it already; else the next one does",
    },
    "model show": {
        "name, family, license, format, architecture": "what the model is",
        "layouts, default_layout, languages, context_window": "what it was trained on; the window "
        "in tokens",
        "note": "what users should know of the family, or `null`",
        "parameters, weights_mb, weights": "number of parameters (`null`: not known), size and "
        "path of the weights",
        "quantization": "types of the tensors in a GGUF file, such as `Q4_K_M`; `null` for other "
        "models",
        "engine, device, precision, why": "how it would run on this machine, and the reason; "
        "`precision` is `quantization` for weights that are not converted",
        "preparation": "`null`, or the conversion that the engine needs: `{done, memory_mb, "
        "disk_mb}`",
    },
    "model prepare": {
        "model, engine, precision": "what was converted, and for which engine; `precision` is "
        "`null` for that of the stored weights",
        "directory": "the converted model; `null` if the engine needs no conversion",
        "size_mb, seconds": "size and duration of the conversion; only if the engine needs one",
        "reused": "whether it was converted before; `null` if no conversion is needed",
    },
    "model card": _MODEL_CARD,
    "model verify": {
        "model": "name of the model",
        "ok": "whether no check failed; the exit status is 1 if one did",
        "files": "number of files that were checked",
        "prepared": "list of the conversions that were checked, such as `openvino int8`",
        "checks": _CHECKS
        + "`files`, `catalogue`, `shapes`, `tokenizer`, `license`, `calibration`, "
        "`adapter`, `prepared` or `probe`",
    },
    "model remove": {
        "removed": "list of the directories that were deleted; of a model of the catalogue its "
        "own, too",
        "freed_mb": "their size in MB",
    },
    "corpus": {
        "taken": "list of `{path, samples, held_out}`: the documents that would be learned from or "
        "held out",
        "left_out": "list of `{path, reason, decided_by, override}`: `decided_by` is the line that "
        "decided, `override` how to have the file in the corpus all the same; empty where there is "
        "none",
        "secrets": "list of `{path, cell, kind}`: where secrets are replaced",
    },
    "secrets": {
        "found": "list of `{path, cell, line, kind, start, end}`: where secrets are, never what "
        "they are. `cell`: index from 0, `null` in a file that is no notebook; `line`: from 1, in "
        "the cell or the file; the lines of a cell's outputs follow those of its source, first "
        "streams, plain text and tracebacks, then HTML and other text; `start`, `end`: columns of "
        "the line, in characters from 0. A secret of several lines has an entry for each",
        "lines": "number of lines that were searched",
        "left_out": "list of `{path, cell, reason}`: what is too large to be searched",
    },
    "privacy": {
        "safe": "whether no place is one to which something goes on another machine",
        "network": "what holds the running runtime, as in a `Status` of the protocol; `null`: none "
        "runs",
        "destinations": "list of `{id, process, sends, to, state, safe, change}`: each place that "
        "data could go to; what would send, what it would send, its address, its state on this "
        "machine, whether nothing goes to another machine without a command that asks for it, and "
        "how to change it",
    },
    "privacy scan": {
        "found, lines, left_out": "as for `secrets`, but only what is masked in prompts: keys and "
        "passwords, not addresses and numbers. What is left out is in no prompt",
    },
    "attribution build": {
        "index": "the file of the index",
        "files, sources": "number of files, and of packages or folders that they are from",
        "source_bytes, index_bytes, share": "size of the files and of the index in bytes, and "
        "their quotient",
    },
    "attribution find": {
        "files": "list of `{file, index, kind, share, matches}`, one for each file and index: "
        "`kind` is `model`, `adapter` or `corpus`, `share` how much of the file's characters the "
        "index has",
        "matches": "list of `{source, path, license, kind, first_line, last_line, start, end, "
        "characters}`: `kind` is `verbatim`, the same but for white space, or `structure`, with "
        "other names and literals; `start`, `end`: in characters of the file's code from 0; "
        "`characters`: without white space; `license`: identifier of SPDX, or `NOASSERTION`",
        "not_indexed": "list of the models that say what they were trained on, and of which there "
        "is no index",
    },
    "attribution list": {
        "indexes": "list of `{index, kind, path, files, sources, source_bytes, index_bytes}`, "
        "sizes in bytes; of one that cannot be read `{index, kind, path, problem}`",
    },
    "attribution optout add": {
        "opted_out": "list of `{path, index, files, adapters}`: what was added, the file of its "
        "fingerprints, its number of files, and the adapters that have learned from one of them",
    },
    "attribution optout remove": {
        "removed": "list of the paths that are not in the list any more",
    },
    "attribution optout list": {
        "opted_out": "as for `attribution optout add`: all entries",
    },
    "finetune": {
        "job, state": "name and state of the job (without `--wait`)",
        "job, directory": "name and directory of the job (with `--no-start`)",
        "base, documents": "name of the model that is trained, and number of notebooks and scripts",
        "minutes": "how long the job takes at most, evaluation included; `null`: its steps decide",
        "memory_mb, available_mb": "memory that the job needs, estimated, and what is available "
        "(without `--wait`); `null`: not known",
        "adapter": "name of the adapter (with `--wait`, as all fields below)",
        "steps, tokens_per_s, seconds": "optimizer steps, throughput, and duration of the job",
        "held_out, general": "scores on held-out notebooks and on general code: `{base, tuned}`, "
        "each `{exact_match, edit_similarity, loss}`",
        "probe": "memorization: `{lines, memorized, secrets, leaked}`",
        "accepted, reason": "whether the adapter is accepted, and why",
        "examples": "list of `{prefix, expected, base, tuned, better}`",
        "model": "directory of the model that was built, for recipes with `sources`",
    },
    "job list": {"jobs": "list of `{job, state, phase, step, total_steps, reason}`"},
    "job show": {
        "name": "name of the job",
        "state": "`waiting`, `starting`, `running`, `stopped`, `failed` or `done`",
        "phase, progress, eta_s": "what the job does now, the share that is done (0 to 1), and the "
        "estimated seconds of training that are left",
        "step, total_steps, tokens_per_s": "optimizer steps done and planned, and throughput",
        "train_curve, val_curve": "training loss and loss on held-out documents: lists of "
        "`[step, loss]`",
        "reason, remedy": "why the job is in this state, and what to do",
        "base, documents, minutes": "what is trained, and how long it takes, as in `finetune`",
        "result": "the object that `finetune --wait` prints, or `null`",
    },
    "job wait": {"…": "the same object as `finetune --wait`"},
    "job stop": {"job, state, reason": "name and state of the job, and why"},
    "job resume": {"job, state": "name and state of the job"},
    "job delete": {"deleted": "name of the job"},
    "adapter list": {
        "adapters": "list of `{adapter, base, accepted, in_use, made, by, reason}`",
    },
    "adapter show": {
        "name, base, base_sha256": _CARD + "its name, its base, and the hash of the base's weights",
        "corpus_sha256, counts, recipe": "what it was trained on, and how",
        "curves, scores, probe, accepted, reason": "how it was evaluated, as in `finetune --wait`",
        "made, by, versions, files": "when and by whom it was made, versions of packages, hashes "
        "of its files",
    },
    "adapter use": {
        "adapter, previous": "the adapter that is served now and the one before; `null`: none",
        "switched": "whether a running runtime was switched",
        "warning": "why the adapter was not accepted, or empty",
    },
    "adapter card": _MODEL_CARD,
    "adapter verify": {
        "adapter, ok, files": "name, whether no check failed, and number of files that were "
        "checked; the exit status is 1 if a check failed",
        "checks": _CHECKS + "`files`, `matrices` or `base`",
    },
    "adapter remove": {"removed": "name of the adapter"},
    "adapter average": {
        "adapters, directory": "names of the adapters, and where their mean was written"
    },
    "adapter sum": {
        "adapters, directory": "names of the adapters, and where their sum was written"
    },
    "adapter export": {"adapter, directory": "name of the adapter, and where it was written"},
    "adapter import": {"adapter, directory": "name of the adapter, and its directory in the cache"},
    "bench typing": {
        "context_tokens": "median length of the prompts when typing starts, in tokens",
        "notebooks, keystrokes": "number of notebooks, and of keystrokes per layout",
        "layouts": f"by layout: `{{cold_ttft_ms, keystroke_ttft_ms, tpot_ms}}`, each {PERCENTILES}",
        "sources": "with `--sources`, instead of `layouts` and `context_tokens`: for each set "
        "`{sources, prompt_tokens, cold_ttft_ms, keystroke_ttft_ms, execution_ttft_ms}`; the last "
        "one is that of the first key after an execution, without the editor's warm-up",
    },
    "bench replay": {
        "keys": "number of keys that were pressed, those that take a suggestion included",
        "characters": "number of characters that were written; indentation comes with Enter and "
        "is not counted",
        "saved": "share of the characters that were taken from suggestions",
        "shown": "suggestions that became visible, per 100 keys",
        "right": "share of these whose first line (`--accept word`: next word) was what was "
        "written; `null` if none was shown",
        "right_line, right_word": "the same for lines and for words, whatever is taken",
        "requests, tokens": "number of requests that were sent, and of tokens that came in answer; "
        "what opens a passage is not counted",
        "ttft_ms": "over all requests, one that the next key cancelled before its first token with "
        f"the time until then: {PERCENTILES}",
        "lines": "number of lines that were typed",
    },
    "bench load": {
        "users": "number of users",
        "tokens_per_s": "tokens of all users together, per second",
        "ttft_ms": f"over all requests, time in the queue included: {PERCENTILES}",
        "per_user_p95_ms": "list of each user's p95, in milliseconds",
        "single": "the same fields for one user",
    },
    "policy check": {
        "ok, error": "whether the policy is valid, and the error, or empty",
        "groups": "names of the groups, in the order of the file",
    },
    "audit verify": {
        "ok, error": "whether nothing is wrong, and what is wrong where, or empty",
        "lines": "number of lines that are part of the unbroken chain",
        "last": "hash of the last of these lines",
        "found": "where the hashes of `--hash` are, by hash",
    },
    "doctor": {
        "ok": "whether all checks passed",
        "model, engine, device, precision, why": "what would run, and why it was chosen; "
        "all but `model` are `null` if nothing can run",
        "accelerators": "list of `{kind, name, detail}`",
        "network": "what holds the runtime to its network, as in a `Status` of the protocol",
        "checks": "list of `{name, ok, detail, remedy}`",
    },
}
