"""Every item of a list, page by page."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import TypeVar

from policycortex_client.model import Page
from policycortex_client.transport import Filter

_Item = TypeVar("_Item")


async def walk(load: Callable[..., Awaitable[Page[_Item]]], filters: Mapping[str, Filter]) -> AsyncIterator[_Item]:
    """As in ``policycortex_client.transport``."""
    offset, page = 0, await load(**{"limit": 100, **filters})
    for item in page.items:
        yield item
    while page.has_more:
        offset += len(page.items)
        page = await load(**{"limit": 100, **filters, "offset": offset})
        for item in page.items:
            yield item
