"""Generated from ``policycortex_client/client.py`` by ``clients/python/generate_async.py``."""

from policycortex_client.aio.administration import AsyncAdministrationClient
from policycortex_client.aio.analytics import AsyncAnalyticsClient
from policycortex_client.aio.attestations import AsyncAttestationsClient
from policycortex_client.aio.comments import AsyncCommentsClient
from policycortex_client.aio.deliveries import AsyncDeliveriesClient
from policycortex_client.aio.downloads import AsyncDownloadsClient
from policycortex_client.aio.evidence_requests import AsyncEvidenceRequestsClient
from policycortex_client.aio.findings import AsyncFindingsClient
from policycortex_client.aio.frameworks import AsyncFrameworksClient
from policycortex_client.aio.grants import AsyncGrantsClient
from policycortex_client.aio.health import AsyncHealthClient
from policycortex_client.aio.imports import AsyncImportsClient
from policycortex_client.aio.keys import AsyncKeysClient
from policycortex_client.aio.milestones import AsyncMilestonesClient
from policycortex_client.aio.reports import AsyncReportsClient
from policycortex_client.aio.schedules import AsyncSchedulesClient
from policycortex_client.aio.sharing import AsyncSharingClient
from policycortex_client.aio.subscriptions import AsyncSubscriptionsClient
from policycortex_client.aio.tickets import AsyncTicketsClient
from policycortex_client.aio.waivers import AsyncWaiversClient


class AsyncClient(
    AsyncReportsClient,
    AsyncDownloadsClient,
    AsyncSharingClient,
    AsyncSchedulesClient,
    AsyncDeliveriesClient,
    AsyncSubscriptionsClient,
    AsyncTicketsClient,
    AsyncWaiversClient,
    AsyncAttestationsClient,
    AsyncCommentsClient,
    AsyncMilestonesClient,
    AsyncEvidenceRequestsClient,
    AsyncFrameworksClient,
    AsyncFindingsClient,
    AsyncGrantsClient,
    AsyncImportsClient,
    AsyncHealthClient,
    AsyncKeysClient,
    AsyncAdministrationClient,
    AsyncAnalyticsClient,
):
    """Use it as a context manager, or call ``close``. Safe to share between threads."""
