"""The Helm chart of deploy/helm as tests see it: its examples, and what helm makes of values."""

import subprocess
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

_PROJECT: Final = Path(__file__).parents[2]
CHART: Final = _PROJECT / "deploy" / "helm"
HELM: Final = _PROJECT / ".test-tools" / "helm"
_CLUSTER: Final = "1.33.0"
EXAMPLES: Final = tuple(sorted(path.stem for path in (CHART / "examples").glob("*.yaml")))

Manifest = dict[str, Any]


def run_helm(command: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """A command of helm. It asks no cluster and no network, so it is given the version of a cluster."""
    options = [command, "--kube-version", _CLUSTER, *arguments]
    return subprocess.run([HELM, *options], cwd=_PROJECT, capture_output=True, text=True, check=False)


@cache
def render(example: str) -> list[Manifest]:
    """The objects of an example's values, release name ``policycortex``. Not to be changed: all tests share them."""
    done = run_helm("template", "policycortex", str(CHART), "--values", str(_values(example)))
    assert done.returncode == 0, done.stderr
    return [each for each in yaml.safe_load_all(done.stdout) if each]


def lint(example: str | None) -> "subprocess.CompletedProcess[str]":
    """``helm lint --strict`` with an example's values, None: with the defaults."""
    return run_helm("lint", "--strict", str(CHART), *(["--values", str(_values(example))] if example else []))


def pod_template(manifest: Manifest) -> Manifest | None:
    """The template of the pods of a workload. None for other objects."""
    template: Manifest | None = manifest.get("spec", {}).get("template")
    return template


def containers(manifests: Sequence[Manifest]) -> Iterator[tuple[Manifest, Manifest]]:
    """Each container with the specification of its pod."""
    for manifest in manifests:
        if template := pod_template(manifest):
            for container in template["spec"]["containers"]:
                yield container, template["spec"]


def _values(example: str) -> Path:
    return CHART / "examples" / f"{example}.yaml"
