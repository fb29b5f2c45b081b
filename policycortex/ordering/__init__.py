"""Orders: from the words of a request to a value that the API, the command line and schedules share."""

from policycortex.ordering.body import Known
from policycortex.ordering.model import Delivery, ReportOrder, order_from_json, order_to_json
from policycortex.ordering.parsing import parse_order

__all__ = ["Delivery", "Known", "ReportOrder", "order_from_json", "order_to_json", "parse_order"]
