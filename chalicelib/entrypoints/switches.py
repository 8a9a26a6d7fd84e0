"""The operator's switches."""

from __future__ import annotations

import msgspec
from chalice.app import Blueprint

from chalicelib import wiring
from chalicelib.domain.decision import Switches
from chalicelib.domain.errors import BadRequest
from chalicelib.domain.playbook.channels import is_channel
from chalicelib.entrypoints import bodies, http

blueprint = Blueprint(__name__)


class SwitchesBody(msgspec.Struct, forbid_unknown_fields=True):
    """What is to be off. A name with a slip in it is refused: taken as nothing it would turn all on again."""

    sending: bool = True
    channels: dict[str, bool] = {}
    messages: dict[str, bool] = {}


@blueprint.route("/v1/switches", methods=["GET"], **http.ANY)
@http.answers(blueprint, scope="operate")
def read_switches(_: http.Incoming) -> Switches:
    """Everything that was ever turned; what is not named is on."""
    return wiring.set_switches().read()


@blueprint.route("/v1/switches", methods=["PUT"], **http.ANY)
@http.answers(blueprint, scope="operate", body="json")
def put_switches(incoming: http.Incoming) -> Switches:
    """Replace all switches."""
    asked = bodies.typed(incoming.json, SwitchesBody)
    for channel in asked.channels:
        if not is_channel(channel):
            raise BadRequest(
                "unknown-channel", "Name a channel of the playbook, like `sms`.", f"channels.{channel}"
            )
    return wiring.set_switches()(Switches(asked.sending, asked.channels, asked.messages))
