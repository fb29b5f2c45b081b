"""The same client for asyncio. ``AsyncClient`` has the methods of ``Client`` under the same names, each awaited.

All modules except this one and ``walking`` are generated from the modules of the same name in ``policycortex_client``
by ``clients/python/generate_async.py``; a change goes there. Values and errors are shared.
Files on disk are read and written in blocking steps of at most one MiB, or as one small file.
"""

from policycortex_client.aio.client import AsyncClient

__all__ = ["AsyncClient"]
