"""Opens pages in this process, and sends the calls of the API that each page makes by themselves.

Both sides go through the same client and no network, so that their CPU times can be compared.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ORIGIN = "http://127.0.0.1:8000"


@dataclass
class CallRecorder:
    """The API as the console calls it; it keeps the address and the status of each call."""

    api: ASGIApp
    calls: list[tuple[str, int]] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one call on."""

        async def record(message: Message) -> None:
            if message["type"] == "http.response.start":
                query = scope["query_string"].decode()
                self.calls.append((f"{scope['path']}{'?' if query else ''}{query}", message["status"]))
            await send(message)

        await self.api(scope, receive, record)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """CPU time of one opening, in milliseconds."""

    page_ms: float
    calls_ms: float
    calls: int


class Walk:
    """A person in the console, and a program with the same key."""

    def __init__(self, console: ASGIApp, recorder: CallRecorder, token: str) -> None:
        self._recorder, self._token = recorder, token
        self._person = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=console),
            base_url=_ORIGIN,
            headers={"Accept": "text/html", "Origin": _ORIGIN},
        )
        self._program = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=recorder.api),
            base_url=_ORIGIN,
            headers={"Authorization": f"Bearer {token}"},
        )

    async def sign_in(self) -> None:
        """By the key. Raises SystemExit when it is refused."""
        answer = await self._person.post("/sign-in", data={"secret": self._token})
        if answer.status_code != 303:
            raise SystemExit(f"the sign-in was refused: {answer.text[:400]}")

    async def open(self, path: str, times: int) -> Cost:
        """The mean of several openings, after one that is not counted. Raises SystemExit on an error."""
        await self._open_page(path)
        calls = tuple(self._recorder.calls)
        await self._send(calls)
        page = await self._spent_on_page(path, times)
        began = time.process_time()
        for _ in range(times):
            await self._send(calls)
        return Cost(
            page_ms=page / times * 1000, calls_ms=(time.process_time() - began) / times * 1000, calls=len(calls)
        )

    async def _spent_on_page(self, path: str, times: int) -> float:
        began = time.process_time()
        for _ in range(times):
            await self._open_page(path)
        return time.process_time() - began

    async def _open_page(self, path: str) -> None:
        self._recorder.calls.clear()
        answer = await self._person.get(path)
        if answer.status_code != 200:
            raise SystemExit(f"{path} answered {answer.status_code}: {answer.text[:400]}")

    async def _send(self, calls: Sequence[tuple[str, int]]) -> None:
        for call, status in calls:
            answer = await self._program.get(call)
            if answer.status_code != status:  # readiness is 503 here, as Dagster does not run
                raise SystemExit(f"{call} answered {answer.status_code}: {answer.text[:400]}")
