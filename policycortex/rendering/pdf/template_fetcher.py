"""What a page for print may read: files of templates and the order's logo, and no other address."""

import mimetypes
from pathlib import Path
from typing import Final

from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

from policycortex.documents.branding import Logo
from policycortex.documents.template_files import read_inside, templates_folder

SCHEME: Final = "templates:"
OWN_SCHEME: Final = "template:"
LOGO_ADDRESS: Final = "logo:brand"
"""The only addresses a page may read: files of the built-in templates, of the custom one, and the order's logo."""


class TemplatesFetcher(URLFetcher):  # type: ignore[misc]
    """Serves files of the templates folders and the request's logo; refuses every other address."""

    def __init__(self, own: Path | None = None, logo: Logo | None = None) -> None:
        super().__init__()
        self._folders = {SCHEME: templates_folder()} | ({OWN_SCHEME: own} if own is not None else {})
        self._logo = logo

    def fetch(self, url: str, headers: object = None) -> URLFetcherResponse:  # noqa: ARG002 - WeasyPrint's signature
        """The bytes of one template file. Raises FatalURLFetchingError, which ends the rendering, on anything else."""
        if url == LOGO_ADDRESS and self._logo is not None:
            return URLFetcherResponse(url, body=self._logo.content, headers={"Content-Type": self._logo.media_type})
        scheme, _, name = url.partition(":")
        folder = self._folders.get(f"{scheme}:")
        path = read_inside(folder, name) if folder is not None else None
        if path is None:
            raise FatalURLFetchingError(f"a report may only read its own templates, not {url[:200]}")
        media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        return URLFetcherResponse(url, body=path.read_bytes(), headers={"Content-Type": media_type})
