"""A typed client of the PolicyCortex Reports API. It knows the API's documentation and nothing of the server."""

from policycortex_client.client import Client
from policycortex_client.deliveries import Delivery
from policycortex_client.errors import ApiError, ConnectionFailedError, DigestError, ReportEndedError, WaitingEndedError
from policycortex_client.frameworks import Framework
from policycortex_client.model import (
    DownloadLink,
    FileInfo,
    Page,
    Problem,
    Report,
    ReportFailure,
    ReportPage,
    ReportSummary,
)
from policycortex_client.schedules import Schedule, ScheduleRun
from policycortex_client.waivers import Waiver

__all__ = [
    "ApiError",
    "Client",
    "ConnectionFailedError",
    "Delivery",
    "DigestError",
    "DownloadLink",
    "FileInfo",
    "Framework",
    "Page",
    "Problem",
    "Report",
    "ReportEndedError",
    "ReportFailure",
    "ReportPage",
    "ReportSummary",
    "Schedule",
    "ScheduleRun",
    "WaitingEndedError",
    "Waiver",
]
