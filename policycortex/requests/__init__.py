"""Orders: from the words of a request to a value that the API, the command line and schedules share."""

from policycortex.requests.body import Known
from policycortex.requests.model import Delivery, ReportRequest, order_from_json, order_to_json
from policycortex.requests.parsing import parse_order

__all__ = ["Delivery", "Known", "ReportRequest", "order_from_json", "order_to_json", "parse_order"]
