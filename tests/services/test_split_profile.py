"""Split after merge equals never merged, and stays split."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import event as note
from hypothesis import strategies as st

from chalicelib.domain.effects import Deliver, Join, Leave, Ring
from chalicelib.domain.erasure import erasure_of, homes_of
from chalicelib.domain.errors import BadRequest, Clash, Conflict, NotFound, Unavailable
from chalicelib.domain.identifiers import Identifier, identifiers_of, parse_identifier
from chalicelib.domain.playbook.model import Playbook
from chalicelib.domain.profile import Contact, Profile, Wait
from chalicelib.domain.stored import Write
from chalicelib.domain.timelines import records_of
from tests.services.ingest_world import DAY, HOUR, MINUTE
from tests.services.splitting_world import PLAYBOOK, Splitting, named, never_joining

ANYBODY = ["user:u", "email:x@example.com", "email:y@example.com", "phone:+17855550100", "anonymous:a",
           "anonymous:b", "device:t", "loyalty:L"]  # fmt: skip

SHARED = {"device": {"token": "t"}}
LOYAL = {"externalIds": [{"type": "loyalty", "id": "L"}]}
PHONE = ("phone", "+17855550100")
SEEN = {"type": "track", "event": "Seen", "ago": 0, "number": 1}

#: Two that meet in one event, whatever kinds they are of: doors come to lead on through each other.
pairs = st.lists(st.sampled_from(ANYBODY), min_size=2, max_size=2, unique=True).map(
    lambda two: {"externalIds": [{"type": kind, "id": id} for kind, id in (one.split(":", 1) for one in two)]}
)

happenings = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["track", "identify", "track"]),
        "event": st.sampled_from(["Seen", "Order Completed", "Permission Granted"]),
        "ago": st.integers(0, 20),
        "number": st.integers(1, 60),
    },
    optional={
        "user_id": st.just("u"),
        "anonymous_id": st.sampled_from("ab"),
        "traits": st.sampled_from([
            {"email": "x@example.com", "plan": "gold"}, {"email": "y@example.com"}, {"phone": "+17855550100"},
            {"plan": "iron"},
        ]),
        "context": st.sampled_from([SHARED, LOYAL, {"timezone": "Europe/Rome"}]) | pairs,
    },
)  # fmt: skip


def live(world: Splitting, history: list[dict[str, Any]]) -> int:
    """Take a history in; how many links were refused."""
    world.publish(PLAYBOOK)
    refused = 0
    for place, one in enumerate(history):
        world.clock.forward(HOUR)
        said = {"properties": {"revenue": one["number"], "channel": "email", "topic": "news"}}
        said |= {k: one[k] for k in ("user_id", "anonymous_id", "traits", "context") if k in one}
        name = one["event"] if one["type"] == "track" else ""
        happened = world.event(
            name,
            type=one["type"],
            timestamp=world.clock() - one["ago"] * 7 * MINUTE,
            message_id=f"m{place}",
            **said,
        )
        if identifiers_of(happened, Playbook("p")).identifiers:
            refused += world.send(happened).refused_links.total()
    return refused


@settings(max_examples=600)
@example(
    [
        {**SEEN, "anonymous_id": "a", "context": SHARED},
        {**SEEN, "anonymous_id": "a", "context": LOYAL},
        {**SEEN, "user_id": "u", "context": SHARED},
    ],
    "user:u",
)
@given(st.lists(happenings, min_size=2, max_size=14), st.sampled_from(ANYBODY))
def test_split_after_merge_equals_never_merged_in_all_facts_and_stays_so(
    history: list[dict[str, Any]], wrong: str
) -> None:
    apart = parse_identifier(wrong, Playbook("p"))
    assert apart is not None
    joined = Splitting()
    assume(live(joined, history) == 0)
    whole = next((names for names in joined.everybody() if wrong in names), frozenset())
    assume(len(whole) > 1)
    note(f"{len(whole)} identifiers")
    told = joined.split(wrong, wrong)
    joined.check()
    never = Splitting()
    with never_joining(apart):
        live(never, history)
    assert joined.facts() == never.facts()
    assert {
        frozenset(f"{one['kind']}:{one['value']}" for one in p["identifiers"]) for p in told["profiles"]
    } == {names for names in joined.everybody() if names <= whole}
    for names, one in joined.everybody().items():
        theirs = never.everybody().get(names)
        if theirs is None:
            assert joined.told(one) == []
            continue
        assert [m for m in joined.told(one) if ":refused:" not in m] == [
            m for m in never.told(theirs) if ":refused:" not in m
        ]
    again(joined, never, apart, sorted(whole - {wrong}))


def again(joined: Splitting, never: Splitting, apart: Identifier, others: list[str]) -> None:
    """The two identifiers meet again, with each other and in threes: nothing joins, and facts stay equal."""
    for other in others:
        met = parse_identifier(other, Playbook("p"))
        assert met is not None
        for world in (joined, never):
            world.clock.forward(HOUR)
        meeting = joined.event("Met", message_id=f"again-{other}", **carrying(apart, met))
        assert joined.send(meeting).refused_links
        with never_joining(apart):
            never.send(meeting)
    joined.check()
    assert joined.facts() == never.facts()


def carrying(*identifiers: Identifier) -> dict[str, Any]:
    """The fields of an event that carries these."""
    return {"context": {"externalIds": [{"type": one.kind, "id": one.value} for one in identifiers]}}


@pytest.fixture
def world() -> Splitting:
    return Splitting()


def joined(world: Splitting) -> None:
    """Ana's browser b is known to be hers; a, which somebody else used, was taken for hers too."""
    world.publish(PLAYBOOK)
    world.send(world.event("Order Completed", anonymous_id="a", properties={"revenue": 60}))
    world.send(
        world.event("", type="identify", user_id="ana", anonymous_id="b", traits={"email": "ana@example.com"})
    )
    world.send(world.event("Login", user_id="ana", anonymous_id="a"))


