"""The deployed functions as the local stack calls them: by handler string, with JSON payloads, as Lambda does."""

from __future__ import annotations

import importlib
import json
import uuid
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

_TEMPLATE = Path(__file__).parent.parent / "functions.yaml"


@dataclass(slots=True)
class Context:
    """What a handler may ask of Lambda's context object."""

    function_name: str
    memory_limit_in_mb: int = 1024
    function_version: str = "$LATEST"
    log_group_name: str = "local"
    log_stream_name: str = "local"
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def invoked_function_arn(self) -> str:
        return f"arn:aws:lambda:us-east-1:123456789012:function:{self.function_name}"

    def get_remaining_time_in_millis(self) -> int:
        """Always ample: nothing is timed out here."""
        return 60_000


@dataclass(frozen=True, slots=True)
class Function:
    """One function: its handler string and its name in the template."""

    handler: str
    resource: str

    def invoke(self, event: dict[str, Any]) -> Any:
        """Call the handler with the event as JSON would carry it, and give its answer the same way."""
        module, name = self.handler.rsplit(".", 1)
        answer = getattr(importlib.import_module(module), name)(json.loads(json.dumps(event)), Context(name))
        return json.loads(json.dumps(answer))

    def mapping(self) -> dict[str, Any]:
        """The properties of its event source in the packaged template: batch size, retries, filters."""
        sources: dict[str, Any] = _template()["Resources"][self.resource]["Properties"]["Events"]
        properties: dict[str, Any] = next(iter(sources.values()))["Properties"]
        return properties


@cache
def _template() -> dict[str, Any]:
    import yaml

    template: dict[str, Any] = yaml.load(_TEMPLATE.read_text(), Loader=yaml.CSafeLoader)
    return template


INGEST = Function("chalicelib.entrypoints.ingest.ingest_events", "IngestEvents")
RELAY = Function("chalicelib.entrypoints.relay.relay_outbox", "RelayOutbox")
SEND = Function("chalicelib.entrypoints.send.send_deliveries", "SendDeliveries")
FEEDBACK = Function("chalicelib.entrypoints.feedback.take_feedback", "TakeFeedback")
TICK = Function("chalicelib.entrypoints.tick.tick", "Tick")
JOBS = Function("chalicelib.entrypoints.jobs.run_jobs", "RunJobs")
