"""A typed client of the PolicyCortex Reports API. It knows the API's documentation and nothing of the server."""

from policycortex_client.client import Client
from policycortex_client.errors import ApiError, ConnectionFailedError, DigestError, ReportEndedError, WaitingEndedError
from policycortex_client.model import DownloadLink, FileInfo, Problem, Report, ReportFailure, ReportPage, ReportSummary

__all__ = [
    "ApiError",
    "Client",
    "ConnectionFailedError",
    "DigestError",
    "DownloadLink",
    "FileInfo",
    "Problem",
    "Report",
    "ReportEndedError",
    "ReportFailure",
    "ReportPage",
    "ReportSummary",
    "WaitingEndedError",
]
