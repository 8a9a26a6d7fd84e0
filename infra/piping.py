"""Commands whose output is piped into another that may stop reading, as `make show ID=... | head` does."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable


def piped(command: Callable[[], int]) -> int:
    """The command's exit status, or 1 without a traceback where nobody reads what it says any more.

    Source: the Python documentation of `signal`, "Note on SIGPIPE".
    """
    try:
        status = command()
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is flushed at exit goes nowhere
        return 1
    return status
