"""One input for one parser: whether it was dealt with, in time, within memory, and with no exception but our own."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

from chalicelib.domain.errors import TopekaError

LONGEST_S = 1.0
"""CPU one input may take: what a busy machine makes of it doesn't count."""
GROWTH_MB = 64
"""By how much memory may rise while one input is read."""
_HANGS_S = 10
#: proc(5): the highest resident size, and what sets it back to the present one.
_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


class Hung(BaseException):
    """An input that never ends."""


def wrong_with(take: Callable[[bytes], object], data: bytes, longest: float = LONGEST_S) -> str:
    """What is wrong, "" if nothing is: the exception and its place, the time, or the memory."""
    peak, begun = peak_mb(anew=True), time.thread_time()
    try:
        with _in_time():
            take(data)
    except TopekaError:
        pass  # a refusal, which says how to mend it
    except Hung as error:
        return f"it hangs at {_place(error)}"
    except AssertionError as error:
        return str(error).partition("\n")[0]
    except Exception as error:  # noqa: BLE001 - it is what is looked for
        return f"{type(error).__name__} at {_place(error)}"
    spent, grown = time.thread_time() - begun, peak_mb() - peak
    if spent > longest:
        return f"it takes over {longest:g} s of CPU"
    return f"it takes over {GROWTH_MB} MB of memory" if grown > GROWTH_MB else ""


def smaller(take: Callable[[bytes], object], data: bytes, tries: int = 300) -> bytes:
    """A shorter input that goes wrong in the same way: parts are left out while it does."""
    words = wrong_with(take, data)
    size = len(data) // 2
    while size and tries:
        at = 0
        while at < len(data) and tries:
            tries -= 1
            shorter = data[:at] + data[at + size :]
            if wrong_with(take, shorter) == words:
                data = shorter
            else:
                at += size
        size //= 2
    return data


def _place(error: BaseException) -> str:
    """Where in our code it came from, else where at all."""
    trace, places = error.__traceback__, []
    while trace is not None:
        places.append(f"{trace.tb_frame.f_globals.get('__name__', '')}:{trace.tb_lineno}")
        trace = trace.tb_next
    ours = [place for place in places if place.startswith("chalicelib.")]
    return [*places, *ours][-1]


def peak_mb(*, anew: bool = False) -> float:
    """The most memory this process had (MB), `anew` from now on; 0 where this system has no /proc.

    Not `ru_maxrss`: a process begins with that of its parent.
    """
    if not _STATUS.exists():
        return 0.0
    if anew:
        _RESET.write_text("5")
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


@contextlib.contextmanager
def _in_time() -> Iterator[None]:
    """Ends what hangs, where signals can (the main thread)."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(_signal: int, _frame: FrameType | None) -> None:
        raise Hung

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, _HANGS_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
