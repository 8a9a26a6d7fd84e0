"""Every port in memory, written by hand: as small as the port's promises allow, and no kinder than AWS.

Values go in and come out as copies. `fail_next` makes a method fail before it acts, or after it did (the
answer is lost). `calls` counts the calls of each method.
"""

from tests.fakes.clock import FakeClock
from tests.fakes.deliveries import FakeDeliveries
from tests.fakes.faulty import Faulty
from tests.fakes.history import FakeRejected, FakeTimeline
from tests.fakes.people import FakeGroups, FakeProfiles, FakeStops
from tests.fakes.plans import FakeAgenda, FakeKeys, FakePlaybooks
from tests.fakes.quarantine import FakeQuarantine
from tests.fakes.queues import FakeEventQueue, FakeJobQueue, FakeLake, FakeLakeFiles, FakeSender
from tests.fakes.tallies import FakeTallies
from tests.fakes.turns import FakeTurns

__all__ = [
    "FakeAgenda",
    "FakeClock",
    "FakeDeliveries",
    "FakeEventQueue",
    "FakeGroups",
    "FakeJobQueue",
    "FakeKeys",
    "FakeLake",
    "FakeLakeFiles",
    "FakePlaybooks",
    "FakeProfiles",
    "FakeQuarantine",
    "FakeRejected",
    "FakeSender",
    "FakeStops",
    "FakeTallies",
    "FakeTimeline",
    "FakeTurns",
    "Faulty",
]
