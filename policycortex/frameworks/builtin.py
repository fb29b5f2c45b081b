"""The built-in frameworks, from ``data``: for each a file of requirements and a file of relations."""

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from policycortex.frameworks.model import Framework
from policycortex.frameworks.native import read_native

DATA: Final = Path(__file__).parent / "data"
BUILTIN_IDS: Final = (
    "soc2", "hipaa", "iso27001", "nist_csf", "nist_800_53", "pci_dss", "cis_aws", "cis_azure", "cis_gcp",
)  # fmt: skip


@cache
def load_builtin_frameworks() -> Mapping[str, Framework]:
    """Built-in frameworks by id, in the order they are offered. Read once per process."""
    return MappingProxyType({id_: _load(id_) for id_ in BUILTIN_IDS})


def _load(framework_id: str) -> Framework:
    path = DATA / f"{framework_id}.json"
    tree = json.loads(path.read_bytes())
    tree["crosswalk"] = json.loads((DATA / f"{framework_id}.crosswalk.json").read_bytes())
    return replace(read_native(tree, name=path.name, base={}), is_builtin=True)
