"""Runs a command of policycortex on the home that is the first argument."""

import sys

from policycortex_cli import main

sys.argv[1:] = [*sys.argv[2:], "--home", sys.argv[1]]
main()
