"""The Helm chart: helm accepts and renders it, and what it makes fits together and fits the product.

There is no cluster here. The models of the Kubernetes client know every field; the references are compared here.
"""

import os
import subprocess
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from kubernetes.client import ApiClient

from policycortex.settings import Settings
from policycortex_cli.app import app
from tests.support.charts import (
    CHART,
    EXAMPLES,
    Manifest,
    containers,
    lint,
    pod_template,
    render,
    run_helm,
)

pytestmark = pytest.mark.chart  # needs helm

MODELS = {
    "Deployment": "V1Deployment",
    "Ingress": "V1Ingress",
    "NetworkPolicy": "V1NetworkPolicy",
    "PersistentVolumeClaim": "V1PersistentVolumeClaim",
    "PodDisruptionBudget": "V1PodDisruptionBudget",
    "Service": "V1Service",
    "ServiceAccount": "V1ServiceAccount",
    "StatefulSet": "V1StatefulSet",
}

OTHERS = {
    "one-volume": {},
    "existing-claim": {
        "Secret": {"reports-secrets", "registry-login"},
        "ConfigMap": {"reports-frameworks", "reports-templates"},
        "PersistentVolumeClaim": {"reports-data"},
        "ServiceAccount": {"reports-account"},
    },
    "workers": {"Secret": {"policycortex", "policycortex-broker", "reports-tls", "dagster-tls"}},
    "beside-dagster-chart": {
        "Secret": {"policycortex", "dagster-postgresql-secret"},
        "ConfigMap": {"dagster-webserver-env", "dagster-instance", "dagster-workspace-yaml"},
        "ServiceAccount": {"dagster"},
    },
}
"""For each example the objects that must exist before; the chart makes none of them."""


@pytest.fixture(params=EXAMPLES)
def example(request: pytest.FixtureRequest) -> str:
    """Each file of examples/."""
    return str(request.param)


@pytest.fixture
def manifests(example: str) -> list[Manifest]:
    """What the chart makes of it."""
    return render(example)


@pytest.mark.parametrize("values", [None, *EXAMPLES])
def test_helm_finds_no_fault(values: str | None) -> None:
    """Strictly: a warning is a fault. The values pass the chart's own schema."""
    done = lint(values)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_client_knows_every_field(manifests: list[Manifest]) -> None:
    """Read into the client's models and written again, nothing is lost: no field is misspelled or misplaced."""
    client = ApiClient()
    for manifest in manifests:
        known = client._ApiClient__deserialize(manifest, MODELS[manifest["kind"]])
        assert client.sanitize_for_serialization(known) == manifest


def test_objects_have_names_of_their_own(manifests: list[Manifest]) -> None:
    """Two of a kind with one name would be one object."""
    names = [(manifest["kind"], manifest["metadata"]["name"]) for manifest in manifests]
    assert len(names) == len(set(names)) > 0


def test_every_object_that_is_named_exists(example: str, manifests: list[Manifest]) -> None:
    """Secrets, config maps, claims, accounts and services are made here, or are those that the example names."""
    made = {(manifest["kind"], manifest["metadata"]["name"]) for manifest in manifests}
    others = {(kind, name) for kind, names in OTHERS[example].items() for name in names}
    named = {reference for manifest in manifests for reference in _references(manifest)}
    assert named - made == others
    text = (CHART / "examples" / f"{example}.yaml").read_text() + (CHART / "values.yaml").read_text()
    assert [name for _, name in others if name not in text] == []


def test_selectors_find_pods(manifests: list[Manifest]) -> None:
    """Of services, policies, budgets and workloads; the ports that they name are ports of those pods."""
    pods = [template for manifest in manifests if (template := pod_template(manifest))]
    for manifest in manifests:
        labels = _selector(manifest)
        if labels is None:
            continue
        found = [pod for pod in pods if labels.items() <= pod["metadata"]["labels"].items()]
        assert len(found) == 1, manifest
        ports = {port["name"] for part in found[0]["spec"]["containers"] for port in part.get("ports", [])}
        assert set(_ports(manifest)) <= ports


