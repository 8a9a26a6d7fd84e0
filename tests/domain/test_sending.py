"""What sending does to a contact."""

from __future__ import annotations

import pytest

from chalicelib.domain.profile import Contact, ContactState, Ledger, Profile
from chalicelib.domain.sending import close, confirm, hold, open_contact, reserve_again


def profile(state: ContactState = "reserved", held_until: int = 0, goal_until: int = 0) -> Profile:
    contact = Contact(10, "d_1", "umbrella", "plain", "offer", "sms", state)
    contact.held_until, contact.goal_until = held_until, goal_until
    return Profile("p_1", ledger=Ledger(contacts={"m_1": contact}, now=10))


def contact(of: Profile) -> Contact:
    return of.ledger.contacts["m_1"]


def test_confirming_stamps_the_contact_and_the_profiles_now() -> None:
    one = profile(held_until=15, goal_until=110)
    confirm(one, contact(one), "sent", 20)
    told = (
        contact(one).state,
        contact(one).at,
        contact(one).held_until,
        contact(one).goal_until,
        one.ledger.now,
    )
    assert told == ("sent", 20, 0, 120, 20)


def test_holding_changes_a_reservation_once() -> None:
    one = profile()
    assert hold(one, contact(one), 50, 20)
    assert not hold(one, contact(one), 50, 30)
    assert (contact(one).state, contact(one).held_until) == ("reserved", 50)


def test_holding_leaves_alone_what_a_sender_has_confirmed() -> None:
    one = profile("sent")
    assert not hold(one, contact(one), 50, 20)
    assert contact(one).held_until == 0


@pytest.mark.parametrize("state", ["reserved", "sent", "unknown"])
def test_what_ends_unsent_is_given_back(state: ContactState) -> None:
    one = profile(state)
    assert close(one, "m_1", "dropped", 20)
    assert open_contact(one, "m_1") is None
    assert not close(one, "m_1", "dropped", 30)


@pytest.mark.parametrize("state", ["delivered", "opened", "clicked", "converted", "bounced", "complained"])
def test_what_was_answered_is_never_taken_back(state: ContactState) -> None:
    one = profile(state)
    assert not close(one, "m_1", "dropped", 20)
    assert not reserve_again(one, "m_1", 20)
    assert contact(one).state == state


def test_a_contact_nobody_knows_is_left_alone() -> None:
    assert open_contact(profile(), "m_2") is None
    assert not close(profile(), "m_2", "dropped", 20)


def test_a_refused_contact_waits_again() -> None:
    one = profile("sent")
    assert reserve_again(one, "m_1", 20)
    assert contact(one).state == "reserved"


def test_what_was_only_laid_in_the_inbox_can_be_taken_back() -> None:
    one = profile("delivered")
    contact(one).channel = "inbox"
    assert close(one, "m_1", "dropped", 20)
