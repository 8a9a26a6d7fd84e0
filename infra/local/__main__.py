"""`python -m infra.local`: start the local stack, play the sample story, stay up until Ctrl-C."""

from __future__ import annotations

import errno
import importlib.util
import logging
import os
import signal
import sys
import threading
import time

from infra.local.environment import SECRET
from infra.local.stack import OPERATOR_KEY, WRITE_KEY, Stack


def main() -> int:
    """Run until interrupted."""
    started = time.monotonic()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for each in (
        signal.SIGTERM,
        signal.SIGINT,
    ):  # a shell that starts us in the background has SIGINT ignored
        signal.signal(each, signal.default_int_handler)
    port = os.environ.get("PORT") or "8000"
    if not port.isdecimal() or int(port) > 65_535:
        print(f"{port} is no port. Choose one up to 65535: make run PORT=8001", file=sys.stderr)
        return 1
    try:
        with Stack(port=int(port)) as stack:
            print(_greeting(stack.base_url, time.monotonic() - started), flush=True)
            if os.environ.get("DEMO", "1") != "0":
                _play_story(stack.base_url)
            threading.Event().wait()
    except KeyboardInterrupt:
        return 0
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        print(f"The port is taken ({error}). Choose another: make run PORT=8001", file=sys.stderr)
        return 1
    return 0


def _greeting(address: str, seconds: float) -> str:
    return f"""
Topeka runs on {address} (started in {seconds:.1f} s; Ctrl-C ends it)

  write key        {WRITE_KEY}
  operator key     {OPERATOR_KEY} (all scopes)
  workspace secret {SECRET}

  mailbox          {address}/local/mailbox
  clock            curl -X POST {address}/local/clock -d '{{"advance": "2h"}}'
"""


def _play_story(address: str) -> None:
    if importlib.util.find_spec("infra.local.story") is None:
        return
    importlib.import_module("infra.local.story").play(address)


if __name__ == "__main__":
    sys.exit(main())