def test_each_part_tells_its_own_history_and_keeps_what_was_said_no_to(world: Splitting) -> None:
    joined(world)
    denied = {"channel": "email", "topic": "offers"}
    world.send(world.event("Permission Denied", user_id="ana", properties=denied))
    told = world.split("user:ana", "anonymous:a")
    ana, other = world.user("ana"), world.profile("anonymous", "a")
    assert [one["id"] for one in told["profiles"]] == [ana.id, other.id]
    assert named(ana) == {"user:ana", "email:ana@example.com", "anonymous:b"}
    assert named(other) == {"anonymous:a"}
    assert (set(ana.facts.activity), set(other.facts.activity)) == (
        {"Login", "Permission Denied"},
        {"Order Completed"},
    )
    assert (world.told(ana), world.told(other)) == (["m2", "m3", "m4"], ["m1"])
    assert [one.facts.permissions["email/offers"]["denied"].at for one in (ana, other)] == [world.clock()] * 2


def test_what_was_decided_where_a_part_lived_alone_before_is_told_of_it_again(world: Splitting) -> None:
    joined(world)
    whole = world.user("ana")
    for id in (whole.id, world.secrets.home("anonymous", "a")):
        world.timeline.record([(id, f"d_{id}", world.clock(), {"decision": id, "at": world.clock()})])
    world.split("user:ana", "anonymous:a")
    ana, other = world.user("ana"), world.profile("anonymous", "a")
    for one in (ana, other):
        told = world.timeline.decisions(records_of(one), 10).items
        assert [record["decision"] for record in told] == [one.id]
    doors = world.profiles.read(homes_of(other, world.secrets))
    assert erasure_of(other, doors, world.secrets, world.clock()).history.keys() >= {
        other.id,
        *other.timelines,
    }


def test_contacts_that_were_made_stay_on_both_and_what_is_to_come_with_the_home(world: Splitting) -> None:
    joined(world)
    profile = world.user("ana")
    made = Contact(world.clock(), "d_1", "hat", "v", "offer", "web", "sent")
    waiting = Contact(world.clock(), "d_2", "coat", "v", "offer", "email", "reserved")
    profile.ledger.contacts = {"m_1": made, "m_2": waiting}
    profile.ledger.arms = {"copy": ("plain", 5)}
    store(world, profile)
    world.split("user:ana", "anonymous:a")
    ana, other = world.user("ana"), world.profile("anonymous", "a")
    assert (set(ana.ledger.contacts), set(other.ledger.contacts)) == ({"m_1", "m_2"}, {"m_1"})
    assert (ana.ledger.arms, other.ledger.arms) == (profile.ledger.arms, profile.ledger.arms)
    assert (ana.ledger.crossed, other.ledger.crossed) == (["copy"], ["copy"])
    assert ana.ledger.seed != other.ledger.seed


