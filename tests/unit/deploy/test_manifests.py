"""The files of deploy/ cannot be run here, but the programs' own models can read them."""

import hashlib
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes.client import ApiClient

DEPLOY = Path(__file__).parents[3] / "deploy"
MODELS = {
    "Deployment": "V1Deployment",
    "NetworkPolicy": "V1NetworkPolicy",
    "PodDisruptionBudget": "V1PodDisruptionBudget",
    "Service": "V1Service",
    "ServiceAccount": "V1ServiceAccount",
}


def manifests() -> list[dict[str, Any]]:
    """Every manifest of our own."""
    files = ("api.yaml", "ui.yaml")
    return [each for name in files for each in yaml.safe_load_all((DEPLOY / "kubernetes" / name).read_text())]


@pytest.mark.parametrize("manifest", manifests(), ids=lambda m: str(m["kind"]))
def test_the_kubernetes_client_knows_every_field(manifest: dict[str, Any]) -> None:
    """Read into the client's models and written again, nothing is lost: no field is misspelled or misplaced."""
    client = ApiClient()
    known = client._ApiClient__deserialize(manifest, MODELS[manifest["kind"]])
    assert client.sanitize_for_serialization(known) == manifest


@pytest.mark.parametrize(
    "name", ["compose.yaml", "kubernetes/dagster-values.yaml", "helm/Chart.yaml", "helm/values.yaml"]
)
def test_the_others_are_yaml(name: str) -> None:
    """One document that is a table."""
    assert isinstance(yaml.safe_load((DEPLOY / name).read_text()), dict)


def test_no_webserver_without_sign_in_runs_in_the_cluster() -> None:
    """Dagster's chart starts none; the API calls the guarded one, which trusts the same proxies."""
    values = yaml.safe_load((DEPLOY / "kubernetes/dagster-values.yaml").read_text())
    assert values["dagsterWebserver"]["replicaCount"] == 0
    settings = {
        manifest["metadata"]["name"]: {
            each["name"]: each.get("value") for each in manifest["spec"]["template"]["spec"]["containers"][0]["env"]
        }
        for manifest in manifests()
        if manifest["kind"] == "Deployment"
    }
    api, ui = settings["policycortex-api"], settings["policycortex-ui"]
    for name in ("POLICYCORTEX_DAGSTER_URL", "POLICYCORTEX_TRUSTED_PROXIES"):
        assert api[name] == ui[name]
    deployment = values["dagster-user-deployments"]["deployments"][0]
    location = {each["name"]: each["value"] for each in deployment["env"]}
    assert location["POLICYCORTEX_DAGSTER_URL"] == api["POLICYCORTEX_DAGSTER_URL"]
    published = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["policycortex"]["ports"]
    assert "127.0.0.1:3000:3000" in published


def test_the_plain_manifests_are_those_of_the_chart() -> None:
    """By the digests of every file of the chart and of what was made of them; otherwise: make manifests."""
    digests = {
        name: digest
        for digest, name in (
            line.split("  ") for line in (DEPLOY / "kubernetes" / "made-from.sha256").read_text().splitlines()
        )
    }
    chart = {str(path.relative_to(DEPLOY.parent)): path for path in (DEPLOY / "helm").rglob("*") if path.is_file()}
    files = chart | {name: DEPLOY / "kubernetes" / name for name in ("api.yaml", "ui.yaml")}
    assert digests == {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}


def test_the_version_is_that_of_the_product() -> None:
    """Of the chart, of the image it names, and of the values for Dagster's own chart."""
    version = tomllib.loads((DEPLOY.parent / "pyproject.toml").read_text())["project"]["version"]
    chart = yaml.safe_load((DEPLOY / "helm" / "Chart.yaml").read_text())
    assert (chart["version"], chart["appVersion"]) == (version, version)
    values = yaml.safe_load((DEPLOY / "kubernetes" / "dagster-values.yaml").read_text())
    assert values["dagster-user-deployments"]["deployments"][0]["image"]["tag"] == version


def test_the_image_is_built_from_every_part_of_the_wheel() -> None:
    """hatchling fails when a package, a template or a file that the wheel names is not copied."""
    root = DEPLOY.parent
    project = tomllib.loads((root / "pyproject.toml").read_text())
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    copied = {
        word
        for line in re.findall(r"^COPY (.+)$", (DEPLOY / "Containerfile").read_text(), re.MULTILINE)
        for word in line.split()
    }
    assert {*wheel["packages"], *wheel["force-include"], *project["project"]["license-files"]} <= copied
