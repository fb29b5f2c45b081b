"""A typed Python client of the PolicyCortex Reports API.

It imports nothing of the server and knows only the documented API. What the API does not offer goes to the API first.
"""

from policycortex_client.aio import AsyncClient
from policycortex_client.attestations import Attestation, ImportedQuestionnaire
from policycortex_client.client import Client
from policycortex_client.comments import Comment
from policycortex_client.deliveries import Delivery
from policycortex_client.errors import ApiError, ConnectionFailedError, DigestError, ReportEndedError, WaitingEndedError
from policycortex_client.evidence_requests import EvidenceRequest
from policycortex_client.findings import FindingsPage
from policycortex_client.frameworks import Framework
from policycortex_client.grants import Grant
from policycortex_client.health import PartState
from policycortex_client.imports import Import
from policycortex_client.milestones import Milestone
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
from policycortex_client.request_bodies import DateRange, FormatOptions, ReportRequest, ReportScope
from policycortex_client.schedules import Schedule, ScheduleRun
from policycortex_client.waivers import Waiver

__all__ = [
    "ApiError",
    "AsyncClient",
    "Attestation",
    "Client",
    "Comment",
    "ConnectionFailedError",
    "DateRange",
    "Delivery",
    "DigestError",
    "DownloadLink",
    "EvidenceRequest",
    "FileInfo",
    "FindingsPage",
    "FormatOptions",
    "Framework",
    "Grant",
    "Import",
    "ImportedQuestionnaire",
    "Milestone",
    "Page",
    "PartState",
    "Problem",
    "Report",
    "ReportEndedError",
    "ReportFailure",
    "ReportPage",
    "ReportRequest",
    "ReportScope",
    "ReportSummary",
    "Schedule",
    "ScheduleRun",
    "WaitingEndedError",
    "Waiver",
]
