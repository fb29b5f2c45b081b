"""A report's files, and what proves them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from policycortex_client.files import FilesTransport
from policycortex_client.model import DownloadLink


class DownloadsClient(FilesTransport):
    """Methods for files of reports. Each writes the whole file with the announced digest to ``target``, or nothing.

    All raise ApiError, ConnectionFailedError and DigestError.
    """

    def download(self, report_id: str, report_format: str, target: Path) -> Path:
        """The file of one format."""
        return self._save(f"/v1/reports/{report_id}/download/{report_format}", target)

    def download_bundle(self, report_id: str, target: Path) -> Path:
        """All files with manifest, signatures and certificate as one zip."""
        return self._save(f"/v1/reports/{report_id}/download/bundle", target)

    def download_proof(
        self, report_id: str, name: Literal["manifest", "manifest.p7s", "certificate"], target: Path
    ) -> Path:
        """The signed list of files, its signature, or the certificate."""
        return self._save(f"/v1/reports/{report_id}/download/{name}", target)

    def download_signature(self, report_id: str, report_format: str, target: Path) -> Path:
        """The signature of one file."""
        return self._save(f"/v1/reports/{report_id}/download/{report_format}/signature", target)

    def verify_stored_files(self, report_id: str) -> Mapping[str, Any]:
        """Whether the stored files are those that were made and signed, file by file with reasons, as documented.

        The server checks them; ``policycortex verify`` checks files that were downloaded.
        """
        body: Mapping[str, Any] = self._get(f"/v1/reports/{report_id}/verification")
        return body

    def follow_download_link(self, link: DownloadLink | str, target: Path) -> Path:
        """The file of a link, or of its address. A link for one download is used up by it."""
        return self._save(urlsplit(link if isinstance(link, str) else link.url).path, target)

    def get_link_details(self, link: DownloadLink | str) -> Mapping[str, Any]:
        """What a link leads to, as documented: report, size, digest, signer, end. It does not use up the link."""
        path = urlsplit(link if isinstance(link, str) else link.url).path
        body: Mapping[str, Any] = self._get(f"{path}/details")
        return body
