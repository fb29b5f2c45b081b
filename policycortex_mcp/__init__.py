"""Tools for assistants, by the Model Context Protocol: at ``/mcp`` of the API, and over standard input and output.

Each tool calls the documented API with the caller's own key, so that scopes, limits and the audit log are those of the
API. Nothing is calculated here; what a tool lacks goes to the API first. Needs the extra ``mcp``.
"""
