"""Real requests of unmodified clients, replayed with the key replaced: each must get a 200 its client understands."""

from __future__ import annotations

import gzip
import json
import re
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from infra.local.asking import Answer
from infra.local.stack import WRITE_KEY, Stack
from tests.bench.rows import Row

CAPTURES = Path("../shared/data/segment-captures")


def run() -> Sequence[Row]:
    """How many captures were refused, and how many of their events did not arrive."""
    if not CAPTURES.is_dir():
        print(f"captures: {CAPTURES} is not there, so nothing was replayed")
        return []
    captures = [json.loads(path.read_text()) for path in sorted(CAPTURES.glob("*.json"))]
    with Stack() as stack:
        refused = [one for one in captures if not _is_understood(one, _replay(stack, one))]
        counted = stack.settle()
    sent = sum(len(_events(one)) for one in captures)
    return [
        Row(f"of {len(captures)} captured requests, refused", len(refused), "requests", 0),
        Row(f"of the {sent} events in them, not taken in", sent - counted, "events", 0),
    ]


def _replay(stack: Stack, capture: dict[str, Any]) -> Answer:
    old = str(capture.get("authorization_decoded", "WK:")).partition(":")[0] or "WK"
    path = re.sub(r"(?<=/projects/)[^/]+", WRITE_KEY, capture["path"])
    headers = {"content-type": capture["headers"].get("Content-Type", "application/json")}
    if "authorization_decoded" in capture:
        headers["authorization"] = "Basic " + b64encode(f"{WRITE_KEY}:".encode()).decode()
    body = (
        json.dumps(capture["body"]).replace(f'"{old}"', f'"{WRITE_KEY}"').encode() if capture["body"] else b""
    )
    if capture["gzip"]:
        headers["content-encoding"] = "gzip"
        body = gzip.compress(body)
    return stack.request(capture["method"], path, body or None, headers=headers)


def _is_understood(capture: dict[str, Any], answer: Answer) -> bool:
    if capture["method"] == "GET":
        return answer.status == 200 and answer.json()["integrations"]["Segment.io"]["apiKey"] == WRITE_KEY
    return answer.status == 200 and answer.json() == {"success": True}


def _events(capture: dict[str, Any]) -> list[Any]:
    body = capture["body"]
    if not isinstance(body, dict):
        return []
    batch = body.get("batch")
    return batch if isinstance(batch, list) else [body]
