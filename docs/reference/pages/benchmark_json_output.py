"""What ``python -m benchmarks`` prints with ``--json``, as :mod:`.json_output` has it."""

from __future__ import annotations

from collections.abc import Mapping

from .json_output import PERCENTILES

BENCHMARK_JSON_OUTPUT: Mapping[str, Mapping[str, str]] = {
    "gateway": {
        "requests, request_bytes": "number of requests, and the size of one",
        "first_text_ms, whole_ms": f"until the first text and until the end: each {PERCENTILES}",
    },
    "imports": {
        "jupyter_server_ms, extension_ms": "median time of importing the server, and then the "
        "extension",
        "modules": "number of modules that the extension imports",
    },
    "engines": {
        "read_bandwidth_gb_s": "memory bandwidth of this machine, in GB per second",
        "rows": "list of `{model, engine, precision, cold_ttft_ms, keystroke_ttft_ms, tpot_ms, "
        "load_s, rss_mb, weights_mb, limit_ratio}`, medians; a row that failed has `null` "
        "for what was not measured, and `error`",
    },
    "hub": {
        "users": "number of users",
        "engine": "`{name, first_token_ms, token_ms, answer_tokens}`: speed of the scripted engine",
        "load_average": "load of the machine in the minute before",
        "ttft_ms, runtime_ttft_ms, overhead_ms": "TTFT through the service, without it, and the "
        f"difference: each {PERCENTILES}",
        "requests": "number of requests: `{answered, given_up, refused}`",
        "flood_p95_ratio": "p95 of the other users' TTFT while one user floods, divided by that "
        "without",
        "flood_p95_ms": "both: `{without, during}`, in milliseconds",
        "jain": "Jain's index of the tokens of each user when the engine is saturated, 0 to 1",
        "saturated": "the tokens behind it: `{tokens_per_s, least_tokens, most_tokens}`",
        "rss_mb": "list of the memory of service and runtime together, in MB",
        "rss": "of each: `{every_s, service_mb, runtime_mb}`, lists of samples that are `every_s` "
        "seconds apart",
        "attacks": "with `--attack`, beside `users`, `engine` and `load_average` alone: for each "
        "attack `{ratio, p95_ms, service_mb, statuses}`. `p95_ms` is the p95 of the other users' "
        "TTFT: `{without, during}`, in milliseconds, and `ratio` the second by the first, each the "
        "median of five rounds; "
        "`service_mb` is the memory of the service: `{before, most}`; `statuses` has how often the "
        "attacker got which HTTP status",
        "worst_ratio": "with `--attack`: the highest of the ratios",
    },
    "capacity": {
        "model": "name of the model",
        "load_average": "load of the machine in the minute before",
        "carried": "`{limit_ms, safecoder, llama.cpp, steps}`: the limit of the p95 TTFT, and the "
        "number of users that each serves within it; `llama.cpp` is `null` if it is not built, and "
        "`error` gives the reason; `steps` is a list of `{engine, users, ttft_ms, requests, "
        "given_up, tokens_per_s}`",
    },
    "lookup": {
        "tokens_per_s": "`{off, on}`: tokens per second without and with prompt lookup",
        "ratio": "on divided by off",
        "identical": "whether all completions were the same, token by token",
        "tasks": "number of tasks",
    },
    "context-tasks": {
        "packages, team": "of each set that was made: `{notebooks, used, tasks, bytes}`. `used` is "
        "the number of notebooks with tasks, `bytes` the size of the compressed file",
    },
    "secrets": {
        "seed": "the seed of the secrets and of the other lines",
        "derived, held_out, fresh": "secrets in forms that the rules were written for, in forms "
        "that were written before the rules, and in forms that were written after them: "
        "`{planted, found, recall, kinds}`; `kinds` has the share "
        "of each kind that was found",
        "lines, false_positives, false_positive_rate": "number of lines that hold no secret, of "
        "those with a finding, and their share",
        "false_kinds": "what these lines were taken for: kind to number of lines",
        "cell_ms": f"time to search one changed cell of 10 to 40 lines: {PERCENTILES}",
    },
    "attribution": {
        "files, source_mb, index_mb, share": "number of files that are indexed, size of them and "
        "of the index in MB, and their quotient",
        "build_s, memory_mb": "time of the build in seconds, and memory of all its processes at "
        "most",
        "verbatim": "copies of 50 characters without white space, with other white space: "
        "`{copies, recall, boilerplate, recall_counting_white_space}`; `boilerplate` is the share "
        "that is found and not counted, which is not in the recall; the last is the share of "
        "copies of 50 characters with white space that is found, fewer than is guaranteed",
        "renamed": "functions of 8 to 40 lines of code, whose variables have other names: "
        "`{copies, recall}`",
        "unrelated": "texts of 40 lines of packages that are not indexed: `{texts, false, "
        "coincidences}`; `false` is the share with a match that is not in the file that it names; "
        "`coincidences` are those with one that is: `{verbatim, structure, of_100_characters}`",
        "lookup_ms": f"for texts of 12 and of 40 lines: {PERCENTILES}",
    },
    "soak": {
        "requests, notebooks, restarts": "number of requests, of opened notebooks and of "
        "kills of the runtime",
        "rss_mb": "resident memory of all processes in MB: `{first_tenth, end}`",
        "growth": "growth of that memory after the first tenth of the requests, as a share",
        "descriptors": "file descriptors of all processes: `{first_tenth, end, leaked}`",
        "threads, sockets, processes": "their numbers: `{first_tenth, end}`",
        "disk_mb": "size of all files in MB: `{first_tenth, end}`",
        "failures": "requests that got no completion: kind of the error to number of requests",
        "seconds": "duration of the whole",
    },
    "browser": {
        "keystroke_to_ghost_ms, requested_ghost_ms": "from a key to a visible suggestion, of all "
        f"keys that got one and of those that needed a request: each {PERCENTILES}",
        "answered_without_request": "share of the keys with a suggestion that needed no request; "
        "`null` if no key got one",
        "main_thread_ms": "time of our functions on the main thread of the page, from a key to the "
        f"next: {PERCENTILES}",
        "wasted_tokens": "share of the generated tokens that were neither taken nor typed as shown",
        "saved": "share of the characters that were taken from suggestions",
        "keys, answered, requests": "number of keys, of those with a suggestion, and of requests",
        "first_key_ms, first_keys": "the same time for the first key in a notebook that was just "
        f"opened, {PERCENTILES}, and the number of such keys with a suggestion",
        "cells": "minimum number of cells of a notebook",
    },
    "train": {
        "ours_tokens_per_s, trainer_tokens_per_s, ratio": "throughput of our training, of "
        "`transformers.Trainer`, and their ratio",
        "samples, sample_tokens, computed_tokens": "number of samples, of their tokens, and of "
        "the tokens that were computed, which are fewer because samples share prefixes",
    },
}
