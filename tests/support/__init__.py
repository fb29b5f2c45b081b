"""What several test folders share: servers, backends, served installations, readers of files, and sample data.

A test never stands here; a helper that one folder alone uses stays in that folder. Data makers go into ``samples``.
"""
