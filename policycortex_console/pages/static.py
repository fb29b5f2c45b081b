"""Style sheets, the script and fonts, from a fixed list of files."""

from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from policycortex.documents.template_files import templates_folder

_FILES: Final = {
    "console.css": ("console/static/console.css", "text/css"),
    "console.js": ("console/static/console.js", "text/javascript"),
    "htmx.min.js": ("console/static/htmx.min.js", "text/javascript"),
    "Inter-Regular.ttf": ("fonts/Inter-Regular.ttf", "font/ttf"),
    "Inter-SemiBold.ttf": ("fonts/Inter-SemiBold.ttf", "font/ttf"),
    "JetBrainsMono-Regular.ttf": ("fonts/JetBrainsMono-Regular.ttf", "font/ttf"),
}
"""By name in the address: path below the templates folder, and media type."""


async def send_static(request: Request) -> Response:
    """One of the files; browsers ask again whether it changed."""
    found = _FILES.get(request.path_params["name"])
    if found is None:
        raise HTTPException(404)
    path, media_type = found
    return FileResponse(templates_folder() / path, media_type=media_type, headers={"Cache-Control": "no-cache"})


ROUTES: Final = (Route("/static/{name}", send_static, methods=["GET"]),)
