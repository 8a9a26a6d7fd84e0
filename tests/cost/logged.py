"""What a handler logs as deployed: its JSON lines from INFO on, and its metrics, which are lines as well."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(slots=True)
class Logged:
    """Bytes of all lines, and the names of the custom metrics in them."""

    bytes: int = 0
    metrics: set[str] = field(default_factory=set)


@contextlib.contextmanager
def logged() -> Iterator[Logged]:
    """Counts what is logged inside; complete when it is left."""
    from chalicelib.entrypoints.batches import logger

    told, lines, printed = Logged(), io.StringIO(), io.StringIO()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(logger.registered_formatter)
    kept, disabled = logger._logger.handlers, logging.root.manager.disable
    logger._logger.handlers = [handler]
    level = logger._logger.level
    logger._logger.setLevel(logging.INFO)
    logging.disable(logging.NOTSET)
    metrics = os.environ.get("POWERTOOLS_METRICS_DISABLED")
    os.environ["POWERTOOLS_METRICS_DISABLED"] = "false"
    try:
        with contextlib.redirect_stdout(printed):
            yield told
    finally:
        logger._logger.handlers = kept
        logger._logger.setLevel(level)
        logging.disable(disabled)
        os.environ["POWERTOOLS_METRICS_DISABLED"] = metrics or "true"
        told.bytes = len(lines.getvalue().encode()) + len(printed.getvalue().encode())
        told.metrics = {name for line in printed.getvalue().splitlines() for name in _metrics_in(line)}


def _metrics_in(line: str) -> Iterator[str]:
    """Names of metrics in CloudWatch's embedded metric format."""
    if line.startswith("{"):
        for directive in json.loads(line).get("_aws", {}).get("CloudWatchMetrics", ()):
            yield from (metric["Name"] for metric in directive["Metrics"])
