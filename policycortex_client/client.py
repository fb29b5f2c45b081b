"""The client: the methods of all groups on one connection pool."""

from policycortex_client.administration import AdministrationClient
from policycortex_client.analytics import AnalyticsClient
from policycortex_client.attestations import AttestationsClient
from policycortex_client.comments import CommentsClient
from policycortex_client.deliveries import DeliveriesClient
from policycortex_client.downloads import DownloadsClient
from policycortex_client.evidence_requests import EvidenceRequestsClient
from policycortex_client.findings import FindingsClient
from policycortex_client.frameworks import FrameworksClient
from policycortex_client.grants import GrantsClient
from policycortex_client.health import HealthClient
from policycortex_client.imports import ImportsClient
from policycortex_client.keys import KeysClient
from policycortex_client.milestones import MilestonesClient
from policycortex_client.reports import ReportsClient
from policycortex_client.schedules import SchedulesClient
from policycortex_client.sharing import SharingClient
from policycortex_client.subscriptions import SubscriptionsClient
from policycortex_client.tickets import TicketsClient
from policycortex_client.waivers import WaiversClient


class Client(
    ReportsClient,
    DownloadsClient,
    SharingClient,
    SchedulesClient,
    DeliveriesClient,
    SubscriptionsClient,
    TicketsClient,
    WaiversClient,
    AttestationsClient,
    CommentsClient,
    MilestonesClient,
    EvidenceRequestsClient,
    FrameworksClient,
    FindingsClient,
    GrantsClient,
    ImportsClient,
    HealthClient,
    KeysClient,
    AdministrationClient,
    AnalyticsClient,
):
    """Use it as a context manager, or call ``close``. Safe to share between threads."""
