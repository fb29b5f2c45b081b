"""Organisations that an operator may name: a typing error must not make an organisation of its own."""

from policycortex.errors import Problem, RequestError
from policycortex.field_types import did_you_mean
from policycortex.names import DEFAULT_ORGANIZATION
from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake_if_any
from policycortex.storage.registry import Registry
from policycortex.workflow.scan_checks import listed


def require_organization(settings: Settings, registry: Registry, organization: str) -> None:
    """Raises RequestError for one that has neither findings nor keys nor reports; the default one always passes.

    The lake is read only where the registry does not know it.
    """
    known = {DEFAULT_ORGANIZATION, *registry.reports.list_organizations()}
    if organization in known:
        return
    with open_lake_if_any(settings) as lake:
        known.update(() if lake is None else lake.imports.load_organizations())
    if organization not in known:
        hint = did_you_mean(organization, known)
        message = f"no organisation {organization!r}{hint}; known are {listed(sorted(known))}"
        raise RequestError(message, details=(Problem(field="organization", message=message),))
