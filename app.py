"""The Chalice application: it registers the blueprints, one for each kind of trigger, and is nothing else."""

from __future__ import annotations

from chalice.app import Chalice

from chalicelib.entrypoints import (
    collect,
    decide,
    experiments,
    feedback,
    health,
    inbox,
    ingest,
    jobs,
    moments,
    pages,
    playbook,
    profiles,
    quarantine,
    relay,
    send,
    switches,
    tick,
)

app = Chalice(app_name="topeka")
# Everything comes base64-encoded from API Gateway: as text it would spoil gzip bodies.
app.api.binary_types = ["*/*"]

for module in (
    collect, decide, inbox, profiles, quarantine, playbook, experiments, moments, switches, pages, health,
):  # fmt: skip
    app.register_blueprint(module.blueprint)
for module in (ingest, relay, send, feedback, tick, jobs):
    app.register_blueprint(module.blueprint)
