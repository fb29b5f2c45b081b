"""Request bodies, parsed and checked into values that the API, the command line and schedules share.

No side effect: a body is accepted or refused with all its problems. What a request starts goes to
``policycortex.workflow``.
"""

from policycortex.requests.body import Known
from policycortex.requests.model import Delivery, ReportRequest, request_from_json, request_to_json
from policycortex.requests.parsing import parse_request

__all__ = ["Delivery", "Known", "ReportRequest", "parse_request", "request_from_json", "request_to_json"]
