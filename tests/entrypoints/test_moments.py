"""Moments over HTTP: whom they reach, and only once."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.json import encode

from chalicelib.domain.instants import to_text
from chalicelib.domain.segment_calls import BATCH_BYTES
from tests.entrypoints.playbooks import UMBRELLAS
from tests.entrypoints.workspace import WRITE, Workspace

HOUR = 3_600_000
TOPEKA = {"city": "Topeka", "region": "Kansas", "country": "US"}
TAMPA = {"city": "Tampa", "region": "FL", "country": "United States"}


@pytest.fixture
def towns(workspace: Workspace) -> Workspace:
    """Ann is in Topeka, Bob lives there, Cleo is in Tampa."""
    workspace.publish(UMBRELLAS)
    workspace.track("Seen", WRITE, userId="ann", context={"location": TOPEKA})
    workspace.identify(userId="bob", traits={"address": TOPEKA})
    workspace.track("Seen", WRITE, userId="cleo", context={"location": TAMPA})
    workspace.clock.forward(1_000)
    return workspace


def start(workspace: Workspace, **body: Any) -> Any:
    answer = workspace.post("/v1/moments", {"name": "Rain Started", **body})
    workspace.settle()
    return answer


def reached(workspace: Workspace) -> set[str]:
    return {u for u in ("ann", "bob", "cleo") if "Rain Started" in workspace.profile(f"user:{u}")["activity"]}


def test_a_moment_reaches_those_who_are_in_its_place(towns: Workspace) -> None:
    answer = start(towns, place="us-ks-topeka", facts={"weather": {"rain_mm": 12}})
    assert answer.status_code == 202 and answer.json_body["moment"]
    assert reached(towns) == {"ann", "bob"}
    event = towns.get("/v1/profiles/user:ann/timeline").json_body["events"][0]
    assert event["context"] == {"weather": {"rain_mm": 12}} and event["origin"] == "moment"


def test_a_location_counts_for_12_hours(towns: Workspace) -> None:
    towns.clock.forward(12 * HOUR)
    start(towns, place="us-ks-topeka")
    assert reached(towns) == {"bob"}


def test_a_moment_reaches_a_segment(towns: Workspace) -> None:
    towns.track("Order Completed", WRITE, userId="cleo")
    start(towns, segment="buyers")
    assert reached(towns) == {"cleo"}


def test_a_moment_reaches_identifiers_and_makes_nobody(towns: Workspace) -> None:
    start(towns, identifiers=["user:ann", "user:ann", "user:nobody", "rubbish"])
    assert reached(towns) == {"ann"}
    assert towns.get("/v1/profiles/user:nobody").status_code == 404


@pytest.mark.parametrize("audience", [{"place": "us-ks-topeka"}, {"identifiers": ["user:ann"]}])
def test_a_repeat_under_the_same_id_is_the_same_moment(towns: Workspace, audience: dict[str, Any]) -> None:
    for _ in range(2):
        start(towns, id="storm-1", **audience)
        towns.clock.forward(60_000)
    assert towns.profile("user:ann")["activity"]["Rain Started"]["total"] == 1
    start(towns, id="storm-2", **audience)
    assert towns.profile("user:ann")["activity"]["Rain Started"]["total"] == 2


def test_large_facts_go_in_as_many_messages_as_they_need(towns: Workspace) -> None:
    everybody = [f"user:customer {number}" for number in range(40)]
    towns.post("/v1/batch", {"batch": [{"type": "page", "userId": one[5:]} for one in everybody]}, WRITE)
    towns.settle()
    answer = towns.post(
        "/v1/moments", {"name": "Rain Started", "identifiers": everybody, "facts": {"x": "y" * 32_000}}
    )
    assert answer.status_code == 202
    assert sum(len(batch.events) for batch in towns.event_queue.batches) == 40
    assert all(len(encode(batch)) <= BATCH_BYTES for batch in towns.event_queue.batches)


def test_a_moment_that_is_over_reaches_nobody(towns: Workspace) -> None:
    past = to_text(towns.clock() - 1)
    for audience in ({"place": "us-ks-topeka"}, {"identifiers": ["user:ann"]}):
        assert start(towns, until=past, **audience).status_code == 202
    soon = to_text(towns.clock() + HOUR)
    towns.post("/v1/moments", {"name": "Rain Started", "place": "us-ks-topeka", "until": soon})
    towns.clock.forward(2 * HOUR)
    towns.settle()
    assert reached(towns) == set()


def test_a_write_key_cannot_pass_for_a_moment(towns: Workspace) -> None:
    """By the id it would have, it is refused; by its name it is an event like any other, and unproven."""
    id = towns.profile("user:ann")["id"]
    forged = {"event": "Rain Started", "userId": "ann", "messageId": f"moment:storm:{id}"}
    assert towns.post("/v1/track", forged, WRITE).status_code == 400
    start(towns, id="storm", identifiers=["user:ann"])
    assert reached(towns) == {"ann"}


@pytest.mark.parametrize(
    "body",
    [
        {}, {"place": "us-ks-topeka", "segment": "buyers"}, {"place": "Topeka, KS"}, {"place": ""},
        {"segment": "strangers"}, {"identifiers": "user:ann"}, {"identifiers": [1]}, {"identifiers": ["a"] * 1_001},
        {"place": "us-ks-topeka", "name": ""}, {"place": "us-ks-topeka", "name": "Email Opened"},
        {"place": "us-ks-topeka", "until": "later"}, {"place": "us-ks-topeka", "facts": []},
        {"place": "us-ks-topeka", "id": "x" * 61},
    ],
)  # fmt: skip
def test_a_bad_moment_is_a_400(towns: Workspace, body: dict[str, Any]) -> None:
    assert start(towns, **body).status_code == 400
