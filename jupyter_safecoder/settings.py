"""The settings of a runtime, declared once.

The server extension offers them as traits, the command line as arguments, and a runtime process
reads them as one JSON line on its standard input.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import cast

from .engines.selection.choice import AUTO, EnginePreferences
from .models import AUTO_MODEL, EMBEDDED, cache_directory
from .option import option
from .protocol import LicenseAction, LicenseRules


@dataclass(frozen=True)
class RuntimeSettings:
    """Settings of a runtime process; times in seconds, sizes in bytes."""

    model: str = option(
        AUTO_MODEL,
        "The model. 'auto': the one that 'jupyter safecoder model use' selected, else the best one "
        "of the catalogue on this disk that completes a keystroke within 150 ms on this machine, "
        f"else '{EMBEDDED}', which ships with the product. Or a directory with a Hugging Face "
        "checkpoint; a GGUF file; a name of the catalogue ('jupyter safecoder model catalogue'); "
        "'ollama:NAME' or 'lmstudio:PUBLISHER/MODEL' in the store of that program; or 'owner/name' "
        "on the Hugging Face Hub.",
        argument="name of the model; starts a runtime for this command (default: auto)",
    )
    revision: str = option(
        "",
        "The revision of a model on the Hugging Face Hub: a commit, a tag or a branch. Empty: the "
        "newest one.",
        argument="revision of a model on the Hugging Face Hub",
    )
    allow_downloads: bool = option(
        False,
        "Whether a model may be downloaded, from the Hugging Face Hub or from the places of the "
        "catalogue; otherwise it must be on this disk.",
        argument="download the model if it is not on this disk",
    )
    catalogues: tuple[str, ...] = option(
        (),
        "Paths of a team's own catalogues of models, in TOML. A model of a later one replaces one "
        "of the same name; the embedded model cannot be replaced.",
        argument="a team's catalogue of models; may be given several times",
        metavar="FILE.toml",
    )
    cache_dir: str = option(
        "",
        "Directory for converted models and adapters. Empty: 'safecoder' in Jupyter's data "
        "directory.",
        argument="directory for converted models and adapters",
        metavar="DIRECTORY",
    )
    adapter: str = option(
        "",
        "Name of the adapter to serve the model with. Empty: the active one, see 'jupyter "
        "safecoder adapter use'; '-': none.",
    )
    draft_model: str = option(
        "",
        "A much smaller model with the same tokenizer for speculative decoding, named like "
        "'model'. Empty: none.",
    )
    lookup_tokens: int = option(
        0,
        "Maximum number of tokens that prompt lookup proposes at once from repetitions in the "
        "notebook; the text stays the same. 0 switches it off.",
        minimum=0,
        maximum=16,
    )
    engine: str = option(
        "auto",
        "The inference engine. 'auto' takes the one that should be fastest on this machine, "
        "'measured' measures the two best on the model once and keeps the faster; or an engine's "
        "name: 'openvino', 'transformers', 'onnxruntime', 'remote', or that of an installed "
        "package. 'scripted' answers from a script instead of a model, for tests.",
        argument="inference engine (default: auto)",
    )
    device: str = option(
        "",
        "The device, as the engine names it: 'cpu', 'cuda:1', 'GPU'. Empty: the best one found.",
        argument="device, as the engine names it (default: the best one found)",
    )
    precision: str = option(
        "",
        "The precision of the weights. Empty: what suits the device and its memory.",
        argument="precision of the weights (default: what suits the device)",
        choices=("", "fp32", "bf16", "fp16", "int8", "int4"),
    )
    layout: str = option(
        "",
        "The FIM layout of prompts: 'spm', 'psm', 'context', 'suffix-first' or 'prefix'. Empty: "
        "the model's default.",
    )
    remote_url: str = option(
        "",
        "URL of a completion server (vLLM, llama.cpp's llama-server), 'https://host:port', which "
        "then runs the model; 'model' names the tokenizer. Empty: no server.",
        argument="URL of a completion server that runs the model, such as vLLM",
        metavar="URL",
    )
    remote_model: str = option(
        "",
        "The completion server's name for the model. Empty: the only one that it lists.",
        argument="the completion server's name for the model (default: its only one)",
        metavar="NAME",
    )
    remote_key_file: str = option(
        "",
        "File with the completion server's API key, which no other user may read. It is read again "
        "when it changes.",
        argument="file with the completion server's API key",
        metavar="FILE",
    )
    remote_ca_file: str = option(
        "",
        "Certificate authorities in PEM format that sign the completion server's certificate. "
        "Empty: those of the system.",
        argument="certificate authorities of the completion server (default: the system's)",
        metavar="FILE.pem",
    )
    remote_certificate_file: str = option(
        "",
        "Client certificate for the completion server, in PEM format.",
        argument="client certificate for the completion server",
        metavar="FILE.pem",
    )
    remote_certificate_key_file: str = option(
        "",
        "Private key of the client certificate, unencrypted. Empty: it is in the same file.",
        argument="private key of the client certificate (default: in the same file)",
        metavar="FILE.pem",
    )
    remote_proxy: str = option(
        "",
        "URL of a forward proxy to the completion server, 'http://host:port'. Empty: that of the "
        "environment (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, except for the hosts of NO_PROXY); "
        "'none': no proxy. Servers on this machine and the service of a Hub are never reached by a "
        "proxy.",
        argument="forward proxy to the completion server (default: that of the environment)",
        metavar="URL",
    )
    allowed_hosts: tuple[str, ...] = option(
        (),
        "Hosts that the runtime may connect to beside those of other settings, 'host' or "
        "'host:port': an engine of another package, or the storage of a mirror, may need them. All "
        "other connections to other machines are refused.",
    )
    max_tokens_line: int = option(
        48, "Maximum number of tokens of a completion that stays on its line.", minimum=1
    )
    max_tokens_block: int = option(
        128, "Maximum number of tokens of a completion of several lines.", minimum=1
    )
    max_lines: int = option(12, "Maximum number of lines of a completion.", minimum=1)
    suggestions: str = option(
        "balanced",
        "How many suggestions are shown while users type, where the engine knows how sure the "
        "model is: 'few' shows only those that are probably right, 'many' all. A user's own "
        "setting comes first; a suggestion that is asked for by key is always shown.",
        argument="how many suggestions are shown while typing (default: balanced)",
        choices=("few", "balanced", "many"),
    )
    attribution: str = option(
        "mark",
        "What happens to a suggestion that is in an index of code, see 'jupyter safecoder "
        "attribution': 'mark' shows its source and license, 'block' drops it, 'allow' does "
        "nothing. The lists of licenses come first.",
        choices=("allow", "mark", "block"),
    )
    allow_licenses: tuple[str, ...] = option(
        (),
        "Licenses whose code is suggested without a mark: identifiers of SPDX; '*' stands for any "
        "characters, 'NOASSERTION' for a license that is not known.",
    )
    mark_licenses: tuple[str, ...] = option((), "Licenses whose code is marked.")
    block_licenses: tuple[str, ...] = option((), "Licenses whose code is not suggested.")
    attribution_indexes: tuple[str, ...] = option(
        (),
        "Paths of the indexes of code. Empty: those in the directory 'attribution' of the cache "
        "directory.",
    )
    allow_inspection: bool = option(
        True,
        "Whether users can see what the model gets of their own requests, in the inspector.",
    )
    deadline_s: float = option(
        10.0,
        "Seconds after which a completion ends; what has been generated by then is kept.",
        minimum=0,
    )
    idle_unload_minutes: float = option(
        0.0,
        "Minutes without a request after which the model is unloaded, so that its memory is free; "
        "the next notebook or request loads it again. 0: never.",
        minimum=0,
    )
    max_running: int = option(
        8, "Maximum number of completions that the engine runs at once.", minimum=1
    )
    max_waiting: int = option(
        64,
        "Maximum number of completions that wait in the queue; further requests are refused with "
        "429.",
        minimum=0,
    )
    max_request_bytes: int = option(
        8 * 2**20,
        "Maximum size of a request in bytes; larger ones are refused with 413.",
        minimum=1,
    )
    strict_model_names: bool = option(
        False,
        "Whether requests of other editors that name another model than the one that is served are "
        "refused; otherwise the model that is served answers, and its name is in the answer.",
        argument="refuse requests of other editors that name another model",
    )
    connection_name: str = ""

    def __post_init__(self) -> None:
        # JSON has lists, which would differ from the tuples of other settings.
        for setting in fields(self):
            if isinstance(setting.default, tuple):
                object.__setattr__(self, setting.name, tuple(getattr(self, setting.name)))

    @property
    def remote(self) -> bool:
        """Whether a completion server runs the model, and has the weights."""
        return bool(self.remote_url) and self.engine in (*AUTO, "remote")

    @property
    def license_rules(self) -> LicenseRules:
        """What happens to suggestions that are in an index of code."""
        lists = self.allow_licenses, self.mark_licenses, self.block_licenses
        return LicenseRules(cast("LicenseAction", self.attribution), *lists)

    @property
    def engine_preferences(self) -> EnginePreferences:
        """The preferences for the selection of the engine."""
        return EnginePreferences(
            self.engine, self.device, self.precision, remote=bool(self.remote_url)
        )

    @property
    def cache(self) -> Path:
        """The cache directory."""
        return Path(self.cache_dir).expanduser() if self.cache_dir else cache_directory()

    def to_json(self) -> bytes:
        """Return the settings as one line of JSON."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def from_json(cls, line: str | bytes) -> RuntimeSettings:
        """Return the settings of a line of JSON."""
        return cls(**json.loads(line))
