"""What channels get: file names of the request's pattern, and tables that Excel reads."""

import codecs
import hashlib
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from policycortex.channels.connections import load_connections
from policycortex.channels.model import DeliveredFile
from policycortex.names import ReportFormat
from policycortex.storage.registry import open_registry
from policycortex.workflow.delivery_content import build_content
from policycortex.workflow.scheduling import create_schedule, run_schedule_now
from tests.support.ledger import MONTHLY, PDF, complete_report, mail_connection, settings_of

_START = datetime(2026, 3, 31, 12, 30, tzinfo=UTC)


def _files(
    home: Path, delivery: dict[str, Any], *, sign: bool = False, link_days: int = 7, **mail: object
) -> dict[str, DeliveredFile]:
    """The files of one delivery by extension, with their bytes read."""
    settings = settings_of(home, {"mail": mail_connection(25, **mail), "s3": _S3}).model_copy(
        update={"delivery_link_days": link_days}
    )
    template = {**MONTHLY["report_template"], "format_options": {"formats": ["pdf", "csv"], "sign": sign}}
    with closing(open_registry(settings)) as registry:
        body = MONTHLY | {"delivery": delivery, "report_template": template}
        schedule = create_schedule(settings, registry, body, organization="default", created_by=None, now=_START)
        (report_id,) = run_schedule_now(settings, registry, schedule, now=_START)
        complete_report(settings, registry, report_id, formats=(ReportFormat.PDF, ReportFormat.CSV))
        (row, *_), _ = registry.deliveries.list_deliveries("default", report_id=report_id)
        with build_content(settings, registry, load_connections(settings), row, now=_START) as content:
            for file in content.files:
                assert hashlib.sha256(file.path.read_bytes()).hexdigest() == file.sha256
                assert file.path.stat().st_size == file.size_bytes
            return {file.extension: file for file in content.files}


_S3 = {"type": "s3", "bucket": "b", "use_machine_identity": True}
_TO_CEO = {"email": {"recipients": ["ceo@company.com"]}}


def test_a_table_in_a_mail_begins_with_a_byte_order_mark(tmp_path: Path) -> None:
    """Excel would read it in the code page of the machine otherwise; other files stay as they are."""
    files = _files(tmp_path, _TO_CEO)
    assert files["csv"].sha256 == hashlib.sha256(codecs.BOM_UTF8 + PDF).hexdigest()
    assert files["pdf"].sha256 == hashlib.sha256(PDF).hexdigest()


@pytest.mark.parametrize(
    ("delivery", "options"),
    [
        ({"s3": {}}, {}),
        (_TO_CEO, {"sign": True}),
        (_TO_CEO, {"attachment_limit_mb": 0}),
    ],
    ids=["for programs", "signed", "linked"],
)
def test_other_tables_keep_their_bytes(tmp_path: Path, delivery: dict[str, Any], options: dict[str, Any]) -> None:
    """Programs expect no mark, a signature covers the bytes, and a link leads to the stored file."""
    assert _files(tmp_path, delivery, **options)["csv"].sha256 == hashlib.sha256(PDF).hexdigest()


def test_links_live_as_long_as_configured(tmp_path: Path) -> None:
    """A link of a mail ends after POLICYCORTEX_DELIVERY_LINK_DAYS; attached files have none."""
    linked = _files(tmp_path / "linked", _TO_CEO, link_days=3, attachment_limit_mb=0)
    assert {file.url_expires_at for file in linked.values()} == {_START + timedelta(days=3)}
    assert {file.url_expires_at for file in _files(tmp_path / "attached", _TO_CEO).values()} == {None}


def test_attached_files_have_the_names_of_the_pattern(tmp_path: Path) -> None:
    """With the date of the tick in the schedule's zone."""
    mail = {"recipients": ["ceo@company.com"], "attachment_name": "SOC 2 {{date:yyyy-MM-dd}}"}
    assert {file.name for file in _files(tmp_path, {"email": mail}).values()} == {
        "SOC 2 2026-03-31.pdf",
        "SOC 2 2026-03-31.csv",
    }
