"""A response that sends a file: in pieces, with a name that any client can save."""

import unicodedata
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import IO, Final
from urllib.parse import quote

from anyio import CancelScope
from fastapi.responses import StreamingResponse
from starlette.types import Send

_CHUNK: Final = 1 << 18


class FileDownload(StreamingResponse):
    """Sends ``length`` bytes of the stream and closes it, also when the client leaves before the last byte was sent."""

    on_broken: Callable[[], Awaitable[None]] | None = None
    """Called when the download was not completed."""

    def __init__(self, stream: IO[bytes], length: int, *, status_code: int, headers: Mapping[str, str]) -> None:
        super().__init__(_chunks(stream, length), status_code=status_code, headers=headers)
        self._stream = stream

    async def stream_response(self, send: Send) -> None:
        """Send the file."""
        try:
            await super().stream_response(send)
        except BaseException:  # also the cancellation by which Starlette ends a download whose client left
            if self.on_broken is not None:
                with CancelScope(shield=True):
                    await self.on_broken()
            raise
        finally:
            self._stream.close()


def disposition(name: str) -> str:
    """RFC 6266: an ASCII name for old clients, and the real name where it differs."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    stem = plain.rpartition(".")[0].strip("-._")
    fallback = plain if stem else f"report{plain[plain.rfind('.') :]}"
    extended = "" if plain == name else f"; filename*=UTF-8''{quote(name, safe='')}"
    return f'attachment; filename="{fallback}"{extended}'


def _chunks(stream: IO[bytes], length: int) -> Iterator[bytes]:
    while length > 0 and (chunk := stream.read(min(_CHUNK, length))):
        length -= len(chunk)
        yield chunk
