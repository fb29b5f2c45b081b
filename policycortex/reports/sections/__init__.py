"""One module per section, each with one value ``SECTION``; ``reports.registry`` imports all modules of this package.

To add a section: a module here, ``templates/report/sections/<name>.html``, and its texts in the catalogues ``en.yaml``
and ``de.yaml`` (``section.<name>``, ``sheet.<name>`` and its own). Nothing else names a section.
"""
