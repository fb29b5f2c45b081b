"""docs/errors.md, made of the table of codes: ``python -m api.platform.error_docs > docs/errors.md``."""

import sys
from typing import Final

from api.platform.error_codes import ALL, ErrorCode

_HEAD: Final = """# Error codes

Made of `api/platform/error_codes.py` by `python -m api.platform.error_docs`; a test holds them together.

Every error answer is JSON of this shape; its `request_id` is also in `X-Request-Id` and in the log:

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

`details` names every problem at once, each with a dotted `field`; it is left out where no field is at fault. Answers to
`401` carry `WWW-Authenticate`, `405` carries `Allow`, `429` and `503` carry `Retry-After`. A client decides by
`error_code`; descriptions are for people and may change.

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
