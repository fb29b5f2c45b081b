"""All error codes with status, meaning and advice. docs/errors.md is generated from this table."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorCode:
    """One kind of error response."""

    code: str
    error: str
    """The documented identifier, such as ``invalid_report_config``."""
    status: int
    meaning: str
    advice: str
    possible_causes: tuple[str, ...] = ()
    """Part of the body where the documentation shows it."""


INVALID_CONFIG: Final = ErrorCode(
    code="RPT_001",
    error="invalid_report_config",
    status=400,
    meaning="The request's body is not valid.",
    advice="Correct the fields that `details` lists.",
)
REPORT_NOT_FOUND: Final = ErrorCode(
    code="RPT_002",
    error="report_not_found",
    status=404,
    meaning="The key's organisation has no such report or link, or it was deleted or has expired.",
    advice="List the reports; create a new link.",
    possible_causes=("Report ID is invalid", "Report has been deleted", "Download link has expired"),
)
CONFLICT: Final = ErrorCode(
    code="RPT_003",
    error="conflict",
    status=409,
    meaning="The report's state does not allow this, or the Idempotency-Key was used with another request.",
    advice="Read the report's `status`; use a new Idempotency-Key for another request.",
)
UNAUTHORIZED: Final = ErrorCode(
    code="RPT_004",
    error="unauthorized",
    status=401,
    meaning="The key is missing, unknown, expired or revoked.",
    advice="Send `Authorization: Bearer sk_live_...`; create a key with `policycortex keys create`.",
)
FORBIDDEN: Final = ErrorCode(
    code="RPT_005",
    error="forbidden",
    status=403,
    meaning="The key is valid, but lacks the scope, or is not allowed from this address.",
    advice="Use a key with the scope that the response names.",
)
PATH_NOT_FOUND: Final = ErrorCode(
    code="RPT_006",
    error="not_found",
    status=404,
    meaning="The path does not exist.",
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
    meaning="The body is larger than the limit.",
    advice="The response names the limit.",
)
WRONG_MEDIA_TYPE: Final = ErrorCode(
    code="RPT_009",
    error="unsupported_media_type",
    status=415,
    meaning="The media type or the content coding of the body is not supported.",
    advice="Send `Content-Type: application/json`, without `Content-Encoding`.",
)
INPUT_UNREADABLE: Final = ErrorCode(
    code="RPT_010",
    error="input_unreadable",
    status=400,
    meaning="A file, framework or record cannot be read.",
    advice="The description names the place and the reason.",
)
CONFIGURATION: Final = ErrorCode(
    code="RPT_011",
    error="configuration_error",
    status=500,
    meaning="A setting, framework file, template or connection of the installation is wrong.",
    advice="Tell the operator of the installation; the description names the problem.",
)
RENDERING: Final = ErrorCode(
    code="RPT_012",
    error="rendering_failed",
    status=500,
    meaning="A report file could not be rendered.",
    advice="Read the report's `failure`; request the report again after a change.",
)
INTEGRITY: Final = ErrorCode(
    code="RPT_013",
    error="integrity_error",
    status=500,
    meaning="A stored file was changed since it was made; it is not sent.",
    advice="Request the report again, or restore the file from a backup.",
)
FILE_MISSING: Final = ErrorCode(
    code="RPT_022",
    error="file_missing",
    status=410,
    meaning="The report was completed, but its file is no longer in the store.",
    advice="Request the report again, or restore the file from a backup.",
)
DATA_NOT_KEPT: Final = ErrorCode(
    code="RPT_023",
    error="data_not_kept",
    status=410,
    meaning="The data of that time, or the framework as it was then, is not kept any more.",
    advice="Take a later `known_on`, which the description names, or request a report on the newest data.",
)
INVALID_REQUEST: Final = ErrorCode(
    code="RPT_014",
    error="invalid_request",
    status=400,
    meaning="A parameter or header of the request is not valid or unknown.",
    advice="Correct the parameters that `details` lists.",
)
RATE_LIMITED: Final = ErrorCode(
    code="RPT_015",
    error="rate_limited",
    status=429,
    meaning="The key, or without a valid key the address, exceeded its rate limit.",
    advice="Wait for the seconds in `Retry-After`; the `RateLimit` headers show what remains.",
)
RANGE: Final = ErrorCode(
    code="RPT_016",
    error="range_not_satisfiable",
    status=416,
    meaning="The `Range` is outside the file.",
    advice="`Content-Range` has the file's size.",
)
PRECONDITION: Final = ErrorCode(
    code="RPT_017",
    error="precondition_failed",
    status=412,
    meaning="The resource changed since it was read: `If-Match` does not match.",
    advice="Read it again and send the new `ETag`.",
)
FORMAT_NOT_MADE: Final = ErrorCode(
    code="RPT_018",
    error="format_not_found",
    status=404,
    meaning="The report exists, but has no file of this format.",
    advice="Read `formats` in the report's details.",
)
HEADERS_TOO_LARGE: Final = ErrorCode(
    code="RPT_019",
    error="headers_too_large",
    status=431,
    meaning="The request's headers or URL are longer than the limit.",
    advice="Shorten them.",
)
DELIVERY_REFUSED: Final = ErrorCode(
    code="RPT_020",
    error="delivery_refused",
    status=502,
    meaning="A destination refuses the delivery, or its connection is wrong; a retry would not help.",
    advice="Correct the destination or the connection; then replay the delivery.",
)
DELIVERY_UNCERTAIN: Final = ErrorCode(
    code="RPT_021",
    error="delivery_uncertain",
    status=502,
    meaning="The data was sent to the destination, but no response arrived.",
    advice="Check at the destination whether it arrived; replay the delivery only if it did not.",
)
INTERNAL: Final = ErrorCode(
    code="RPT_500",
    error="internal_error",
    status=500,
    meaning="An unexpected error; the log has it under the response's `request_id`.",
    advice="Tell the operator of the installation the `request_id`.",
)
UNAVAILABLE: Final = ErrorCode(
    code="RPT_503",
    error="service_unavailable",
    status=503,
    meaning="A part of the system is unavailable. Nothing was changed.",
    advice="Send the same request again after the seconds in `Retry-After`.",
)

ALL: Final = (
    INVALID_CONFIG, REPORT_NOT_FOUND, CONFLICT, UNAUTHORIZED, FORBIDDEN, PATH_NOT_FOUND, METHOD_NOT_ALLOWED, TOO_LARGE,
    WRONG_MEDIA_TYPE, INPUT_UNREADABLE, CONFIGURATION, RENDERING, INTEGRITY, INVALID_REQUEST, RATE_LIMITED, RANGE,
    PRECONDITION, FORMAT_NOT_MADE, HEADERS_TOO_LARGE, DELIVERY_REFUSED,
    DELIVERY_UNCERTAIN, FILE_MISSING, DATA_NOT_KEPT, INTERNAL, UNAVAILABLE,
)  # fmt: skip
BY_CODE: Final = {entry.code: entry for entry in ALL}
