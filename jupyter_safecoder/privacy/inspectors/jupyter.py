"""JupyterLab's own requests, and those of other extensions."""

from __future__ import annotations

from collections.abc import Collection

from jupyter_safecoder.http.addresses import host_of, is_loopback, without_credentials
from jupyter_safecoder.privacy.destination import State
from jupyter_safecoder.privacy.machine import Machine

_NOTIFICATION = "@jupyterlab/apputils-extension:notification"
_LANGUAGE_SERVERS = "@jupyterlab/lsp-extension:plugin"
_EXTENSION_MANAGER = "@jupyterlab/extensionmanager-extension:plugin"
_NO_LAB = State(True, "JupyterLab is not installed.")
_NEWS = "https://jupyterlab.github.io/assets/feed.xml"
_PYPI = "https://pypi.org"
_EXPORT_URLS = ("mathjax_url", "mermaid_js_url", "require_js_url", "jquery_url")
#: Packages of assistants that send cells to a provider, as it is configured.
_ASSISTANTS = frozenset(
    {
        "amazon-codewhisperer-jupyterlab-ext",
        "amazon-q-developer-jupyterlab-ext",
        "amazon-sagemaker-jupyter-ai-q-developer",
        "gemini-cli-jupyter",
        "jupyter-ai",
        "jupyter-ai-jupyternaut",
        "jupyter-ai-magics",
        "jupyterlab-copilot",
        "jupyterlab-tabnine",
        "jupyterlite-ai",
        "mito-ai",
        "notebook-intelligence",
        "pretzelai",
    }
)
#: Packages that report what users do, to a server that is configured.
_REPORTERS = frozenset(
    {"jupyterlab-pioneer", "jupyterlab-telemetry", "jupyterlab-telemetry-router"}
)


def _has_lab(machine: Machine) -> bool:
    return "jupyterlab" in machine.packages


def _news(machine: Machine) -> State:
    if not _has_lab(machine):
        return _NO_LAB
    url = machine.trait("LabApp.news_url", _NEWS)
    if url is None:
        return State(True, "Off, by the configuration of the server.")
    if machine.lab_setting(_NOTIFICATION, "fetchNews") != "true":
        return State(True, "Off, unless you answer JupyterLab's question with Yes.")
    return State(False, "On: JupyterLab fetches it at each start.", without_credentials(str(url)))


def _updates(machine: Machine) -> State:
    if not _has_lab(machine):
        return _NO_LAB
    checker = machine.trait("LabApp.check_for_updates_class", "")
    name = checker if isinstance(checker, str) else getattr(checker, "__name__", "")
    if name.rpartition(".")[2] == "NeverCheckForUpdate":
        return State(True, "Off, by the configuration of the server.")
    if machine.lab_setting(_NOTIFICATION, "checkForUpdates") is False:
        return State(True, "Off, by the user's settings.")
    if machine.lab_setting(_NOTIFICATION, "fetchNews") == "none":
        # After either answer JupyterLab checks, whatever the schema of the setting says.
        return State(True, "Off until you answer JupyterLab's question about news, with Yes or No.")
    return State(False, "On: JupyterLab checks at each start.", _PYPI)


def _extension_manager(machine: Machine) -> State:
    if not _has_lab(machine):
        return _NO_LAB
    manager = machine.trait("LabApp.extension_manager", "pypi")
    if manager == "readonly":
        return State(True, "Off: the list has installed extensions only.")
    if machine.lab_setting(_EXTENSION_MANAGER, "enabled") is False:
        return State(True, "Off, by the user's settings.")
    if machine.lab_setting(_EXTENSION_MANAGER, "disclaimed") is not True:
        return State(True, "Off, unless you agree to it in the list of extensions.")
    url = str(machine.trait("PyPIExtensionManager.base_url", f"{_PYPI}/pypi"))
    return State(False, "On when the list of extensions is open.", without_credentials(url))


def _listings(machine: Machine) -> State:
    if not _has_lab(machine):
        return _NO_LAB
    traits = ("blocked_extensions_uris", "allowed_extensions_uris")
    found = [str(uris) for name in traits if (uris := machine.trait(f"LabServerApp.{name}"))]
    uris = [uri.strip() for listed in found for uri in listed.split(",")]
    elsewhere = [
        without_credentials(uri) for uri in uris if host_of(uri) and not is_loopback(host_of(uri))
    ]
    if elsewhere:
        return State(False, "Fetched every hour.", ", ".join(elsewhere))
    return State(True, "None is configured on another machine.")


def _language_servers(machine: Machine) -> State:
    if "jupyter-lsp" not in machine.packages or not _has_lab(machine):
        return State(True, "Not installed.")
    if machine.lab_setting(_LANGUAGE_SERVERS, "activate") != "on":
        return State(True, "Off, by JupyterLab's settings.")
    if machine.trait("LanguageServerManager.autodetect", True) is False and not machine.trait(
        "LanguageServerManager.language_servers"
    ):
        return State(True, "On, but no language server is configured.")
    return State(False, "On: what the installed language servers fetch is not known to SafeCoder.")


def _gateway(machine: Machine) -> State:
    url = str(
        machine.trait("GatewayClient.url") or machine.environment.get("JUPYTER_GATEWAY_URL") or ""
    )
    if not url:
        return State(True, "Kernels run on this machine.")
    return State(is_loopback(host_of(url)), "Kernels run at a gateway.", without_credentials(url))


def _contents(machine: Machine) -> State:
    manager = machine.trait("ServerApp.contents_manager_class")
    if manager is None:
        return State(True, "Notebooks are files of this machine.")
    name = manager if isinstance(manager, str) else f"{manager.__module__}.{manager.__name__}"
    own = name.startswith(("jupyter_server.", "notebook."))
    return State(own, f"Notebooks are stored by {name}.")


def _widgets(machine: Machine) -> State:
    return State(True, "Off: JupyterLab and Notebook load installed widgets only.")


def _export(machine: Machine) -> State:
    urls = [machine.trait(f"HTMLExporter.{name}") for name in _EXPORT_URLS]
    if all(url is not None and not host_of(str(url)) for url in urls):
        return State(True, "Exported pages name local copies.")
    return State(True, "Only when an exported page is opened.", "https://cdnjs.cloudflare.com")


def _assistants(machine: Machine) -> State:
    return _named(machine, _ASSISTANTS, "None that is known is installed.")


def _reporters(machine: Machine) -> State:
    return _named(machine, _REPORTERS, "None that is known is installed.")


def _named(machine: Machine, packages: Collection[str], none: str) -> State:
    found = sorted(set(packages) & set(machine.packages))
    if not found:
        return State(True, none)
    return State(False, f"Installed: {', '.join(found)}.")


INSPECTORS = {
    "jupyterlab.news": _news,
    "jupyterlab.updates": _updates,
    "jupyterlab.extension_manager": _extension_manager,
    "jupyterlab.extension_listings": _listings,
    "jupyterlab.language_servers": _language_servers,
    "jupyter.gateway": _gateway,
    "jupyter.contents": _contents,
    "jupyter.widgets": _widgets,
    "jupyter.export": _export,
    "jupyter.other_assistants": _assistants,
    "jupyter.usage_reporters": _reporters,
}
