"""Creates the application from settings. Tests can pass their own run launcher, backfills and clock."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from importlib.metadata import version
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.platform.backfills import Backfills
from api.platform.dagster_backfills import DagsterBackfills
from api.platform.dagster_runs import DagsterRuns
from api.platform.docs_page import router as docs_router
from api.platform.errors import add_error_handlers
from api.platform.middleware import RequestMiddleware
from api.platform.openapi import body_definitions, completed
from api.platform.openapi_completion import name_operations
from api.platform.openapi_webhooks import describe_webhooks
from api.platform.runs import RunLauncher
from api.platform.services import Services, utc_now
from api.v1.analytics import routes as analytics
from api.v1.attestations import evidence as attestation_evidence
from api.v1.attestations import questionnaires
from api.v1.attestations import routes as attestations
from api.v1.audit_log import routes as audit_log
from api.v1.backfills import routes as backfills_routes
from api.v1.comments import routes as comments
from api.v1.connections import routes as connections
from api.v1.deliveries import routes as deliveries
from api.v1.downloads import routes as downloads
from api.v1.evidence_requests import routes as evidence_requests
from api.v1.findings import routes as findings
from api.v1.frameworks import routes as frameworks
from api.v1.grants import routes as grants
from api.v1.health import routes as health
from api.v1.imports import routes as imports
from api.v1.keys import routes as keys
from api.v1.me import routes as me
from api.v1.milestones import routes as milestones
from api.v1.posture import requirement
from api.v1.posture import routes as posture
from api.v1.reports import preview as report_preview
from api.v1.reports import routes as reports
from api.v1.schedules import routes as schedules
from api.v1.sharing import routes as sharing
from api.v1.subscriptions import routes as subscriptions
from api.v1.tickets import routes as tickets
from api.v1.waivers import routes as waivers
from policycortex.settings import Settings

_DESCRIPTION: Final = "Generate and manage compliance reports from the findings of cloud-security scanners."
_MODULES: Final = (
    schedules,  # first: their path would otherwise match as a report id
    reports,
    report_preview,
    downloads,
    sharing,
    frameworks,
    findings,
    posture,
    requirement,
    waivers,
    imports,
    attestations,
    attestation_evidence,
    questionnaires,
    comments,
    milestones,
    evidence_requests,
    analytics,
    deliveries,
    subscriptions,
    tickets,
    backfills_routes,
    audit_log,
    grants,
    keys,
    connections,
    me,
    health,
)
"""Each with a ``router``, in the order in which paths are matched."""


def create_app(
    settings: Settings,
    *,
    launcher: RunLauncher | None = None,
    backfills: Backfills | None = None,
    now: Callable[[], datetime] = utc_now,
) -> FastAPI:
    """The API for ``settings``. Runs and backfills go to Dagster unless others are given. Opens nothing yet."""
    services = Services(
        settings=settings,
        launcher=launcher or DagsterRuns(settings),
        backfills=backfills or DagsterBackfills(settings),
        now=now,
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        services.close()

    app = FastAPI(
        title="PolicyCortex Reports API",
        description=_DESCRIPTION,
        version=version("policycortex-reports"),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.services = services
    for module in _MODULES:
        app.router.routes.extend(module.router.routes)
    for router in (sharing.links_router, analytics.compare_router, docs_router):
        app.router.routes.extend(router.routes)
    describe_webhooks(app)
    add_error_handlers(app)
    app.add_middleware(RequestMiddleware, services=services)
    name_operations(app.routes)
    app.openapi = lambda: _describe(app)  # type: ignore[method-assign] # FastAPI's documented way
    return app


def _describe(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            description=_DESCRIPTION,
            license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
            servers=[{"url": app.state.services.settings.public_url or "/"}],
            routes=app.routes,
            webhooks=app.webhooks.routes,
        )
        document["components"]["schemas"] |= body_definitions()
        app.openapi_schema = completed(document)
    return app.openapi_schema
