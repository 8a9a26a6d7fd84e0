"""What identity costs, as calls to AWS: finding the customers of a large batch, and joining two profiles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from chalicelib.domain.events import Event, EventBatch
from tests.bench.aws import counted_stack
from tests.bench.rows import Row

CUSTOMERS = 300
EVENTS = 1_000
HOUR = 3_600_000
PART = 250
"""Events of one batch while customers become known."""


def run() -> Sequence[Row]:
    """Counts, the same on every machine."""
    with counted_stack() as (stack, calls):
        now = stack.now()
        for history in (logins(now), first_by_address(now), former_owners(now)):
            for start in range(0, len(history), PART):
                _ingest(calls, history[start : start + PART])
        return [*_resolving(now, calls), *_merging(now, calls)]


def devices(customer: int) -> list[str]:
    """A customer's two or three devices."""
    return [f"d{customer}-{number}" for number in range(2 + customer % 2)]


def logins(now: int) -> list[Event]:
    """Every customer on each of their devices, so that all doors are known and forward."""
    found = ((c, device) for c in range(CUSTOMERS) for device in devices(c))
    return [_event("login", n, now, user=f"u{c}", anonymous=device) for n, (c, device) in enumerate(found)]


def first_by_address(now: int) -> list[Event]:
    """Every third customer has one more device, known by an address before the user was: two signs on the way."""
    made = []
    for c in range(0, CUSTOMERS, 3):
        address = {"email": f"u{c}@example.com"}
        made.append(_event("address", c, now, anonymous=f"e{c}", type="identify", traits=address))
        made.append(_event("known", c, now, user=f"u{c}", type="identify", traits=address))
    return made


def former_owners(now: int) -> list[Event]:
    """Every tenth customer's first device has had one to seven others before, an hour each."""
    return [
        _event("former", 10 * c + k, now - (8 - k) * HOUR, user=f"former{c}-{k}", anonymous=devices(c)[0])
        for c in range(0, CUSTOMERS, 10)
        for k in range(1 + c // 10 % 7)
    ]


def visits(now: int, count: int = EVENTS) -> list[Event]:
    """Events of all customers in turn, each with the user id and one of the devices."""
    made = []
    for n in range(count):
        c = n % CUSTOMERS
        at = devices(c)[n // CUSTOMERS % len(devices(c))]
        made.append(_event("visit", n, now, user=f"u{c}", anonymous=at))
    return made


def mixed_visits(now: int, count: int = EVENTS) -> list[Event]:
    """Half of them by device alone; those of every third customer by the device with two signs on its way."""
    made = []
    for n in range(count):
        c, turn = n % CUSTOMERS, n // CUSTOMERS
        at = f"e{c}" if c % 3 == 0 and turn == 1 else devices(c)[turn % len(devices(c))]
        alone = (c + turn) % 2 == 0
        made.append(_event("mixed", n, now, user=None if alone else f"u{c}", anonymous=at))
    return made


def visitor(name: str, now: int, identifiers: int) -> list[Event]:
    """A visitor whom nobody knows: one browser, and push tokens up to so many identifiers."""
    tokens = [{"device": {"token": f"{name}-{number}"}} for number in range(1, identifiers)]
    contexts = tokens or [{}]
    return [_event(name, n, now, anonymous=name, context=one) for n, one in enumerate(contexts)]


def _event(kind: str, number: int, now: int, *, user: str | None = None, anonymous: str | None = None,
           type: str = "track", **more: object) -> Event:  # fmt: skip
    named = {"event": "Product Viewed"} if type == "track" else {}
    return Event(f"{kind}-{number}", type, now, now, user_id=user, anonymous_id=anonymous, **named, **more)  # type: ignore[arg-type]


def login(name: str, now: int) -> Event:
    """The event that joins a visitor with the user of the same name."""
    return _event(f"{name}-login", 0, now, user=f"{name}-user", anonymous=name)


def known(name: str, now: int) -> Event:
    """What makes the user known before."""
    return _event(f"{name}-known", 0, now, user=f"{name}-user")


def _ingest(calls: Counter[str], events: Sequence[Event]) -> Counter[str]:
    from chalicelib import wiring

    wiring.live_rules().current()  # which playbook is live is looked up once in ten seconds
    calls.clear()
    outcome = wiring.ingest_events()([EventBatch(events=tuple(events))])
    assert outcome.folded == len(events)
    assert not outcome.refused_links
    return Counter(calls)


def _resolving(now: int, calls: Counter[str]) -> Iterator[Row]:
    for name, events in (("by user and device", visits(now)), ("half by device alone", mixed_visits(now))):
        made = _ingest(calls, events)
        title = f"1,000 events of 300 customers, {name}, reads"
        yield Row(title, made["BatchGetItem"], "calls", 30, _spelled(made))


def _merging(now: int, calls: Counter[str]) -> Iterator[Row]:
    most: Counter[str] = Counter()
    for identifiers in (1, 20, 99):
        name = f"v{identifiers}"
        for event in [*visitor(name, now, identifiers), known(name, now)]:
            _ingest(calls, [event])
        most |= _ingest(calls, [login(name, now)])
    transactions = most.pop("TransactWriteItems")
    yield Row("a merge of a visitor with 1, 20 or 99 identifiers", transactions, "transactions", 1)
    yield Row("a merge of such a visitor, other calls", most.total(), "calls", 4, _spelled(most))
    for event in [*visitor("far", now, 3), _addressed("far", now), known("far", now)]:
        _ingest(calls, [event])
    far = _ingest(calls, [login("far", now)])
    del far["TransactWriteItems"]
    yield Row("a merge of a visitor behind two signs, other calls", far.total(), "calls", 5, _spelled(far))


def _addressed(name: str, now: int) -> Event:
    return _event(
        f"{name}-address", 0, now, anonymous=name, type="identify", traits={"email": f"{name}@example.com"}
    )


def _spelled(calls: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(calls.items()))
