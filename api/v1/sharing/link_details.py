"""What a link leads to, before anything is downloaded: it does not use up a link for one download."""

from fastapi import Request

from api.platform.audit import note
from api.platform.services import Services
from api.v1.downloads.file_responses import file_name
from api.v1.downloads.proofs import read_small_file, signature_name
from api.v1.sharing.link_downloads import access_by, find_linked_file
from api.v1.sharing.presenters import present_details
from api.v1.sharing.schemas import LinkDetails, LinkSigner
from policycortex.names import ReportFormat
from policycortex.requests import ReportRequest, request_from_json
from policycortex.security.manifest import CERTIFICATE_NAME
from policycortex.security.signer_description import describe_signer
from policycortex.storage.registry import LinkRow, ReportRow
from policycortex.workflow.organization_words import load_organization_words


def describe_link(request: Request, services: Services, token: str) -> LinkDetails:
    """The details. Raises as ``follow_link``.

    Who has the link and not the password of the file learns nothing that is behind the password. Reports of earlier
    versions do not tell whether they have one.
    """
    link, report, artifact = find_linked_file(request, services, token)
    is_open = report.made_with is not None and not report.made_with.get("is_protected")
    order = request_from_json(report.order)
    services.read_log.add(access_by(request, services, link, "read"))
    note(details={"format": link.format.value})
    return present_details(
        link,
        report,
        artifact,
        saved_as=file_name(report, artifact.extension),
        request=order if is_open else None,
        organization=load_organization_words(services.settings, link.organization).name or link.organization,
        signer=_signer(services, link, report, order) if is_open else None,
    )


def _signer(services: Services, link: LinkRow, report: ReportRow, order: ReportRequest) -> LinkSigner | None:
    """None for a file without signature: copies for recipients have one only as PDF."""
    is_pdf = link.format is ReportFormat.PDF
    if not order.is_signed or (link.file_name is not None and not is_pdf):
        return None
    pem = read_small_file(services, report, CERTIFICATE_NAME)
    if pem is None or not (is_pdf or _has_signature(services, report, link.format)):
        return None
    found = describe_signer(pem)
    return LinkSigner(
        subject=found.subject,
        sha256=found.sha256,
        valid_until=found.valid_until,
        is_of_an_authority=found.is_of_an_authority,
        signature="in_file" if is_pdf else "beside",
    )


def _has_signature(services: Services, report: ReportRow, report_format: ReportFormat) -> bool:
    name = signature_name(report_format)
    return any(file.name == name for file in services.registry.reports.list_files(report.id))
