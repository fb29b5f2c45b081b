"""What can go wrong.

ClientError
├── ApiError                 the server refused; status, code (RPT_nnn), details
├── ConnectionFailedError    no answer came, also after retries
├── ReportEndedError         the report failed, was cancelled or has expired
├── WaitingEndedError        the report was still on its way when the patience ended
└── DigestError              the file received is not the file that was announced
"""

from collections.abc import Mapping
from typing import Any

from policycortex_client.model import Problem, Report


class ClientError(Exception):
    """Root of all errors of this client."""


class ApiError(ClientError):
    """The server's documented error body."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        self.status = status
        self.code = str(body.get("error_code", ""))
        self.request_id = body.get("request_id")
        self.details = tuple(Problem(field=d["field"], message=d["message"]) for d in body.get("details", ()))
        told = "; ".join(f"{problem.field}: {problem.message}" for problem in self.details)
        description = body.get("error_description", "the answer has no documented body")
        super().__init__(f"{status} {self.code}: {description}" + (f" ({told})" if told else ""))


class ConnectionFailedError(ClientError):
    """The server could not be reached, or broke off."""


class ReportEndedError(ClientError):
    """There is no report to download."""

    def __init__(self, report: Report) -> None:
        self.report = report
        reason = f": {report.failure.message}" if report.failure else ""
        super().__init__(f"report {report.id} is {report.status}{reason}")


class WaitingEndedError(ClientError):
    """Ask again later; the report goes on."""


class DigestError(ClientError):
    """Nothing was written; download again."""