def test_segments_follow_with_no_moment_for_it(world: Splitting) -> None:
    joined(world)
    before = len(world.profiles.outbox())
    world.split("user:ana", "anonymous:a")
    ana, other = world.user("ana"), world.profile("anonymous", "a")
    effects = world.profiles.outbox()[before:]
    assert {(type(one), one.group, one.profile) for one in effects if isinstance(one, Join | Leave)} == {
        (Leave, "segment:buyer", ana.id), (Leave, "segment:spender", ana.id),
        (Join, "segment:buyer", other.id), (Join, "segment:spender", other.id),
    }  # fmt: skip
    assert not [one for one in effects if isinstance(one, Deliver)]
    assert {one.profile for one in effects if isinstance(one, Ring)} == {other.id}


def test_a_hold_goes_where_its_trigger_goes(world: Splitting) -> None:
    joined(world)
    profile = world.user("ana")
    profile.ledger.waits = {
        "cart": Wait("cart", world.clock(), "m1", world.clock() + HOUR),
        "basket": Wait("basket", world.clock(), "m2", world.clock() + HOUR),
    }
    store(world, profile)
    world.split("user:ana", "anonymous:a")
    assert set(world.user("ana").ledger.waits) == {"basket"}
    assert set(world.profile("anonymous", "a").ledger.waits) == {"cart"}


def test_who_is_a_stranger_again_after_a_user_id_is_split_off_lives_at_the_strongest_left(
    world: Splitting,
) -> None:
    joined(world)
    mail = {"email": "ana@example.com"}
    world.send(world.event("", type="identify", anonymous_id="b", traits=mail))
    told = world.split("user:ana", "user:ana")
    world.check()
    assert told["profiles"][0]["identifiers"] == [{"kind": "user", "value": "ana"}]
    assert world.profile("anonymous", "b").id == world.secrets.home("email", "ana@example.com")
    assert world.profile("anonymous", "a").id == world.secrets.home("anonymous", "a")


def test_who_knows_the_devices_that_went_to_others_since_tells_their_events_apart_too(
    world: Splitting,
) -> None:
    """The tablet t was linked to the phone p alone, and is Ben's by now; p turns out not to be Ana's."""
    world.publish(PLAYBOOK)
    world.send(world.event("", type="identify", anonymous_id="t", traits={"phone": "+17855550100"}))
    world.send(world.event("Seen", anonymous_id="t"))
    world.send(world.event("", type="identify", user_id="ana", traits={"phone": "+17855550100"}))
    world.clock.forward(DAY)
    world.send(world.event("Login", user_id="ben", anonymous_id="t"))
    world.split("user:ana", "phone:+17855550100")
    world.check()
    ben, phone = world.user("ben"), world.profile("phone", "+17855550100")
    assert "Seen" not in phone.facts.activity and "Seen" in world.user("ana").facts.activity
    late = world.event("Late", anonymous_id="t", timestamp=world.clock() - HOUR)
    world.send(late)
    assert "Late" in world.user("ana").facts.activity and world.profile("anonymous", "t").id == ben.id


def test_a_device_linked_while_its_owner_lived_elsewhere_goes_with_its_part(world: Splitting) -> None:
    """The tablet t was linked to the browser a, then both to a loyalty card, then t to the user id.

    t led to the home where it and a had lived, and on to the card. So it seemed to lead to the card's part already,
    and then that home, being an earlier id, went with the part that stays: what t did went to the user, who did not
    list it any more.
    """
    world.publish(PLAYBOOK)
    world.send(world.event("Seen", anonymous_id="a", context=SHARED))
    world.send(world.event("Seen", anonymous_id="a", context=LOYAL))
    world.send(world.event("Seen", user_id="u", context=SHARED))
    earlier = set(world.user("u").merged)
    world.split("user:u", "user:u")
    world.check()
    card = world.profile("loyalty", "L")
    assert named(card) == {"anonymous:a", "device:t", "loyalty:L"}
    assert {world.profile("anonymous", "a").id, world.profile("device", "t").id} == {card.id}
    (minted,) = earlier - {world.secrets.home("anonymous", "a"), card.id}
    assert world.find.by_id(minted) == world.user("u")


@pytest.mark.parametrize("emails", [("x@example.com", "y@example.com"), ("y@example.com", "x@example.com")])
def test_a_door_that_leads_on_through_another_parts_door_goes_with_its_own_part(
    world: Splitting, emails: tuple[str, str]
) -> None:
    """The card L led to a phone number's home, and that on to an e-mail address, L's own.

    So it seemed to lead to its part already, and then the number was led to another part, and L went with it.
    """
    world.publish(PLAYBOOK)
    first, second = (Identifier("email", email) for email in emails)
    phone, browser, card = (
        Identifier(*PHONE),
        Identifier("anonymous", "a"),
        Identifier("loyalty", "L"),
    )
    for met in [(phone, browser), (card, browser), (first, browser), (first, card), (second, phone)]:
        world.send(world.event("Met", **carrying(*met)))
    world.split("anonymous:a", "anonymous:a")
    world.check()
    assert world.everybody().keys() == {
        frozenset({str(first), str(card)}), frozenset({str(second), str(phone)}), frozenset({str(browser)}),
    }  # fmt: skip


