"""HTTP calls to issue trackers: JSON in both directions, and what an answer means for the next attempt."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from policycortex.channels.address_guard import AddressGuard
from policycortex.channels.http_client import NEVER_ACCEPTED, Answer, HttpClient, check_url
from policycortex.errors import DeliveryDeferredError, DeliveryRefusedError, DeliveryUncertainError

_LONGEST_ANSWER: Final = 16 << 20
"""A page of a hundred tickets with their texts."""
_LIMIT_SECONDS: Final = 60.0
"""After a limit without a time: GitHub asks for at least a minute."""
_OTHER_END: Final = 3 * 3600.0
"""A reset further away is a wrong clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackerCalls:
    """Calls to one tracker with the credentials of its connection."""

    tracker: str
    """For messages: ``Jira``."""
    base_url: str
    headers: Mapping[str, str]
    timeout_seconds: float
    ca_file: str | None

    def read(self, path: str) -> Any:  # noqa: ANN401 - any JSON
        """GET. Raises DeliveryRefusedError and DeliveryDeferredError: reading changes nothing."""
        return self.read_page(path)[0]

    def read_page(self, path: str) -> tuple[Any, Mapping[str, str]]:
        """GET; the JSON and the headers, names in lower case. Raises as ``read``."""
        try:
            answer = self._call("GET", path, b"")
            self._require(answer, {200})
            return _parsed(self.tracker, answer), answer.headers
        except DeliveryUncertainError as error:
            raise DeliveryDeferredError(str(error)) from error

    def write(self, method: str, path: str, body: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON
        """POST or PATCH; None where the answer is empty. Raises as the functions of a ``Tracker``."""
        answer = self._call(method, path, json.dumps(body, ensure_ascii=False).encode())
        self._require(answer, {200, 201, 204})
        return _parsed(self.tracker, answer) if answer.text.strip() else None

    def _call(self, method: str, path: str, body: bytes) -> Answer:
        check_url(self.base_url, schemes=("https",))
        client = HttpClient(
            guard=AddressGuard.anywhere(),
            timeout_seconds=self.timeout_seconds,
            ca_file=self.ca_file,
            most_answer_bytes=_LONGEST_ANSWER,
        )
        sent = {"Accept": "application/json", **self.headers}
        if body:
            sent["Content-Type"] = "application/json; charset=utf-8"
        return client.call(method, f"{self.base_url.rstrip('/')}{path}", body, sent)

    def _require(self, answer: Answer, statuses: set[int]) -> None:
        """Raises unless the answer has one of these statuses."""
        if answer.status in statuses:
            return
        reason = f"{self.tracker} answered with status {answer.status}: {' '.join(answer.text.split())[:300]}"
        if (seconds := _limited_for(answer)) is not None:
            raise DeliveryDeferredError(reason, retry_after_seconds=seconds)
        if answer.status == 408 or (answer.status >= 500 and answer.status not in NEVER_ACCEPTED):
            raise DeliveryUncertainError(reason)
        raise DeliveryRefusedError(reason)


def _limited_for(answer: Answer) -> float | None:
    """Seconds to wait where the answer is about a limit of requests; None for any other answer.

    GitHub answers with 403 or 429, by ``Retry-After``, or by ``X-RateLimit-Reset`` once nothing remains; a secondary
    limit may name no time.
    """
    requested = answer.retry_after_seconds
    if answer.status in {429, 503} and (requested is not None or answer.status == 429):
        return requested if requested is not None else _until_reset(answer) or _LIMIT_SECONDS
    if answer.status != 403:
        return None
    if requested is not None:
        return requested
    if answer.headers.get("x-ratelimit-remaining") == "0":
        return _until_reset(answer) or _LIMIT_SECONDS
    return _LIMIT_SECONDS if "rate limit" in answer.text.lower() else None


def _until_reset(answer: Answer) -> float | None:
    value = answer.headers.get("x-ratelimit-reset", "")
    if not value.isdigit():
        return None
    return min(max(float(value) - time.time(), 1.0), _OTHER_END)


def _parsed(tracker: str, answer: Answer) -> Any:  # noqa: ANN401 - any JSON
    """The JSON of an answer. Raises DeliveryUncertainError: what was requested may have happened."""
    try:
        return json.loads(answer.text)
    except ValueError as error:
        raise DeliveryUncertainError(f"{tracker} answered with {answer.status} and no JSON") from error
