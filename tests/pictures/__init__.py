"""Programs that make the pictures of the documentation from sample data.

No test stands here. Helpers that tests use, too, go into ``tests/support``.
"""