@pytest.mark.parametrize("devices", [5, 120, 250])
def test_every_door_leads_to_its_part_however_many_there_are(world: Splitting, devices: int) -> None:
    """The e-mail address brought most devices; the user id is split off, so that nearly every door changes."""
    wide = "identifiers: [{kind: user, unique: true}, {kind: email}, {kind: anonymous, limit: 500}]\n"
    world.publish(PLAYBOOK + wide)
    world.send(world.event("", type="identify", user_id="ana", traits={"email": "ana@example.com"}))
    for number in range(devices):
        world.send(world.event("Login", user_id="ana", anonymous_id=f"d{number}"))
        world.clock.forward(MINUTE)
        mail = {"email": "ana@example.com"}
        world.send(world.event("", type="identify", traits=mail, anonymous_id=f"d{number}"))
    sizes = count_writes(world)
    world.split("user:ana", "user:ana")
    world.check()
    assert max(sizes) <= 100
    left = world.profile("email", "ana@example.com")
    assert len(left.identifiers) == devices + 1
    assert world.profile("anonymous", "d3").id == left.id
    assert world.user("ana").facts.activity["Login"].total == devices


def test_doors_led_one_by_one_never_lead_in_a_circle_though_kinds_were_ranked_otherwise_before(
    world: Splitting,
) -> None:
    """The e-mail address led on through the phone number, and was made the stronger since: its part lives there.

    With more doors than one transaction holds, the number was led to the address while that still led to the number.
    """
    kinds = "identifiers: [{{kind: user, unique: true}}, {{kind: {}}}, {{kind: {}}}, {{kind: anonymous, limit: 500}}]\n"
    world.publish(PLAYBOOK + kinds.format("phone", "email"))
    ana, mail, phone = (Identifier(*one) for one in [("user", "ana"), ("email", "x@example.com"), PHONE])
    for pair in [(mail, phone), (phone, ana)]:
        world.send(world.event("Met", **carrying(*pair)))
    for number in range(100):
        for one in (ana, phone):
            world.clock.forward(MINUTE)
            world.send(world.event("Met", **carrying(one, Identifier("anonymous", f"d{number}"))))
    world.publish(PLAYBOOK + kinds.format("email", "phone"))
    sizes = count_writes(world)
    world.split("user:ana", "user:ana")
    assert len(sizes) > 2
    assert world.profile("phone", PHONE[1]).id == world.secrets.home("email", "x@example.com")


def test_history_that_is_not_kept_any_more_cannot_be_told_apart(world: Splitting) -> None:
    joined(world)
    world.timeline.events[world.secrets.home("anonymous", "a")].clear()
    with pytest.raises(Clash) as refused:
        world.split("user:ana", "anonymous:a")
    assert refused.value.code == "history-expired"
    assert world.user("ana").id == world.profile("anonymous", "a").id


def test_what_was_stored_but_never_folded_is_nobodys_history(world: Splitting) -> None:
    joined(world)
    stray = world.event("Stray", anonymous_id="a")
    world.timeline.append([(world.user("ana").id, [stray])])
    world.split("user:ana", "anonymous:a")
    assert "Stray" not in world.profile("anonymous", "a").facts.activity
    world.send(stray)
    assert world.profile("anonymous", "a").facts.activity["Stray"].total == 1


def test_nobody_and_nothing_to_split_are_told(world: Splitting) -> None:
    joined(world)
    with pytest.raises(NotFound):
        world.split("user:nobody", "anonymous:a")
    with pytest.raises(NotFound):
        world.split("user:ana", "anonymous:z")
    with pytest.raises(BadRequest):
        world.split("user:ana", "no identifier")
    world.send(world.event(user_id="ben"))
    with pytest.raises(Clash) as refused:
        world.split("user:ben", "user:ben")
    assert refused.value.code == "nothing-to-split"


