"""How fast a customer's events come in: what is counted, what is set aside, and what never is."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

import pytest

from chalicelib.domain.events import Event
from chalicelib.domain.heat import COOLING, MANY, MINUTE, is_hot, warm
from chalicelib.domain.profile import Heat, Permission, Profile
from chalicelib.domain.seen import remember

START = 29_500_000 * MINUTE
MOST = 1_000


@dataclass
class Customer:
    """One profile; `take` does with events what ingest does: set aside, or remember and count commit by commit."""

    most: int = MOST
    profile: Profile = field(default_factory=lambda: Profile("p_bot"))
    folded: list[Event] = field(default_factory=list)
    aside: list[Event] = field(default_factory=list)
    number: int = 0

    def event(self, at: int, event: str = "Seen", **fields: Any) -> Event:
        self.number += 1
        return Event(f"m{self.number}", "track", at, at, event=event, **fields)

    def take(self, *events: Event) -> None:
        """One commit."""
        hot = [event for event in events if is_hot(self.profile, event, self.most)]
        fresh = [event for event in events if event not in hot]
        for event in fresh:
            remember(self.profile.seen, event)
        if fresh:
            warm(self.profile, [(event.received_at, event.proven) for event in fresh], self.most)
        self.folded += fresh
        self.aside += hot

    def flood(self, start: int, count: int, commit: int = 1, every: int = 10) -> None:
        """So many events, one `every` so many ms, so many in one commit."""
        made = [self.event(start + n * every) for n in range(count)]
        for first in range(0, count, commit):
            self.take(*made[first : first + commit])

    def heated(self) -> Customer:
        """As hot as it gets, in the first minute."""
        self.profile.heat = Heat(START // MINUTE, self.most)
        return self


@pytest.fixture
def customer() -> Customer:
    return Customer()


def test_a_quiet_profile_keeps_no_heat(customer: Customer) -> None:
    for minute in range(12):
        customer.flood(START + minute * MINUTE, MANY - 1, every=100)
        assert customer.profile.heat is None
    assert customer.aside == []


def test_heat_is_forgotten_once_a_minute_brings_few(customer: Customer) -> None:
    customer.flood(START, 300)
    assert customer.profile.heat == Heat(START // MINUTE, 300)
    customer.flood(START + 2 * MINUTE, 1)
    assert customer.profile.heat is None


@pytest.mark.parametrize("commit", [1, 3, 10, 199, 200, 500, 900])
def test_events_are_counted_in_commits_of_any_size(customer: Customer, commit: int) -> None:
    """The memory holds 500: beyond that the count goes on from the last."""
    customer.flood(START, 900, commit)
    assert customer.profile.heat == Heat(START // MINUTE, 900)


def test_events_are_counted_in_commits_of_all_sizes(customer: Customer) -> None:
    chance, at = random.Random(3), START
    while at < START + 900:
        size = min(chance.choice([1, 2, 7, 40, 210]), START + 900 - at)
        customer.flood(at, size, size, every=1)
        at += size
    assert customer.profile.heat == Heat(START // MINUTE, 900)


@pytest.mark.parametrize("commit", [1, 7, 100])
def test_a_profile_is_hot_at_the_limit_and_at_most_one_commit_beyond_it(
    customer: Customer, commit: int
) -> None:
    customer.flood(START, 3_000, commit)
    assert MOST <= len(customer.folded) < MOST + commit
    assert len(customer.folded) + len(customer.aside) == 3_000


def test_one_commit_is_never_torn(customer: Customer) -> None:
    customer.flood(START, 4_000, commit=4_000, every=1)
    assert (len(customer.folded), customer.profile.heat) == (4_000, Heat(START // MINUTE, 4_000))


@pytest.mark.parametrize(
    ("after", "hot"), [(0, True), (1, True), (COOLING, True), (COOLING + 1, False), (10_000, False)]
)
def test_it_cools_ten_minutes_after(customer: Customer, after: int, hot: bool) -> None:
    profile = customer.heated().profile
    assert is_hot(profile, customer.event(START + after * MINUTE), MOST) is hot


def test_after_cooling_the_first_event_takes_the_heat_away(customer: Customer) -> None:
    customer.heated().take(customer.event(START + (COOLING + 1) * MINUTE))
    assert (customer.profile.heat, len(customer.folded)) == (None, 1)


@pytest.mark.parametrize(
    "fields",
    [
        {"event": "Email Delivered", "origin": "topeka"},
        {"event": "Rain", "origin": "moment"},
        {"event": "Topeka Woken", "origin": "topeka", "profile": "p_bot"},
        {"event": "Seen", "profile": "p_bot"},
    ],
    ids=lambda fields: " ".join(fields.values()),
)
def test_events_of_our_own_and_of_moments_are_always_folded(
    customer: Customer, fields: dict[str, str]
) -> None:
    assert not is_hot(customer.heated().profile, customer.event(START, **fields), MOST)


@pytest.mark.parametrize("fields", [{}, {"event": "Permission Granted"}, {"origin": "operator"}])
def test_anything_else_that_is_sent_to_us_is_set_aside(customer: Customer, fields: dict[str, str]) -> None:
    assert is_hot(customer.heated().profile, customer.event(START, **fields), MOST)


def test_what_is_still_folded_neither_cools_nor_keeps_it_hot(customer: Customer) -> None:
    customer.flood(START, MOST)
    before = customer.profile.heat
    for minute in range(COOLING + 1):
        customer.take(customer.event(START + minute * MINUTE, "Permission Denied"))
    assert customer.profile.heat == before
    assert not is_hot(customer.profile, customer.event(START + (COOLING + 1) * MINUTE), MOST)


def test_an_hour_of_flood_is_folded_up_to_the_limit_once_in_eleven_minutes() -> None:
    """Hot for the minute it was noticed in and for ten after it; then the limit is there again."""
    customer = Customer(most=300)
    customer.flood(START, 60 * 400, every=150)
    rounds = -(-60 // (COOLING + 1))
    assert len(customer.folded) == rounds * 300
    assert len(customer.folded) + len(customer.aside) == 60 * 400


def test_a_minute_is_a_minute_of_the_clock(customer: Customer) -> None:
    """As many as twice the limit in sixty seconds, where a minute ends between them."""
    customer.flood(START + MINUTE - (MOST - 1) * 10, MOST - 1)
    assert customer.profile.heat == Heat(START // MINUTE, MOST - 1)
    customer.flood(START + MINUTE, MOST)
    assert (len(customer.folded), customer.aside) == (2 * MOST - 1, [])
    customer.flood(START + MINUTE + 20_000, 1)
    assert len(customer.aside) == 1


def test_a_commit_across_the_boundary_counts_for_its_later_minute(customer: Customer) -> None:
    customer.take(*[customer.event(START + MINUTE - 300 + n) for n in range(600)])
    assert customer.profile.heat == Heat(START // MINUTE + 1, 300)


def test_nothing_received_changes_nothing_of_a_hot_profile(customer: Customer) -> None:
    warm(customer.heated().profile, [], MOST)
    assert customer.profile.heat == Heat(START // MINUTE, MOST)


def test_two_minutes_that_come_in_turns_are_counted_where_a_commit_carries_several(
    customer: Customer,
) -> None:
    made = [customer.event(START + n % 2 * MINUTE + n) for n in range(6_000)]
    for first in range(0, len(made), 10):
        customer.take(*made[first : first + 10])
    assert customer.profile.heat == Heat(START // MINUTE + 1, MOST)


def test_two_minutes_that_come_in_turns_one_by_one_are_counted(customer: Customer) -> None:
    for n in range(6_000):
        customer.take(customer.event(START + n % 2 * MINUTE + n))
    assert customer.aside


def test_a_backlog_of_the_minute_before_the_hot_one_is_set_aside_too(customer: Customer) -> None:
    customer.flood(START + MINUTE, 2_000)
    folded = len(customer.folded)
    customer.flood(START, 2_000)
    assert len(customer.folded) < folded + 2_000


def test_a_no_counts_at_once_and_its_repeats_are_shed(customer: Customer) -> None:
    profile = customer.heated().profile
    no = customer.event(START, event="Permission Denied", properties={"channel": "sms", "topic": "news"})
    assert not is_hot(profile, no, MOST)
    denied = Permission("denied", START, "m1")
    profile.facts.permissions = {"sms/news": {"denied": denied}}
    assert is_hot(profile, no, MOST)
    profile.facts.permissions["sms/news"]["granted"] = Permission("granted", START + 1, "m2")
    assert not is_hot(profile, no, MOST)


def test_what_is_proven_is_set_aside_only_for_too_much_that_was_proven(customer: Customer) -> None:
    profile = customer.heated().profile
    assert is_hot(profile, customer.event(START), MOST)
    assert not is_hot(profile, customer.event(START, proven=True), MOST)
    warm(profile, [(START, True)] * MOST, MOST)
    assert is_hot(profile, customer.event(START, proven=True), MOST)
