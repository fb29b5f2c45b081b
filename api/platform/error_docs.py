"""Writes docs/errors.md from the table of codes: ``python -m api.platform.error_docs > docs/errors.md``."""

import sys
from typing import Final

from api.platform.error_codes import ALL, ErrorCode

_HEAD: Final = """# Error codes

Generated from `api/platform/error_codes.py` by `python -m api.platform.error_docs`; a test compares them.

Every error response has a JSON body of this form. Its `request_id` is also in `X-Request-Id` and in the log:

```json
{
  "error": "invalid_report_config",
  "error_description": "Report configuration validation failed",
  "error_code": "RPT_001",
  "details": [{"field": "scope.date_range.start", "message": "Start date cannot be in the future"}],
  "timestamp": "2024-01-21T16:00:00Z",
  "request_id": "req_0123456789abcdef"
}
```

`details` lists all problems at once, each with a dotted `field`; it is absent where no field is wrong. Responses with
`401` have `WWW-Authenticate`, `405` has `Allow`, `429` and `503` have `Retry-After`. Clients should use `error_code`;
descriptions are for people and can change.

| code | status | error | what happened | what to do |
| --- | --- | --- | --- | --- |
"""


def describe_errors() -> str:
    """The whole page, in Markdown."""
    return _HEAD + "".join(map(_row, sorted(ALL, key=lambda entry: entry.code)))


def _row(entry: ErrorCode) -> str:
    return f"| `{entry.code}` | {entry.status} | `{entry.error}` | {entry.meaning} | {entry.advice} |\n"


if __name__ == "__main__":
    sys.stdout.write(describe_errors())
