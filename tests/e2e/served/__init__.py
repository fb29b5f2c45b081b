"""Tests that share one served installation: it starts before the first of them and stops after the last.

A test that stops or kills the whole installation starts its own. Tests of the command line stay in ``tests/e2e``.
"""
