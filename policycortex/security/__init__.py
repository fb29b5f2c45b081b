"""Keys, passwords, encryption, signatures, time stamps and the report manifest.

No rule about who may do what, and no check of a finished file. Access goes to ``api.platform.auth``, checking to
``policycortex.verify``.
"""
