"""The one table of error codes: what the API answers, the status, the meaning. docs/errors.md is made of it."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorCode:
    """One kind of error answer."""

    code: str
    error: str
    """Machine's word, as documented: ``invalid_report_config``."""
    status: int
    meaning: str
    advice: str
    possible_causes: tuple[str, ...] = ()
    """Sent with the answer where the documentation does so."""


INVALID_CONFIG: Final = ErrorCode(
    code="RPT_001",
    error="invalid_report_config",
    status=400,
    meaning="The request's body is not valid.",
    advice="`details` names every field to mend, all at once.",
)
REPORT_NOT_FOUND: Final = ErrorCode(
    code="RPT_002",
    error="report_not_found",
    status=404,
    meaning="No such report for this key's organisation, or it was deleted or has expired; so for a download link.",
    advice="List the reports to see which exist; ask for a new link.",
    possible_causes=("Report ID is invalid", "Report has been deleted", "Download link has expired"),
)
CONFLICT: Final = ErrorCode(
    code="RPT_003",
    error="conflict",
    status=409,
    meaning="The report's state does not allow this, or an Idempotency-Key came with another request before.",
    advice="Read the report's `status`; use a fresh Idempotency-Key for another request.",
)
UNAUTHORIZED: Final = ErrorCode(
    code="RPT_004",
    error="unauthorized",
    status=401,
    meaning="No key was sent, or it is unknown, expired or revoked.",
    advice="Send `Authorization: Bearer sk_live_...`; make a key with `policycortex keys create`.",
)
FORBIDDEN: Final = ErrorCode(
    code="RPT_005",
    error="forbidden",
    status=403,
    meaning="The key is good, but lacks the scope, or may not be used from this address.",
    advice="Use a key that has the scope the answer names.",
)
PATH_NOT_FOUND: Final = ErrorCode(
    code="RPT_006",
    error="not_found",
    status=404,
    meaning="Nothing stands at this path.",
    advice="`/docs` lists all paths.",
)
METHOD_NOT_ALLOWED: Final = ErrorCode(
    code="RPT_007",
    error="method_not_allowed",
    status=405,
    meaning="The path exists, but not with this method.",
    advice="The `Allow` header names the methods.",
)
TOO_LARGE: Final = ErrorCode(
    code="RPT_008",
    error="payload_too_large",
    status=413,
    meaning="The body is larger than the API takes.",
    advice="The answer names the limit.",
)
WRONG_MEDIA_TYPE: Final = ErrorCode(
    code="RPT_009",
    error="unsupported_media_type",
    status=415,
    meaning="The body is not of a media type that is read here.",
    advice="Send `Content-Type: application/json`.",
)
INPUT_UNREADABLE: Final = ErrorCode(
    code="RPT_010",
    error="input_unreadable",
    status=400,
    meaning="A file, framework or record cannot be read.",
    advice="The description says where and why.",
)
CONFIGURATION: Final = ErrorCode(
    code="RPT_011",
    error="configuration_error",
    status=500,
    meaning="A setting, framework file, template or connection of the installation must be mended by hand.",
    advice="Tell whoever runs the installation; the description says what is wrong.",
)
RENDERING: Final = ErrorCode(
    code="RPT_012",
    error="rendering_failed",
    status=500,
    meaning="A report could not be turned into a file.",
    advice="The report's `failure` tells more; order it again after a change.",
)
INTEGRITY: Final = ErrorCode(
    code="RPT_013",
    error="integrity_error",
    status=500,
    meaning="A stored file is not the one that was made; it is not handed out.",
    advice="Order the report again, and restore the file from a backup to find out more.",
)
INVALID_REQUEST: Final = ErrorCode(
    code="RPT_014",
    error="invalid_request",
    status=400,
    meaning="A parameter or header of the request is not valid, or is unknown.",
    advice="`details` names each one.",
)
RATE_LIMITED: Final = ErrorCode(
    code="RPT_015",
    error="rate_limited",
    status=429,
    meaning="The key made more requests than it may.",
    advice="Wait for the seconds in `Retry-After`; the `RateLimit` headers tell what is left.",
)
RANGE: Final = ErrorCode(
    code="RPT_016",
    error="range_not_satisfiable",
    status=416,
    meaning="The `Range` lies outside the file.",
    advice="`Content-Range` tells the file's size.",
)
PRECONDITION: Final = ErrorCode(
    code="RPT_017",
    error="precondition_failed",
    status=412,
    meaning="The thing changed since it was read: `If-Match` does not hold.",
    advice="Read it again, and send the new `ETag`.",
)
FORMAT_NOT_MADE: Final = ErrorCode(
    code="RPT_018",
    error="format_not_found",
    status=404,
    meaning="The report exists, but has no file of this format.",
    advice="`formats` of the report's details lists its files.",
)
HEADERS_TOO_LARGE: Final = ErrorCode(
    code="RPT_019",
    error="headers_too_large",
    status=431,
    meaning="The request's headers or address are longer than the API takes.",
    advice="Shorten them.",
)
DELIVERY_REFUSED: Final = ErrorCode(
    code="RPT_020",
    error="delivery_refused",
    status=502,
    meaning="A destination, or its connection's settings, will not take the delivery however often it is sent.",
    advice="Mend the destination or the connection; then replay the delivery.",
)
DELIVERY_UNCERTAIN: Final = ErrorCode(
    code="RPT_021",
    error="delivery_uncertain",
    status=502,
    meaning="Everything was handed to the destination, but its answer is missing.",
    advice="Ask the destination whether it came; replay the delivery only if it did not.",
)
INTERNAL: Final = ErrorCode(
    code="RPT_500",
    error="internal_error",
    status=500,
    meaning="Something failed that should not; it was logged under the answer's `request_id`.",
    advice="Tell whoever runs the installation the `request_id`.",
)
UNAVAILABLE: Final = ErrorCode(
    code="RPT_503",
    error="service_unavailable",
    status=503,
    meaning="A part of the system does not answer now. Nothing was changed.",
    advice="Send the same request again after the seconds in `Retry-After`.",
)

ALL: Final = (
    INVALID_CONFIG, REPORT_NOT_FOUND, CONFLICT, UNAUTHORIZED, FORBIDDEN, PATH_NOT_FOUND, METHOD_NOT_ALLOWED, TOO_LARGE,
    WRONG_MEDIA_TYPE, INPUT_UNREADABLE, CONFIGURATION, RENDERING, INTEGRITY, INVALID_REQUEST, RATE_LIMITED, RANGE,
    PRECONDITION, FORMAT_NOT_MADE, HEADERS_TOO_LARGE, DELIVERY_REFUSED,
    DELIVERY_UNCERTAIN, INTERNAL, UNAVAILABLE,
)  # fmt: skip
BY_CODE: Final = {entry.code: entry for entry in ALL}
