"""How the files in ``deploy/hub/`` start the service: its command and environment in each."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from typing import Any

import yaml

from tests.support.paths import DEPLOY_HUB

#: Stands for a value that the administrator keeps secret.
SECRET = "secret"
_SECRET_OF_ENV = re.compile(r"\$\{\w+:\?[^}]*\}")


@dataclass(frozen=True)
class Deployment:
    """The command ``jupyter safecoder hub …`` of a deployment, and its environment."""

    command: list[str]
    environment: dict[str, str]


def read(name: str) -> Any:
    """Return the content of a YAML file."""
    return yaml.safe_load((DEPLOY_HUB / name).read_text())


def objects(name: str) -> list[dict[str, Any]]:
    """Return the Kubernetes objects of a file."""
    return list(yaml.safe_load_all((DEPLOY_HUB / "kubernetes" / name).read_text()))


def of_kind(name: str, kind: str) -> dict[str, Any]:
    """Return the only object of a kind in a file."""
    [found] = [each for each in objects(name) if each["kind"] == kind]
    return found


def instructions(dockerfile: str) -> list[tuple[str, str]]:
    """Return the instructions of a Dockerfile, each as its keyword and its arguments."""
    text = re.sub(r"^#.*\n", "", (DEPLOY_HUB / dockerfile).read_text(), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [(line.split()[0], line.partition(" ")[2].strip()) for line in lines if line.strip()]


def instruction(dockerfile: str, word: str) -> str:
    """Return the arguments of the last instruction with a keyword."""
    return [rest for each, rest in instructions(dockerfile) if each == word][-1]


def entrypoint() -> list[str]:
    """Return the command of the service's image."""
    command: list[str] = json.loads(instruction("cpu.Dockerfile", "ENTRYPOINT"))
    assert command == json.loads(instruction("cuda.Dockerfile", "ENTRYPOINT"))
    return command


def image_environment() -> dict[str, str]:
    """Return the environment of the service's image."""
    words = shlex.split(instruction("cpu.Dockerfile", "ENV"))
    return dict(word.split("=", 1) for word in words)


def compose() -> Deployment:
    """Return how compose.yaml starts it."""
    service = read("compose.yaml")["services"]["safecoder"]
    environment = {
        name: _SECRET_OF_ENV.sub(SECRET, value) for name, value in service["environment"].items()
    }
    command = [*entrypoint(), *service.get("command", [])]
    return Deployment(command, image_environment() | environment)


def container(name: str, kind: str) -> dict[str, Any]:
    """Return the container of the service's pod."""
    [found] = of_kind(name, kind)["spec"]["template"]["spec"]["containers"]
    return dict(found)


def pod(name: str, kind: str) -> Deployment:
    """Return how a pod starts it."""
    own = container(name, kind)
    environment = {each["name"]: each.get("value", SECRET) for each in own["env"]}
    return Deployment([*entrypoint(), *own.get("args", [])], image_environment() | environment)


def unit() -> Deployment:
    """Return how systemd starts it, with the variables that the unit file asks for."""
    text = (DEPLOY_HUB / "safecoder.service").read_text()
    [line] = re.findall(r"^ExecStart=(.*)", text, re.MULTILINE)
    command = shlex.split(line.replace("${STATE_DIRECTORY}", "/var/lib/safecoder"))
    command = [re.sub(r"^\$\{CREDENTIALS_DIRECTORY\}", "/run/credentials", w) for w in command]
    words = [
        word
        for each in re.findall(r"^Environment=(.*)", text, re.MULTILINE)
        for word in shlex.split(each)
    ]
    required = re.findall(r"^#   (JUPYTER\w+=\S+)", text, re.MULTILINE)
    return Deployment(command, dict(word.split("=", 1) for word in [*required, *words]))


DEPLOYMENTS = {
    "compose": compose,
    "one-replica": lambda: pod("one-replica.yaml", "Deployment"),
    "vllm": lambda: pod("vllm.yaml", "StatefulSet"),
    "systemd": unit,
}
