"""Errors of the client.

ClientError
├── ApiError                 the server refused; status, code (RPT_nnn), details
├── ConnectionFailedError    no response, also after retries
├── ReportEndedError         the report failed, was cancelled or has expired
├── WaitingEndedError        the report had not ended after the given time
└── DigestError              the received file does not have the announced digest
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
        problems = "; ".join(f"{problem.field}: {problem.message}" for problem in self.details)
        description = body.get("error_description", "the response has no documented body")
        super().__init__(f"{status} {self.code}: {description}" + (f" ({problems})" if problems else ""))


class ConnectionFailedError(ClientError):
    """The server could not be reached, or the connection broke."""


class ReportEndedError(ClientError):
    """The report ended without files."""

    def __init__(self, report: Report) -> None:
        self.report = report
        reason = f": {report.failure.message}" if report.failure else ""
        super().__init__(f"report {report.id} is {report.status}{reason}")


class WaitingEndedError(ClientError):
    """The report goes on; wait again later."""


class DigestError(ClientError):
    """Nothing was written; download again."""
