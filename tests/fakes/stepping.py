"""Workers that take turns: each in a thread of its own, of which one runs at a time, from one call to the next.

A stepped worker stops before every call of a port and waits for its turn; whoever hands out the turns decides
who goes on, and what becomes of the call. So every interleaving can be had, and had again.

    stage     start A           A.go()                 B.go(dies after)
    worker A  ..... read waits  read acts, commit waits
    worker B  .............................. commit waits   commit acts, the worker is gone
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from chalicelib.domain.errors import Unavailable
from chalicelib.domain.profile import Door
from chalicelib.domain.stored import Page, Unchanged, Write
from tests.fakes.faulty import port
from tests.fakes.people import FakeProfiles

Fate = Literal["done", "fails", "lost", "dies before", "dies after"]
"""What becomes of a call: it acts, it fails, it acts and its answer is lost, or the worker dies beside it."""


class Killed(BaseException):
    """The worker is gone: nothing it does may catch this."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One call's turn. `lags` and `torn` matter to reads alone.

    `lags` are how many versions ago each home is seen, in the order of the homes' ids, over and over. A `torn`
    read takes its first half now and the rest at its next turn.
    """

    fate: Fate = "done"
    lags: tuple[int, ...] = ()
    torn: bool = False


DONE = Turn()


class Stepper:
    """One thread, lent to a task at a time. `waits_for` is the call that waits for its turn, "" where none does."""

    def __init__(self) -> None:
        self.waits_for = ""
        self.answer: Any = None
        self.fault: BaseException | None = None
        self._task: Callable[[], Any] = lambda: None
        self._turn = DONE
        self._go, self._back = threading.Lock(), threading.Lock()
        self._go.acquire()
        self._back.acquire()
        threading.Thread(target=self._run, daemon=True).start()

    def start(self, task: Callable[[], Any]) -> None:
        """Let a task run up to its first call."""
        assert not self.waits_for
        self._task, self.answer, self.fault = task, None, None
        self._hand_over()

    def go(self, turn: Turn = DONE) -> None:
        """Let the call that waits take place, and the task run up to its next call or its end."""
        assert self.waits_for
        self._turn = turn
        self._hand_over()

    def kill(self) -> None:
        """End the task where it stands."""
        while self.waits_for:
            self.go(Turn("dies before"))

    def wait(self, call: str) -> Turn:
        """Called by the task, before a call of a port: give the turn back and wait for the next."""
        self.waits_for = call
        self._back.release()
        self._go.acquire()
        self.waits_for = ""
        return self._turn

    def call(self, name: str, act: Callable[[], Any]) -> Any:
        """Called by the task: a call of a port, at its turn."""
        return suffer(self.wait(name), act)

    def _hand_over(self) -> None:
        self._go.release()
        self._back.acquire()

    def _run(self) -> None:
        while True:
            self._go.acquire()
            try:
                self.answer = self._task()
            except BaseException as fault:  # noqa: BLE001 - whoever handed out the turns looks at it
                self.fault = fault
            self._back.release()


def suffer(turn: Turn, act: Callable[[], Any]) -> Any:
    """A call under its fate."""
    if turn.fate == "fails":
        raise Unavailable("fake")
    if turn.fate == "dies before":
        raise Killed
    answer = act()
    if turn.fate == "lost":
        raise Unavailable("fake")
    if turn.fate == "dies after":
        raise Killed
    return answer


class Stepped:
    """A port each of whose calls waits for its worker's turn."""

    def __init__(self, stepper: Stepper, port: Any) -> None:
        self._stepper, self._port = stepper, port

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        return lambda *args, **named: self._stepper.call(name, lambda: method(*args, **named))


class LaggingProfiles(FakeProfiles):
    """Homes that keep their past: a read that isn't consistent may see each as it stood some versions ago.

    That is what DynamoDB promises of one: every item by itself, at some time, no two at the same.
    """

    def __init__(self) -> None:
        super().__init__()
        self.past: dict[str, list[tuple[type[Door], bytes, str]]] = {}

    @port
    def read_late(self, ids: Sequence[str], lags: Sequence[int]) -> dict[str, Door]:
        """What stood at these homes so many versions ago."""
        found: dict[str, Door] = {}
        for place, id in enumerate(ids):
            known = self.past.get(id, [])
            at = len(known) - 1 - (lags[place % len(lags)] if lags else 0)
            if at >= 0:
                kind, data, _ = known[at]
                found[id] = msgspec.json.decode(data, type=kind)
        return found

    def _put(self, write: Write) -> None:
        super()._put(write)
        self.past.setdefault(write.door.id, []).append(self.homes[write.door.id])


@dataclass(frozen=True, slots=True)
class SteppedProfiles:
    """Homes as one stepped worker sees them; `committed` hears of every commit that took place."""

    stepper: Stepper
    profiles: LaggingProfiles
    committed: Callable[[Sequence[Write]], None]

    def read(self, ids: Iterable[str], *, consistent: bool = False) -> dict[str, Door]:
        """At its turn; a torn read in two halves."""
        asked = sorted(set(ids))
        turn = self.stepper.wait("read")
        middle = len(asked) // 2 if turn.torn else len(asked)
        found: dict[str, Door] = suffer(turn, lambda: self._seen(asked[:middle], turn, consistent=consistent))
        if middle < len(asked):
            turn = self.stepper.wait("read")
            found |= suffer(turn, lambda: self._seen(asked[middle:], turn, consistent=consistent))
        return found

    def commit(self, writes: Sequence[Write], relied: Sequence[Unchanged] = ()) -> None:
        """At its turn."""
        self.stepper.call("commit", lambda: self._commit(writes, relied))

    def scan(self, cursor: str = "", limit: int = 500) -> Page:
        """No worker scans; it is the port's."""
        return self.profiles.scan(cursor, limit)

    def _seen(self, ids: Sequence[str], turn: Turn, *, consistent: bool) -> dict[str, Door]:
        return self.profiles.read_late(ids, () if consistent else turn.lags)

    def _commit(self, writes: Sequence[Write], relied: Sequence[Unchanged]) -> None:
        self.profiles.commit(writes, relied)
        self.committed(writes)
