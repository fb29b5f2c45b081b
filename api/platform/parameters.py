"""The query parameters that a route declares: others are refused, with a suggestion."""

from dataclasses import dataclass
from typing import Any, Final, cast, get_args, get_origin

from fastapi import Request
from fastapi.routing import APIRoute
from pydantic import BaseModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """Query parameters of a route."""

    single: frozenset[str]
    lists: frozenset[str]
    is_model: bool
    """Whether a pydantic model declares them; it refuses others itself, together with all other problems."""


_KNOWN: Final[dict[str, Parameters]] = {}  # by the route's id: FastAPI's routes cannot be hashed


def parameters_of(route: APIRoute) -> Parameters:
    """The names that the route and its dependencies declare."""
    found = _KNOWN.get(route.unique_id)
    if found is None:
        found = _KNOWN[route.unique_id] = _read(route)
    return found


def _read(route: APIRoute) -> Parameters:
    declared: dict[str, Any] = {}
    is_model = False
    pending = [route.dependant]
    while pending:
        dependant = pending.pop()
        pending += dependant.dependencies
        for field in dependant.query_params:
            annotation = field.field_info.annotation
            if isinstance(annotation, type) and issubclass(cast("type", annotation), BaseModel):
                is_model = True
                declared |= {name: inner.annotation for name, inner in annotation.model_fields.items()}
            else:
                declared[field.alias] = annotation
    lists = frozenset(name for name, annotation in declared.items() if _is_list(annotation))
    return Parameters(single=frozenset(declared) - lists, lists=lists, is_model=is_model)


def parameter_names(request: Request) -> frozenset[str]:
    """Query parameters of the request's route, for suggestions."""
    route = request.scope.get("route")
    if not isinstance(route, APIRoute):
        return frozenset()
    parameters = parameters_of(route)
    return parameters.single | parameters.lists


def _is_list(annotation: object) -> bool:
    return any(get_origin(option) is list for option in (annotation, *get_args(annotation)))
