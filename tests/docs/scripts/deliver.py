"""Sends a report over the example channel to a receiver on loopback; prints what arrived."""

import json
import os
import sys
from pathlib import Path

import trustme

from policycortex.channels.connections import load_connections
from policycortex.channels.model import Destination
from policycortex.channels.registry import installed_channels
from policycortex.channels.sending import check_connection, send
from policycortex.requests.destinations import schedule_delivery_body
from tests.support.ledger import settings_of
from tests.support.receivers import tls_receiver
from tests.support.samples.delivery import NOW, sample_content, sample_file

folder, authority = Path(sys.argv[1]), trustme.CA()
authority.cert_pem.write_to_path(str(folder / "ca.pem"))
board = {"type": "board", "url": "env:BOARD_URL", "ca_file": str(folder / "ca.pem")}
settings = settings_of(folder, {"board": board}, allow_networks=["127.0.0.0/8", "::1/128"])
with tls_receiver(authority) as receiver:
    os.environ["BOARD_URL"] = receiver.url
    connections = load_connections(settings)
    check_connection(connections, "board")
    destination = Destination(channel="board", connection="board", target="", message="Report of {{date}}")
    receipt = send(connections, destination, sample_content(sample_file(folder)), now=NOW)
    message = receiver.calls[0].json
is_known = "board" in schedule_delivery_body(installed_channels()).model_fields
print(json.dumps([receipt.answer, message["lines"][0], message["links"], is_known]))
