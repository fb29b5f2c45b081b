"""The documented responses as examples of the OpenAPI document. Additional fields follow the documented ones."""

from typing import Any, Final

_ID: Final = "rpt_1234567890abcdef"
_HOST: Final = "https://api.policycortex.com"
_ACCESS: Final = {
    "visibility": "organization",
    "can_download": True,
    "can_delete": False,
    "can_share": False,
    "expires_at": None,
}
_NAMED: Final = {
    "id": _ID,
    "name": "Q1 2024 SOC 2 Compliance Report",
    "type": "compliance",
    "framework": "soc2",
    "status": "completed",
    "generated_at": "2024-04-01T10:00:00Z",
}

LIST: Final[dict[str, Any]] = {
    "reports": [
        {
            **_NAMED,
            "size": {"pages": 47, "file_size_mb": 8.3},
            "summary": {"compliance_score": 96.3, "total_violations": 18, "critical_findings": 2},
            "access": _ACCESS,
            "created_at": "2024-04-01T09:59:20Z",
        }
    ],
    "pagination": {"total": 234, "limit": 20, "offset": 0, "has_more": True},
}

DETAILS: Final[dict[str, Any]] = {
    **_NAMED,
    "content": {
        "pages": 47,
        "sections": [
            {"name": "Executive Summary", "pages": 3},
            {"name": "Control Assessment", "pages": 28},
            {"name": "Findings", "pages": 12},
        ],
    },
    "formats": [
        {
            "format": "pdf",
            "url": f"{_HOST}/v1/reports/{_ID}/download/pdf",
            "size_mb": 8.3,
            "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "size_bytes": 8_300_000,
            "media_type": "application/pdf",
            "available": True,
        }
    ],
    "summary": {
        "overall_compliance_score": 96.3,
        "total_violations": 18,
        "critical": 2,
        "high": 4,
        "medium": 7,
        "low": 5,
        "informational": 0,
        "risk_score": 31.5,
    },
    "description": "",
    "scope": {"environments": ["production"]},
    "period": {"start": "2024-01-01T00:00:00Z", "end": "2024-04-01T00:00:00Z", "timezone": "UTC"},
    "requested_formats": ["pdf"],
    "created_at": "2024-04-01T09:59:20Z",
    "scheduled_at": None,
    "started_at": "2024-04-01T09:59:21Z",
    "ended_at": "2024-04-01T10:00:00Z",
    "progress": 100,
    "queue_position": None,
    "estimated_completion": None,
    "failure": None,
    "snapshot": "7",
    "run_id": "2f6f7c1a-5d0e-4b0e-9d0b-3d1c7b1f8a10",
    "access": _ACCESS,
}

ACCEPTED: Final[dict[str, Any]] = {
    "id": "rpt_abcdef1234567890",
    "name": "Monthly Security Assessment",
    "type": "audit",
    "framework": "iso27001",
    "status": "pending",
    "estimated_completion": "2024-02-01T09:15:00Z",
    "estimated_duration": "15m",
    "queue_position": 1,
    "monitoring": {"progress_url": f"{_HOST}/v1/reports/rpt_abcdef1234567890"},
}

INVALID_CONFIG: Final[dict[str, Any]] = {
    "error": "invalid_report_config",
    "error_description": "Report configuration validation failed",
    "error_code": "RPT_001",
    "details": [{"field": "scope.date_range.start", "message": "Start date cannot be in the future"}],
    "timestamp": "2024-01-21T16:00:00Z",
    "request_id": "req_0123456789abcdef",
}

REPORT_NOT_FOUND: Final[dict[str, Any]] = {
    "error": "report_not_found",
    "error_description": "The requested report was not found or has expired",
    "error_code": "RPT_002",
    "report_id": "rpt_invalid123",
    "possible_causes": ["Report ID is invalid", "Report has been deleted", "Download link has expired"],
    "timestamp": "2024-01-21T16:00:00Z",
    "request_id": "req_0123456789abcdef",
}