def test_an_event_folded_while_a_split_reads_is_in_it(world: Splitting) -> None:
    """Ana's event is committed between the split's reading and its transaction:

    split    read Ana v3, her history ............................ put v4 if v3: conflict; reads again
    ingest                             fold e, put Ana v4
    """
    joined(world)
    commit = world.profiles.commit

    def slow(writes: Any, relied: Any = ()) -> None:
        world.profiles.commit = commit  # type: ignore[method-assign]
        world.send(world.event("Meanwhile", anonymous_id="a"))
        commit(writes, relied)

    world.profiles.commit = slow  # type: ignore[method-assign]
    world.split("user:ana", "anonymous:a")
    other = world.profile("anonymous", "a")
    assert set(other.facts.activity) == {"Order Completed", "Meanwhile"}
    assert world.told(other) == ["m1", "m4"]


def test_a_worker_that_read_the_whole_folds_into_the_part_it_belongs_to(world: Splitting) -> None:
    """A slow worker has stored its event with the whole, and finds the parts:

    ingest   read Ana v3, store e with her ............... put if v3: conflict; e is a's: taken back, stored anew
    split                                   parts: Ana v4, a v1
    """
    joined(world)
    append, e = world.timeline.append, world.event("Slow", anonymous_id="a")

    def slow(entries: Any, mark: str = "") -> None:
        world.timeline.append = append  # type: ignore[method-assign]
        append(entries, mark)
        world.split("user:ana", "anonymous:a")

    world.timeline.append = slow  # type: ignore[method-assign]
    world.send(e)
    ana, other = world.user("ana"), world.profile("anonymous", "a")
    assert "Slow" in other.facts.activity and "Slow" not in ana.facts.activity
    assert (world.told(ana), world.told(other)) == (["m2", "m3"], ["m1", "m4"])
    world.send(e)
    assert other.facts.activity["Slow"].total == 1


def test_an_event_that_comes_again_after_a_split_is_known_to_its_part(world: Splitting) -> None:
    world.publish(PLAYBOOK)
    order = world.event("Order Completed", anonymous_id="a", properties={"revenue": 60})
    world.send(order)
    world.send(world.event("Login", user_id="ana", anonymous_id="a"))
    world.split("user:ana", "anonymous:a")
    world.send(order)
    assert world.profile("anonymous", "a").facts.activity["Order Completed"].total == 1
    world.clock.forward(3 * DAY)
    world.send(world.event("Seen", anonymous_id="a"))
    world.send(order)
    assert world.profile("anonymous", "a").facts.activity["Order Completed"].total == 1


def test_a_writer_who_is_always_first_is_a_503(world: Splitting) -> None:
    joined(world)
    world.profiles.fail_next("commit", error=Conflict(), times=5)
    with pytest.raises(Unavailable):
        world.split("user:ana", "anonymous:a")
    assert world.user("ana").id == world.profile("anonymous", "a").id


@pytest.mark.parametrize("committed", [True, False])
def test_a_day_later_the_old_timelines_go_or_the_copies_if_nothing_was_split(
    world: Splitting, committed: bool
) -> None:
    joined(world)
    if not committed:
        world.profiles.fail_next("commit")
        with pytest.raises(Unavailable):
            world.split("user:ana", "anonymous:a")
    else:
        world.split("user:ana", "anonymous:a")
    ((due, _), job) = next(iter(world.agenda.jobs.items()))
    assert due - world.clock() == DAY
    told = world.told(world.user("ana"))
    assert world.clear(msgspec.json.decode(job)) == 3
    assert world.clear(msgspec.json.decode(job)) == 0
    assert world.told(world.user("ana")) == told


def test_parts_can_be_split_again_and_joined_with_others(world: Splitting) -> None:
    joined(world)
    world.split("user:ana", "anonymous:a")
    world.split("user:ana", "email:ana@example.com")
    world.check()
    mail = {"email": "ana@example.com"}
    world.send(world.event("", type="identify", traits=mail, anonymous_id="a"))
    refused = world.event("", type="identify", user_id="ana", anonymous_id="a", traits=mail)
    assert world.send(refused).refused_links == {"split": 2}
    world.send(world.event("Login", user_id="ben", anonymous_id="a"))
    world.check()
    assert named(world.user("ana")) == {"user:ana", "anonymous:b"}
    assert "anonymous:a" in named(world.user("ben"))


def store(world: Splitting, profile: Profile) -> None:
    expected = profile.version
    profile.version = f"{expected}x"
    world.profiles.commit([Write(profile, expected)])


def count_writes(world: Splitting) -> list[int]:
    commit, sizes = world.profiles.commit, list[int]()

    def counted(writes: Any, relied: Any = ()) -> None:
        sizes.append(len(writes) + len(relied))
        commit(writes, relied)
        world.check()

    world.profiles.commit = counted  # type: ignore[method-assign]
    return sizes
