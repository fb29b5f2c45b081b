"""The built-in frameworks, from ``data``: for each a file of requirements and one of relations.

``<id>.more_providers.json`` has the relations of further providers, and the requirements that only a person can assess
there; ``conditions.json`` the conditions on the scanner's configuration, of all frameworks.
"""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from policycortex.frameworks.model import Framework
from policycortex.frameworks.native import read_native
from policycortex.frameworks.overlay import with_review
from policycortex.frameworks.review_files import load_review

DATA: Final = Path(__file__).parent / "data"
BUILTIN_IDS: Final = (
    "soc2", "hipaa", "iso27001", "nist_csf", "nist_800_53", "pci_dss", "cis_aws", "cis_azure", "cis_gcp",
    "nist_800_53_low", "nist_800_53_high", "nist_800_171", "cmmc", "fedramp_20x", "cis_aws_7", "iso27001_clauses",
    "nis2", "dora", "c5", "csa_ccm",
)  # fmt: skip
_CONDITION: Final = ("provider", "check", "setting", "operator", "value")
_REVIEW_OF: Final = {"nist_800_53_low": "nist_800_53", "nist_800_53_high": "nist_800_53"}
"""Frameworks that share the review of another one: the baselines select from the same controls."""


@cache
def load_builtin_frameworks() -> Mapping[str, Framework]:
    """Built-in frameworks by id, in the order they are offered. Read once per process."""
    return MappingProxyType({id_: _load(id_) for id_ in BUILTIN_IDS})


def _load(framework_id: str) -> Framework:
    path = DATA / f"{framework_id}.json"
    tree = json.loads(path.read_bytes())
    tree["crosswalk"] = json.loads((DATA / f"{framework_id}.crosswalk.json").read_bytes())
    more = DATA / f"{framework_id}.more_providers.json"
    if more.exists():
        _add_providers(tree, json.loads(more.read_bytes()))
    _add_conditions(tree, _all_conditions().get(framework_id, {}))
    framework = read_native(tree, name=path.name, base={})
    return replace(framework, is_builtin=True, review=load_review(_REVIEW_OF.get(framework_id, framework_id)))


def _add_providers(tree: dict[str, Any], more: Mapping[str, Any]) -> None:
    """Adds the relations of further providers to the framework's ``tree``, which has none of these providers."""
    crosswalk = tree["crosswalk"]
    crosswalk["checks"] |= more["checks"]
    crosswalk["source"] += f"; {more['source']}"
    manual_for = defaultdict(list)
    for provider, requirement_ids in more["manual_for"].items():
        for requirement_id in requirement_ids:
            manual_for[requirement_id].append(provider)
    for requirement in tree["requirements"]:
        if added := manual_for.get(requirement["id"]):
            requirement["manual_for"] = [*requirement.get("manual_for", ()), *added]


def _add_conditions(tree: dict[str, Any], conditions: Mapping[str, list[Any]]) -> None:
    for requirement in tree["requirements"]:
        rows = conditions.get(requirement["id"], ())
        requirement["conditions"] = [dict(zip(_CONDITION, row, strict=True)) for row in rows]


@cache
def _all_conditions() -> Mapping[str, Mapping[str, list[Any]]]:
    """By framework and requirement: rows of the fields of a condition, from the scanner's files."""
    found: Mapping[str, Mapping[str, list[Any]]] = json.loads((DATA / "conditions.json").read_bytes())
    return found


def review_like_builtin(framework: Framework) -> Framework:
    """The framework with the review of the built-in one that has its id, if there is one."""
    builtin = load_builtin_frameworks().get(framework.id)
    return with_review(framework, builtin) if builtin is not None else framework
