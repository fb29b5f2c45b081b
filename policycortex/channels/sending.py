"""One door to all channels: pick the channel's ``send``, and test a connection without sending a report.

The clients of SSH and clouds are imported where they are used: 0.7 s and 60 MB that most processes never need.
"""

from datetime import datetime
from typing import assert_never

from policycortex.channels.connections import (
    AnyConnection,
    AzureBlobConnection,
    Connections,
    EmailConnection,
    GcsConnection,
    S3Connection,
    SftpConnection,
    SlackConnection,
    TeamsConnection,
    WebhookConnection,
)
from policycortex.channels.mail import check_mail, send_mail
from policycortex.channels.model import DeliveryContent, Destination, Receipt
from policycortex.channels.slack import check_slack, send_slack
from policycortex.channels.teams import check_teams, send_teams
from policycortex.channels.webhook import check_webhook, send_webhook
from policycortex.errors import DeliveryRefusedError


def send(connections: Connections, destination: Destination, content: DeliveryContent, *, now: datetime) -> Receipt:
    """Send one report to one destination; the receipt is the proof.

    Raises DeliveryRefusedError (never), DeliveryDeferredError (later), DeliveryUncertainError (perhaps it arrived),
    NotFoundError and ConfigurationError when the connection must be mended.
    """
    connection = connections.get(destination.connection)
    if connection.type != destination.channel.value or not connection.serves(content.organization):
        raise DeliveryRefusedError(
            f"connection {destination.connection!r} is not one of type {destination.channel.value}"
            f" that {content.organization!r} may use"
        )
    match connection:
        case EmailConnection():
            return send_mail(connection, destination, content)
        case SlackConnection():
            return send_slack(connection, destination, content)
        case TeamsConnection():
            return send_teams(connection, destination, content)
        case WebhookConnection():
            return send_webhook(connection, destination, content, guard=connections.guard, now=now)
        case SftpConnection():
            from policycortex.channels.sftp import send_sftp  # noqa: PLC0415 - see above

            return send_sftp(connection, destination, content)
        case S3Connection():
            from policycortex.channels.object_storage import send_to_s3  # noqa: PLC0415 - see above

            return send_to_s3(connection, destination, content)
        case AzureBlobConnection():
            from policycortex.channels.object_storage import send_to_azure  # noqa: PLC0415 - see above

            return send_to_azure(connection, destination, content)
        case GcsConnection():
            from policycortex.channels.gcs import send_to_gcs  # noqa: PLC0415 - see above

            return send_to_gcs(connection, destination, content)
    assert_never(connection)


def check_connection(connections: Connections, name: str) -> str:
    """What the other side says when we connect and log in; nothing is delivered. Raises as ``send`` does."""
    connection: AnyConnection = connections.get(name)
    match connection:
        case EmailConnection():
            return check_mail(connection)
        case SlackConnection():
            return check_slack(connection)
        case TeamsConnection():
            return check_teams(connection)
        case WebhookConnection():
            return check_webhook(connection, guard=connections.guard)
        case SftpConnection():
            from policycortex.channels.sftp import check_sftp  # noqa: PLC0415 - see above

            return check_sftp(connection)
        case S3Connection():
            from policycortex.channels.object_storage import check_s3  # noqa: PLC0415 - see above

            return check_s3(connection)
        case AzureBlobConnection():
            from policycortex.channels.object_storage import check_azure  # noqa: PLC0415 - see above

            return check_azure(connection)
        case GcsConnection():
            from policycortex.channels.gcs import check_gcs  # noqa: PLC0415 - see above

            return check_gcs(connection)
    assert_never(connection)
