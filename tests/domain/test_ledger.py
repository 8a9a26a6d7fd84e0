"""The ledger: what a decision writes, what came of it, and that joining two is a union."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain import ledger
from chalicelib.domain.counting import dropped_in
from chalicelib.domain.deciding import decide
from chalicelib.domain.decision import Ask, Decision, Switches
from chalicelib.domain.effects import Count, Deliver, Effect, Record
from chalicelib.domain.events import Event
from chalicelib.domain.facts import fold
from chalicelib.domain.learning import Learned
from chalicelib.domain.profile import Contact, Ledger, Made, Offer, Profile, Wait
from chalicelib.domain.rules import Rules
from tests.domain.deciding_world import TABLE, ago, ask_of, now_of, profile_of, rules_of

NOW = now_of({})
RULES = rules_of({})
DAY = 86_400_000
GOAL = {"goal": {"did": "Order Completed", "within": "3d"}}


def enacted(
    profile: Profile, ask: dict[str, Any], rules: Rules, now: int = NOW
) -> tuple[Decision, list[Effect]]:
    asked = ask_of(ask)
    decision = decide(profile, asked, rules, Learned(), Switches(), now)
    return decision, ledger.enact(profile, decision, asked, rules)


def event(name: str, at: int, *, id: str = "e", origin: str = "topeka", **properties: Any) -> Event:
    return Event(
        message_id=id,
        type="track",
        event=name,
        timestamp=at,
        received_at=at,
        properties=properties,
        origin=origin,  # type: ignore[arg-type]
    )


def test_what_goes_to_the_customer_is_reserved_and_delivered() -> None:
    profile = profile_of({}, NOW)
    event_view = {"event": "Rain Started"}
    decision, effects = enacted(profile, {"context": {"a": 1}, "event": event_view}, rules_of({}))
    delivery = decision.choices[0].delivery

    assert profile.ledger.contacts[delivery] == Contact(
        NOW,
        decision.id,
        "umbrella",
        "plain",
        "offer",
        "sms",
        "reserved",
        "offers",
        moment="rain",
        changed=NOW,
        stage="visitor",
    )
    assert effects[0] == Deliver(
        delivery,
        "p_customer",
        "umbrella",
        "plain",
        "sms",
        "offer",
        decision.id,
        NOW,
        1,
        {"a": 1},
        event_view,
        ask_of({}).cause,
    )
    assert isinstance(effects[1], Count)


def test_what_is_held_is_due_at_the_end_of_quiet() -> None:
    night = {"policies": {"quiet": {"from": "21:00", "until": "08:00", "channels": ["sms"]}}}
    late = now_of({"at": "2026-07-02T03:40:00Z"})
    profile = profile_of({}, late)
    decision, effects = enacted(profile, {}, rules_of(night), late)
    contact = profile.ledger.contacts[decision.choices[0].delivery]

    assert isinstance(effects[0], Deliver)
    assert (contact.state, contact.held_until, effects[0].due) == (
        "reserved",
        *[now_of({"at": "2026-07-02T13:00:00Z"})] * 2,
    )


@pytest.mark.parametrize(
    ("placement", "state", "delivered"),
    [("web.home.hero", "sent", 0), ("callcentre.next", "sent", 0), ("app.inbox", "reserved", 1)],
)
def test_what_the_customer_came_for_is_given_at_once_but_for_the_inbox(
    placement: str, state: str, delivered: int
) -> None:
    profile = profile_of({}, NOW)
    decision, effects = enacted(profile, {"placement": placement}, rules_of({}))

    assert profile.ledger.contacts[decision.choices[0].delivery].state == state
    assert sum(isinstance(effect, Deliver) for effect in effects) == delivered


def test_a_slot_is_no_contact_of_its_own_but_its_offer_stands() -> None:
    profile = profile_of({}, NOW)
    decision, effects = enacted(profile, {"placement": "email.slot.main"}, rules_of({}))

    assert profile.ledger.contacts == {}
    assert profile.ledger.offers[decision.choices[0].delivery].state == "open"
    assert [type(effect) for effect in effects] == [Record]


def test_arms_are_kept_and_the_earliest_stands() -> None:
    variants = {"plain": {"sms": {"text": "rain"}}, "bold": {"sms": {"text": "RAIN"}}}
    book = {
        "experiments": {"seed": {"message": "umbrella", "split": {"bold": "20%", "plain": "80%"}}},
        "messages": {"umbrella": {"variants": variants, "placements": []}},
    }
    profile = profile_of({"seed": "a"}, NOW)
    enacted(profile, {}, rules_of(book))
    profile.ledger.seed = "b"
    second, _ = enacted(profile, {"cause": "msg-2"}, rules_of(book))

    assert profile.ledger.arms == {"seed": ("bold", NOW)}
    assert second.choices[0].variant == "bold"


def test_a_record_stays_under_two_kilobytes() -> None:
    many = {
        f"a-message-with-a-long-name-{n:03}": {**TABLE["library"]["hat"], "value": n + 1} for n in range(300)
    }
    profile = profile_of({}, NOW)
    book = {
        "messages": many,
        "segments": {f"segment-{n:03}": {"trait": "phone", "exists": True} for n in range(200)},
    }
    _, effects = enacted(
        profile, {"placement": "web.home.hero", "limit": 10, "cause": "x" * 99}, rules_of(book)
    )
    record = effects[-1]

    assert isinstance(record, Record)
    assert len(msgspec.json.encode(record.body)) < 2048
    assert record.body["reasons"] == {"outscored": 290}
    assert record.body["playbook"] == 1


def given_one(
    changes: dict[str, Any] | None = None, placement: str = "web.home.hero"
) -> tuple[Profile, str, str, Rules]:
    profile, rules = profile_of({}, NOW), rules_of({"messages": {"umbrella": changes or {}}})
    ask = {"placement": placement} if placement else {}
    decision, _ = enacted(profile, ask, rules)
    return profile, decision.id, decision.choices[0].delivery, rules


def test_providers_tell_by_delivery() -> None:
    profile, _, delivery, _ = given_one(placement="")
    for name in ("Email Delivered", "Email Opened", "Email Link Clicked"):
        ledger.take_outcome(profile, event(name, NOW + 1, delivery=delivery), RULES)

    assert profile.ledger.contacts[delivery].state == "clicked"


def test_a_state_only_rises() -> None:
    profile, _, delivery, _ = given_one(placement="")
    for name in ("Email Link Clicked", "Email Delivered", "Email Opened", "Email Link Clicked"):
        ledger.take_outcome(profile, event(name, NOW + len(name), delivery=delivery), RULES)

    assert profile.ledger.contacts[delivery].state == "clicked"
    assert profile.ledger.contacts[delivery].changed == NOW + len("Email Link Clicked")


def test_nobody_but_us_tells_what_providers_saw() -> None:
    profile, _, delivery, _ = given_one()
    ledger.take_outcome(profile, event("Email Opened", NOW + 1, origin="client", delivery=delivery), RULES)

    assert profile.ledger.contacts[delivery].state == "sent"


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("Message Viewed", "opened"),
        ("Message Clicked", "clicked"),
        ("Message Dismissed", "dismissed"),
        ("Message Converted", "converted"),
    ],
)
def test_clients_tell_by_decision(name: str, state: str) -> None:
    profile, decision, delivery, _ = given_one()
    ledger.take_outcome(profile, event(name, NOW + 1, origin="client", decision=decision), RULES)

    assert profile.ledger.contacts[delivery].state == state


@pytest.mark.parametrize(
    "properties", [{}, {"decision": "d_of_another"}, {"decision": ["x"]}, {"decision": None}]
)
def test_an_outcome_of_no_decision_of_theirs_changes_nothing(properties: dict[str, Any]) -> None:
    profile, _, _, _ = given_one()
    before = msgspec.json.encode(profile)
    ledger.take_outcome(profile, event("Message Clicked", NOW + 1, origin="client", **properties), RULES)

    assert msgspec.json.encode(profile) == before


def test_what_is_only_reserved_was_seen_by_nobody() -> None:
    profile, decision, delivery, _ = given_one(placement="")
    ledger.take_outcome(
        profile, event("Message Converted", NOW + 1, origin="client", decision=decision), RULES
    )

    assert profile.ledger.contacts[delivery].state == "reserved"


def test_of_several_messages_all_were_viewed_and_the_one_named_was_clicked() -> None:
    profile, rules = profile_of({}, NOW), rules_of({"messages": ["umbrella", "hat"]})
    decision, _ = enacted(profile, {"placement": "web.home.hero", "limit": 2}, rules)
    umbrella, hat = (profile.ledger.contacts[one.delivery] for one in decision.choices)
    ledger.take_outcome(
        profile, event("Message Viewed", NOW + 1, origin="client", decision=decision.id), RULES
    )
    ledger.take_outcome(
        profile,
        event("Message Clicked", NOW + 2, origin="client", decision=decision.id, message="hat"),
        rules,
    )

    assert (umbrella.state, hat.state) == ("opened", "clicked")


def ordered(profile: Profile, rules: Rules, at: int, name: str = "Order Completed") -> None:
    order = event(name, at, id=f"{name}{at}", origin="client")
    fold(profile, order, rules)
    ledger.goals(profile, order, rules)


def test_a_goal_reached_in_its_window_converts_and_uses_the_offer() -> None:
    profile, _, delivery, rules = given_one(GOAL)
    ordered(profile, rules, NOW + 3 * DAY - 1)

    assert profile.ledger.contacts[delivery].state == "converted"
    assert profile.ledger.offers[delivery].state == "used"


@pytest.mark.parametrize(
    ("at", "name"), [(NOW + 3 * DAY, "Order Completed"), (NOW - 1, "Order Completed"), (NOW + 1, "Page Seen")]
)
def test_an_order_outside_the_window_or_another_event_is_no_goal(at: int, name: str) -> None:
    profile, _, delivery, rules = given_one(GOAL)
    ordered(profile, rules, at, name)

    assert profile.ledger.contacts[delivery].state == "sent"
    assert profile.ledger.offers[delivery].state == "open"


def test_a_goal_counts_only_what_came_after_the_contact() -> None:
    twice = {"goal": {"did": "Order Completed", "at_least": 2, "within": "3d"}}
    profile, rules = profile_of({}, NOW), rules_of({"messages": {"umbrella": twice}})
    ordered(profile, rules, NOW - 10)
    decision, _ = enacted(profile, {"placement": "web.home.hero"}, rules)
    contact = profile.ledger.contacts[decision.choices[0].delivery]
    states: list[str] = []
    for at in (NOW + 10, NOW + 20):
        ordered(profile, rules, at)
        states.append(contact.state)

    assert states == ["sent", "converted"]


def test_without_a_goal_a_click_uses_the_offer() -> None:
    profile, decision, delivery, _ = given_one()
    ledger.take_outcome(profile, event("Message Viewed", NOW + 1, origin="client", decision=decision), RULES)
    assert profile.ledger.offers[delivery].state == "open"
    ledger.take_outcome(profile, event("Message Clicked", NOW + 2, origin="client", decision=decision), RULES)
    assert profile.ledger.offers[delivery].state == "used"


def test_with_a_goal_a_click_does_not() -> None:
    profile, decision, delivery, _ = given_one(GOAL)
    ledger.take_outcome(profile, event("Message Clicked", NOW + 2, origin="client", decision=decision), RULES)

    assert profile.ledger.offers[delivery].state == "open"


def test_what_is_old_is_forgotten() -> None:
    def contact(at: int, held: int = 0) -> Contact:
        return Contact(at, "d", "umbrella", "plain", "offer", "sms", "reserved", held_until=held)

    known = Ledger(
        contacts={
            "old": contact(NOW - 90 * DAY),
            "held": contact(NOW - 90 * DAY, NOW + 1),
            "new": contact(NOW - 89 * DAY),
        },
        offers={
            "over": Offer("m", "v", "d", "over", NOW - DAY, NOW),
            "used": Offer("m", "v", "d", "used", NOW - DAY, NOW + DAY, "used"),
            "open": Offer("m", "v", "d", "open", NOW - DAY, NOW + 1),
        },
        decisions={
            "rain:1": Made("d_1", NOW - 2 * DAY, "nothing"),
            "rain:2": Made("d_2", NOW - 2 * DAY + 1, "nothing"),
            "hero:1": Made("d_3", NOW - 5000, "nothing", NOW + 1000, placement="hero"),
            "hero:2": Made("d_4", NOW - 1000, "nothing", NOW + 5000, placement="hero"),
            "side:1": Made("d_5", NOW - DAY, "brand", NOW - 1, placement="side"),
        },
    )
    ledger.prune(known, NOW)

    assert set(known.contacts) == {"held", "new"}
    assert set(known.offers) == {"open"}
    assert set(known.decisions) == {"rain:2", "hero:2"}


def test_at_most_fifty_decisions_are_kept_the_latest() -> None:
    known = Ledger(decisions={f"rain:{n}": Made(f"d_{n}", NOW - n, "nothing") for n in range(80)})
    ledger.prune(known, NOW)

    assert set(known.decisions) == {f"rain:{n}" for n in range(50)}


times = st.integers(1, 5)
keys = st.sampled_from(["a", "b", "c"])
states = st.sampled_from(
    ["reserved", "unknown", "dropped", "sent", "delivered", "opened", "clicked", "converted"]
)
contacts = st.builds(
    Contact, times, keys, keys, keys, st.just("offer"), st.just("sms"), states, changed=times
)
mades = st.builds(Made, keys, times, st.sampled_from(["offer", "nothing"]))
offers = st.builds(
    Offer, keys, keys, keys, keys, times, times, st.sampled_from(["open", "used", "withdrawn"])
)
waits = st.builds(Wait, keys, times, keys, times)
ledgers = st.builds(
    Ledger,
    seed=st.sampled_from(["", "x", "y"]),
    seed_at=times,
    contacts=st.dictionaries(keys, contacts, max_size=3),
    decisions=st.dictionaries(keys, mades, max_size=3),
    offers=st.dictionaries(keys, offers, max_size=3),
    arms=st.dictionaries(keys, st.tuples(keys, times), max_size=3),
    entries=st.dictionaries(keys, st.tuples(st.booleans(), times), max_size=3),
    waits=st.dictionaries(keys, waits, max_size=3),
    places=st.lists(keys, unique=True, max_size=2),
    wake=st.integers(0, 3),
    now=times,
)


def plain(one: Ledger) -> bytes:
    if not one.seed:
        one = msgspec.structs.replace(one, seed_at=0)
    return msgspec.json.encode(one, order="deterministic")


@settings(max_examples=150)
@given(ledgers, ledgers, ledgers)
def test_joining_is_a_union(a: Ledger, b: Ledger, c: Ledger) -> None:
    assert plain(ledger.join(a, b)) == plain(ledger.join(b, a))
    assert plain(ledger.join(ledger.join(a, b), c)) == plain(ledger.join(a, ledger.join(b, c)))
    once = ledger.join(a, b)
    assert plain(ledger.join(once, b)) == plain(once)


def test_the_earliest_seed_and_arm_stand() -> None:
    young = Ledger(seed="young", seed_at=5, arms={"copy": ("bold", 5)})
    old = Ledger(seed="old", seed_at=3, arms={"copy": ("plain", 3)})

    assert ledger.join(young, old).seed == "old"
    assert ledger.join(young, old).arms == {"copy": ("plain", 3)}
    assert ledger.join(Ledger(), young).seed == "young"


def test_one_decision_per_customer_and_moment_after_a_merge() -> None:
    rules = rules_of({})
    first, second = profile_of({"seed": "one"}, NOW), profile_of({"seed": "two"}, NOW)
    enacted(first, {}, rules)
    enacted(second, {"cause": "msg-2"}, rules)
    first.ledger = ledger.join(first.ledger, second.ledger)

    for cause in ("msg-1", "msg-2"):
        again = decide(first, Ask(cause=cause, moment="rain"), rules, Learned(), Switches(), ago("+1h", NOW))
        assert again.again
    assert len(first.ledger.decisions) == 2


def test_two_arms_of_one_experiment_mark_whoever_was_two() -> None:
    plain_arm, bold = (
        Ledger(arms={"copy": ("plain", 3)}),
        Ledger(arms={"copy": ("bold", 5), "when": ("early", 1)}),
    )
    same = Ledger(arms={"copy": ("plain", 9)})
    assert ledger.join(plain_arm, bold).crossed == ["copy"]
    assert ledger.join(plain_arm, same).crossed == []
    assert ledger.join(ledger.join(plain_arm, bold), same).crossed == ["copy"]
    assert ledger.join(plain_arm, ledger.join(same, bold)).crossed == ["copy"]


@pytest.mark.parametrize(
    ("state", "then"), [("reserved", "dropped"), ("sent", "sent"), ("clicked", "clicked")]
)
def test_of_two_decisions_about_one_moment_the_later_is_not_sent_any_more(state: Any, then: str) -> None:
    def had(delivery: str, at: int, state: Any) -> Ledger:
        contact = msgspec.structs.replace(contact_at(at), state=state)
        return Ledger(
            contacts={delivery: contact},
            decisions={"rain:x": Made(delivery, at, "offer", messages=[delivery])},
        )

    earlier, later = had("m_1", 3, "reserved"), had("m_2", 5, state)
    for joined in (ledger.join(earlier, later), ledger.join(later, earlier)):
        assert joined.decisions["rain:x"].id == "m_1"
        assert (joined.contacts["m_1"].state, joined.contacts["m_2"].state) == ("reserved", then)
    assert plain(ledger.join(earlier, earlier)) == plain(earlier)


def test_a_site_that_shows_something_on_every_page_does_not_fill_the_ledger() -> None:
    shown = {f"m_{n:04}": contact_at(ago("1d", NOW) + n, placement="web.home.hero") for n in range(800)}
    sent = {f"m_sent{n}": contact_at(ago("80d", NOW) + n) for n in range(9)}
    known = Ledger(contacts={**shown, **sent})
    ledger.prune(known, NOW)
    assert len(known.contacts) == 500
    assert {*sent, "m_0799", "m_0309"} <= known.contacts.keys() and "m_0308" not in known.contacts


def contact_at(at: int, placement: str = "") -> Contact:
    return Contact(at, "d_1", "umbrella", "plain", "brand", "web", "sent", placement=placement)


def test_two_decisions_about_one_moment_count_as_given_once() -> None:
    rules = rules_of({})
    joined: list[Ledger] = []
    for name in ("ana", "ann"):
        one = profile_of({"id": name, "seed": name}, NOW)
        enacted(one, {"cause": "moment:rain"}, rules, NOW + len(joined))
        joined.append(one.ledger)
    both = ledger.join(*joined)

    assert sorted(one.state for one in both.contacts.values()) == ["dropped", "reserved"]
    assert dropped_in(both, *joined) == {'["m","umbrella","plain","sms","visitor"]': [-1]}
    assert dropped_in(ledger.join(both, both), both, both) == {}


def test_an_offer_in_a_picture_that_reaches_its_goal_converts_in_its_experiment() -> None:
    variants = {
        name: {"email_slot": {"image": f"{name}.png", "fallback": "b.png"}} for name in ("plain", "bold")
    }
    book = {
        "experiments": {"copy": {"message": "umbrella", "split": {"plain": "50%", "bold": "50%"}}},
        "messages": {
            "umbrella": {
                **GOAL,
                "variants": variants,
                "moments": [],
                "channels": [],
                "placements": ["email.slot.main"],
            }
        },
    }
    profile, rules = profile_of({}, NOW), rules_of(book)
    enacted(profile, {"placement": "email.slot.main"}, rules)
    order = event("Order Completed", NOW + 5, id="o", origin="client", revenue=20)
    fold(profile, order, rules)
    counted = [one for one in ledger.goals(profile, order, rules) if isinstance(one, Count)]

    assert [list(one.cells.values()) for one in counted] == [[[0, 0, 1]]]
