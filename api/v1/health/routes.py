"""``/healthz``, ``/readyz`` and ``/metrics``: for supervisors and monitoring, without a key."""

import os
import shutil
from collections.abc import Callable
from typing import Final

from fastapi import APIRouter, Depends, Request, Response

from api.platform.dependencies import ServicesDep, refuse_unknown_parameters
from api.platform.errors import RETRY_HEADERS
from api.platform.metrics import MEDIA_TYPE
from api.platform.openapi import open_errors
from api.platform.runs import PartState
from api.platform.services import Services
from api.v1.health.schemas import Health, PartAnswer, Readiness
from policycortex.errors import PolicyCortexError
from policycortex.storage.lake.catalog import check_catalog, require_known_lake

router: Final = APIRouter(tags=["health"], dependencies=[Depends(refuse_unknown_parameters)])

_ERRORS: Final = open_errors()
_LEAST_FREE_BYTES: Final = 16 << 20  # about the size of a report's files


@router.get("/healthz", responses=_ERRORS)
async def get_health() -> Health:
    """200 while the process runs, whatever else is unavailable."""
    return Health(status="ok")


@router.get(
    "/metrics",
    response_class=Response,
    responses=_ERRORS | {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def get_metrics(services: ServicesDep) -> Response:
    """Metrics of the process and figures of the installation in Prometheus' text format.

    They contain no organisation, report or key.
    """
    figures = services.figures.load(lambda: _parts(services))
    return Response(services.metrics.print(figures), media_type=MEDIA_TYPE)


@router.get(
    "/readyz",
    responses=_ERRORS
    | {503: {"model": Readiness, "description": "A part is unavailable; reports cannot be produced now"}},
)
def get_readiness(services: ServicesDep, request: Request, response: Response) -> Readiness:
    """200 when reports can be produced: checks registry, lake, home, Dagster with its code, and its daemon."""
    parts = _parts(services)
    is_ready = all(part.is_ok for part in parts)
    if not is_ready:
        response.status_code = 503
        response.headers.update(RETRY_HEADERS)
        request.scope["policycortex.reason"] = "; ".join(f"{p.name}: {p.detail}" for p in parts if not p.is_ok)
    states = [PartAnswer(name=part.name, ok=part.is_ok, detail=part.detail) for part in parts]
    return Readiness(status="ready" if is_ready else "unavailable", parts=states)


def _parts(services: Services) -> tuple[PartState, ...]:
    return (
        _check("registry", services.ping),
        _check("lake", lambda: _check_lake(services)),
        _check_home(services),
        *services.launcher.check(),
    )


def _check(name: str, check: Callable[[], None]) -> PartState:
    try:
        check()
    except PolicyCortexError as error:
        return PartState(name=name, is_ok=False, detail=str(error))
    return PartState(name=name, is_ok=True)


def _check_lake(services: Services) -> None:
    """Readable, and not of a newer program, which may have been started on the same data.

    A process that reads the lake asks through it: Python's SQLite would end the locks of DuckDB's on the same file.
    """
    if services.has_read_lake:
        with services.lake.read_if_any():
            return
    check_catalog(services.settings)
    require_known_lake(services.settings)


def _check_home(services: Services) -> PartState:
    home = services.settings.home
    if not (home.is_dir() and os.access(home, os.W_OK)):
        return PartState(name="home", is_ok=False, detail="the home is not a writable folder")
    free = shutil.disk_usage(home).free
    is_ok = free >= _LEAST_FREE_BYTES
    return PartState(name="home", is_ok=is_ok, detail="" if is_ok else f"the disk is full: {free} bytes are free")