def test_volumes_and_mounts_agree(manifests: list[Manifest]) -> None:
    """Each mount has its volume and each volume a mount. The home is below its mount, which belongs to root."""
    for container, pod in containers(manifests):
        mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
        assert set(mounts) == {volume["name"] for volume in pod["volumes"]}
        home = Path(_variables(container)["POLICYCORTEX_HOME"])
        assert Path(mounts["home"]) in home.parents


def test_containers_run_without_rights_and_with_limits(manifests: list[Manifest]) -> None:
    """As the image's user, no capabilities, memory limited; a port has probes."""
    for container, pod in containers(manifests):
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["enableServiceLinks"] is False
        assert container["securityContext"] == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
        assert container["resources"]["requests"].keys() >= {"cpu", "memory"}
        assert "memory" in container["resources"]["limits"]
        assert ("ports" in container) == ({"readinessProbe", "livenessProbe"} <= container.keys())
        plain = [name for name, value in _variables(container).items() if value]
        assert [name for name in plain if "PASSWORD" in name or "KEY" in name or "SECRET" in name] == []


def test_the_product_accepts_its_environment(manifests: list[Manifest], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every variable is a setting with an allowed value, and every command is one of the product."""
    for container, _ in containers(manifests):
        for name in [name for name in os.environ if name.startswith("POLICYCORTEX_")]:
            monkeypatch.delenv(name)
        given = {name: value for name, value in _variables(container).items() if name.startswith("POLICYCORTEX_")}
        for name, value in given.items():
            monkeypatch.setenv(name, value or "redis://from-a-secret:6379/0")
        assert str(Settings.from_environment().home) == given["POLICYCORTEX_HOME"]
        _require_command(container)


def test_the_plain_manifests_are_those_of_the_chart(tmp_path: Path) -> None:
    """Otherwise: make manifests."""
    subprocess.run([CHART.parent / "make-manifests.sh", tmp_path], check=True, capture_output=True)
    for name in ("api.yaml", "ui.yaml", "made-from.sha256"):
        assert (tmp_path / name).read_text() == (CHART.parent / "kubernetes" / name).read_text()


def test_workers_set_how_many_runs_execute() -> None:
    """As many as all workers have slots: a run that waits in the broker for long is failed."""
    server = next(each for each in render("workers") if each["kind"] == "StatefulSet")
    variables = _variables(server["spec"]["template"]["spec"]["containers"][0])
    assert variables["POLICYCORTEX_MAX_CONCURRENT_RUNS"] == "12"


def test_a_volume_outlives_the_release() -> None:
    """The claim that the chart makes is kept by ``helm uninstall``, and only one pod uses it."""
    made = render("one-volume")
    claim = next(each for each in made if each["kind"] == "PersistentVolumeClaim")
    assert claim["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    assert [each["spec"]["replicas"] for each in made if pod_template(each)] == [1]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["workers.enabled=true"], "set storage.kind to shared"),
        (["storage.kind=shared"], "name in secret.name"),
        (["layout=dagsterChart"], "set storage.kind to shared"),
        (["layout=dagsterChart", "storage.kind=shared", "secret.name=s", "workers.enabled=true"], "the layout server"),
        (["ingress.enabled=true"], "needs publicUrl"),
        (["ingress.enabled=true", "publicUrl=https://x.example"], "needs ingress.api.host"),
        (["settings.POLICYCORTEX_HOME=/x"], "which other values of the chart set"),
        (["image.repositroy=x"], "repositroy"),
        (["storage.kind=nfs"], "storage/kind"),
        (["workers.replicas=0"], "workers/replicas"),
        (["trustedProxies={everyone}"], "trustedProxies/0"),
    ],
)
def test_values_that_do_not_work_are_refused(options: list[str], reason: str) -> None:
    """Before anything reaches the cluster, with the reason."""
    done = run_helm("template", "policycortex", str(CHART), *(word for each in options for word in ("--set", each)))
    assert done.returncode == 1
    assert reason in done.stderr.replace(".", "/" if "/" in reason else "."), done.stderr


def test_egress_can_be_limited() -> None:
    """All policies have the rules and the type, without which they would do nothing."""
    policies = [each for each in render("workers") if each["kind"] == "NetworkPolicy"]
    assert [each["spec"]["policyTypes"] for each in policies] == [["Ingress", "Egress"]] * 2
    assert all(each["spec"]["egress"] for each in policies)


def test_the_ui_is_closed_by_default() -> None:
    """Without uiFrom no rule opens its port."""
    policy = next(each for each in render("one-volume") if each["kind"] == "NetworkPolicy")
    assert [rule["ports"] for rule in policy["spec"]["ingress"]] == [[{"port": "http"}]]


def _variables(container: Manifest) -> dict[str, str]:
    """Values by name; "" where the value comes from a secret."""
    return {each["name"]: each.get("value", "") for each in container["env"]}


def _references(manifest: Manifest) -> Iterator[tuple[str, str]]:
    """Kind and name of each object that this one names."""
    spec = manifest.get("spec", {})
    if template := pod_template(manifest):
        yield from _pod_references(template["spec"])
    if manifest["kind"] == "StatefulSet":
        yield "Service", spec["serviceName"]
    if manifest["kind"] == "Ingress":
        yield from (("Secret", each["secretName"]) for each in spec.get("tls", []))
        for rule in spec["rules"]:
            yield from (("Service", path["backend"]["service"]["name"]) for path in rule["http"]["paths"])


def _pod_references(pod: Manifest) -> Iterator[tuple[str, str]]:
    yield "ServiceAccount", pod["serviceAccountName"]
    yield from (("Secret", each["name"]) for each in pod.get("imagePullSecrets", []))
    for volume in pod["volumes"]:
        if "configMap" in volume:
            yield "ConfigMap", volume["configMap"]["name"]
        if "persistentVolumeClaim" in volume:
            yield "PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]
    for container in pod["containers"]:
        for source in container.get("envFrom", []):
            kind = "Secret" if "secretRef" in source else "ConfigMap"
            yield kind, next(iter(source.values()))["name"]
        for variable in container["env"]:
            if "valueFrom" in variable:
                yield "Secret", variable["valueFrom"]["secretKeyRef"]["name"]


def _selector(manifest: Manifest) -> dict[str, str] | None:
    """Labels of the pods that an object is about. None for objects without pods."""
    spec = manifest.get("spec", {})
    by_kind: dict[str, Callable[[], Any]] = {
        "Service": lambda: spec["selector"],
        "NetworkPolicy": lambda: spec["podSelector"]["matchLabels"],
        "PodDisruptionBudget": lambda: spec["selector"]["matchLabels"],
        "Deployment": lambda: spec["selector"]["matchLabels"],
        "StatefulSet": lambda: spec["selector"]["matchLabels"],
    }
    found = by_kind.get(manifest["kind"])
    return dict(found()) if found else None


def _ports(manifest: Manifest) -> Iterator[str]:
    """Names of ports of its pods that a service or a policy names."""
    spec = manifest["spec"]
    if manifest["kind"] == "Service":
        yield from (port["targetPort"] for port in spec["ports"])
    if manifest["kind"] == "NetworkPolicy":
        yield from (port["port"] for rule in spec.get("ingress", []) for port in rule["ports"])


def _require_command(container: Manifest) -> None:
    """The module exists, or the command line takes the arguments. Nothing is executed."""
    if "command" in container:
        python, option, module = container["command"][:3]
        assert (python, option) == ("python", "-m")
        assert find_spec(module) is not None
        return
    name, *arguments = container["args"]
    app.commands[name].make_context(name, arguments)
