"""Waivers and attestations of single frameworks, as they hold in a combined framework."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from policycortex.frameworks.combined import id_within
from policycortex.frameworks.model import Framework
from policycortex.scoring.attestations import Attestation
from policycortex.scoring.waivers import Waiver


def waivers_within(waivers: Iterable[Waiver], framework: Framework | None) -> tuple[Waiver, ...]:
    """The waivers for ``framework``; unchanged unless it is combined.

    A waiver for a part, or for a requirement, becomes one for each requirement that it holds for, under the same id.
    """
    if framework is None or not framework.parts:
        return tuple(waivers)
    return tuple(each for waiver in waivers for each in _waivers_within(waiver, framework))


def attestations_within(attestations: Iterable[Attestation], framework: Framework | None) -> tuple[Attestation, ...]:
    """The attestations for ``framework``; unchanged unless it is combined. Those of other frameworks stay."""
    if framework is None or not framework.parts:
        return tuple(attestations)
    return tuple(_attestation_within(each, framework) for each in attestations)


def _waivers_within(waiver: Waiver, framework: Framework) -> Iterator[Waiver]:
    scope = waiver.scope
    if scope.framework is None and scope.requirement is None:
        yield waiver
        return
    for part in framework.parts:
        if scope.framework not in {None, part.id}:
            continue
        for requirement in part.requirements:
            if scope.requirement in {None, requirement.id}:
                reached = replace(scope, framework=framework.id, requirement=id_within(part, requirement.id))
                yield replace(waiver, scope=reached)


def _attestation_within(attestation: Attestation, framework: Framework) -> Attestation:
    scope = attestation.scope
    part = next((each for each in framework.parts if each.id == scope.framework), None)
    if part is None:
        return attestation
    requirements = tuple(id_within(part, requirement) for requirement in scope.requirements)
    return replace(attestation, scope=replace(scope, framework=framework.id, requirements=requirements))
