"""For which organisation a run that a person starts may be.

The UI shows and changes the whole installation. So a key of one organisation signs in only while no other one exists,
and the runs that it starts must name this organisation. A link of the command line is for all organisations.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import yaml

from pipelines.ui.graphql_calls import Mutation
from policycortex.errors import RequestError
from policycortex.names import DEFAULT_ORGANIZATION, TAG_ORGANIZATION, ReportType

_STARTS: Final = frozenset(
    {
        "launchRun",
        "launchPipelineExecution",
        "launchMultipleRuns",
        "launchPartitionBackfill",
    }
)
_CONFIG: Final = "runConfigData"
_KIND: Final = re.compile(rf"\|\S+ (?:{'|'.join(ReportType)})(?: (?P<organization>.+))?$")
"""The end of a partition key of ``reports/by_period``, which names the organisation: ``2026-Q3|soc2 audit acme``."""


def require_own_organization(mutations: Iterable[Mutation], organization: str) -> None:
    """Raise RequestError when a mutation starts a run of another organisation, by configuration, tags or partition."""
    for mutation in mutations:
        if mutation.name not in _STARTS:
            continue
        named = set(_named(mutation.arguments)) or {DEFAULT_ORGANIZATION}
        if named != {organization}:
            raise RequestError(
                f"you act for {organization}, but the run is for {', '.join(sorted(named))}: set its configuration "
                f"`organization`, or the tag {TAG_ORGANIZATION}, to {organization}"
            )


def _named(value: object) -> Iterator[str]:
    """Every organisation in the arguments, at any depth."""
    match value:
        case {"key": str(key), "value": str(text)} if key == TAG_ORGANIZATION:
            yield text
        case {**fields}:
            for name, inner in fields.items():
                if name == _CONFIG:
                    yield from _named_in_config(inner)
                else:
                    yield from _named(inner)
        case list() | tuple():
            for inner in value:
                yield from _named(inner)
        case str() if found := _KIND.search(value):
            yield found["organization"] or DEFAULT_ORGANIZATION


def _named_in_config(config: object) -> Iterator[str]:
    if isinstance(config, str):
        try:
            config = yaml.safe_load(config)
        except (yaml.YAMLError, RecursionError):
            raise RequestError("the run configuration is no YAML") from None
    operations: Mapping[str, Any] = config.get("ops") or {} if isinstance(config, Mapping) else {}
    if not isinstance(operations, Mapping):
        raise RequestError("the run configuration must have a table `ops`")
    for operation in operations.values():
        own = operation.get("config") if isinstance(operation, Mapping) else None
        if isinstance(own, Mapping) and own.keys() & {"paths", "periods", "organization"}:
            yield str(own.get("organization", DEFAULT_ORGANIZATION))
