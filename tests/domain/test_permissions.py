"""Permissions: what statements amount to, and that no order, repetition or join changes it."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import permissions
from chalicelib.domain.events import Event
from chalicelib.domain.playbook.model import Playbook, Topic
from chalicelib.domain.profile import Facts, Stamped

BOOK = Playbook(
    "p", topics={"offers": Topic("offers", "Offers"), "news": Topic("news", "News", "assume"),
                 "club": Topic("club", "Club", confirm="double")},
)  # fmt: skip


def said(
    name: str, at: int, *, id: str = "", origin: str = "client", proven: bool = False, **properties: Any
) -> Event:
    return Event(
        message_id=id or f"{name}{at}{properties}",
        type="track",
        event=name,
        timestamp=at,
        received_at=at,
        properties=properties,
        origin=origin,  # type: ignore[arg-type]
        proven=proven,
    )


def folded(*events: Event) -> Facts:
    facts = Facts()
    for event in events:
        permissions.fold(facts, event)
    return facts


def test_a_client_grants_and_denies_for_itself() -> None:
    granted = said("Permission Granted", 1, channel="sms", topic="offers")
    denied = said("Permission Denied", 2, channel="sms", topic="offers")

    assert permissions.state(folded(granted), "sms", "offers", BOOK) == "granted"
    assert permissions.state(folded(granted, denied), "sms", "offers", BOOK) == "denied"
    assert permissions.state(folded(granted), "sms", "news", BOOK) == "never"
    assert permissions.state(folded(granted), "email", "offers", BOOK) == "never"


def test_start_takes_stop_back_and_is_no_yes_to_what_was_never_asked() -> None:
    yes = said("Permission Granted", 1, channel="sms", topic="offers")
    stop = said("Unsubscribed", 2, origin="topeka", channel="sms", topic="*", source="reply")
    start = said(
        "Topeka Permission Set", 3, origin="topeka", channel="sms", topic="*", state="granted", source="reply"
    )
    no = said("Permission Denied", 1, id="z", channel="sms", topic="news")

    assert permissions.state(folded(yes, stop), "sms", "offers", BOOK) == "denied"
    assert permissions.state(folded(yes, start, stop), "sms", "offers", BOOK) == "granted"
    assert permissions.state(folded(start, stop), "sms", "offers", BOOK) == "never"
    assert permissions.state(folded(no, stop, start), "sms", "news", BOOK) == "denied"
    assert permissions.state(folded(yes, start, stop, said("Unsubscribed", 4, origin="topeka", channel="sms")),
                             "sms", "offers", BOOK) == "denied"  # fmt: skip


@pytest.mark.parametrize("name", ["Topeka Permission Set", "Unsubscribed"])
def test_a_client_cannot_say_what_only_we_may(name: str) -> None:
    assert folded(said(name, 1, channel="sms", topic="offers", state="granted")).permissions == {}


def test_an_operator_sets_a_proven_permission_with_its_source() -> None:
    facts = folded(
        said(
            "Topeka Permission Set",
            1,
            origin="operator",
            channel="sms",
            topic="offers",
            state="granted",
            source="form",
        )
    )

    assert facts.permissions["sms/offers"]["granted+"].source == "form"


def test_unsubscribed_denies_its_topic_or_all_of_e_mail() -> None:
    everything = folded(said("Unsubscribed", 1, origin="topeka"))
    one = folded(said("Unsubscribed", 1, origin="topeka", channel="email", topic="news"))

    assert permissions.state(everything, "email", "offers", BOOK) == "denied"
    assert permissions.state(everything, "sms", "offers", BOOK) == "never"
    assert permissions.state(one, "email", "news", BOOK) == "denied"
    assert permissions.state(one, "email", "offers", BOOK) == "never"


@pytest.mark.parametrize(
    "properties",
    [
        {},
        {"channel": 3},
        {"channel": ""},
        {"channel": "a/b"},
        {"channel": "x" * 65},
        {"channel": "sms", "topic": ["a"]},
    ],
)
def test_what_names_no_channel_and_topic_says_nothing(properties: dict[str, Any]) -> None:
    assert folded(said("Permission Granted", 1, **properties)).permissions == {}


def test_asking_again_takes_nothing_back_but_lifts_a_denial_to_pending() -> None:
    def pending(at: int) -> Event:
        return said(
            "Topeka Permission Set", at, origin="operator", channel="email", topic="offers", state="pending"
        )

    granted = said("Permission Granted", 1, channel="email", topic="offers")
    denied = said("Permission Denied", 1, channel="email", topic="offers")

    assert permissions.state(folded(granted, pending(2)), "email", "offers", BOOK) == "granted"
    assert permissions.state(folded(denied, pending(2)), "email", "offers", BOOK) == "pending"


def test_double_opt_in_waits_for_the_confirmation() -> None:
    asked = said("Permission Granted", 1, channel="email", topic="club")
    confirmed = said(
        "Topeka Permission Set",
        2,
        origin="topeka",
        channel="email",
        topic="club",
        state="granted",
        source="confirmed",
    )

    assert permissions.state(folded(asked), "email", "club", BOOK) == "pending"
    assert permissions.state(folded(asked, confirmed), "email", "club", BOOK) == "granted"


def test_a_stranger_grants_nothing_for_a_proven_address() -> None:
    facts = folded(said("Permission Granted", 9, channel="email", topic="offers"))
    facts.traits["email"] = Stamped("a@example.com", 1, "t", proven=True)

    assert permissions.state(facts, "email", "offers", BOOK) == "never"
    permissions.fold(facts, said("Permission Granted", 5, proven=True, channel="email", topic="offers"))
    assert permissions.state(facts, "email", "offers", BOOK) == "granted"
    permissions.fold(facts, said("Permission Denied", 10, channel="email", topic="offers"))
    assert permissions.state(facts, "email", "offers", BOOK) == "denied"


@pytest.mark.parametrize(
    ("channel", "topic", "may"),
    [("email", "offers", False), ("email", "news", True), ("web", "offers", True), ("callcentre", "news", True),
     ("webhook.messenger", "offers", False), ("mail", "offers", False), ("email", "unheard-of", False)],
)  # fmt: skip
def test_silence_is_read_by_the_topic_and_by_who_comes_to_whom(channel: str, topic: str, may: bool) -> None:
    assert permissions.may_contact(Facts(), channel, topic, BOOK) is may


events = st.builds(
    said,
    st.sampled_from(["Permission Granted", "Permission Denied", "Topeka Permission Set", "Unsubscribed"]),
    st.integers(1, 4),
    id=st.sampled_from(["a", "b", "c", "d"]),
    origin=st.sampled_from(["client", "operator", "topeka"]),
    proven=st.booleans(),
    channel=st.sampled_from(["email", "sms", "*"]),
    topic=st.sampled_from(["offers", "club", "*"]),
    state=st.sampled_from(["granted", "denied", "pending"]),
)


@given(st.lists(events, max_size=12), st.randoms(use_true_random=False), st.integers(0, 12))
def test_no_order_repetition_or_join_changes_what_was_said(
    said_: list[Event], rng: random.Random, cut: int
) -> None:
    shuffled = said_ + rng.choices(said_, k=3) if said_ else []
    rng.shuffle(shuffled)
    whole = folded(*said_).permissions

    assert folded(*shuffled).permissions == whole
    a, b = folded(*said_[:cut]).permissions, folded(*said_[cut:]).permissions
    assert permissions.join(a, b) == permissions.join(b, a) == whole
    assert permissions.join(whole, whole) == whole


@given(st.lists(events, max_size=12))
def test_after_a_latest_denial_nobody_is_contacted(said_: list[Event]) -> None:
    facts = folded(*said_, said("Permission Denied", 4, id="z", channel="sms", topic="offers"))

    assert not permissions.may_contact(facts, "sms", "offers", BOOK)
