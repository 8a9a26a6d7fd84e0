"""Profiles over HTTP: read, permissions, export, erasure."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from chalicelib.domain.erasure import SWEEP_AFTER
from chalicelib.domain.stored import Delivery, pointer_id
from tests.entrypoints.playbooks import UMBRELLAS
from tests.entrypoints.workspace import OPERATOR, READER, WRITE, Workspace


@pytest.fixture
def ann(workspace: Workspace) -> Workspace:
    """A workspace that knows Ann, by three identifiers."""
    workspace.publish(UMBRELLAS)
    workspace.identify(
        userId="ann", traits={"email": "Ann@Example.com", "firstName": "Ann"}, anonymousId="a1"
    )
    workspace.track("Order Completed", userId="ann", properties={"total": 12})
    return workspace


def test_a_profile_is_shown_as_the_contract_says(ann: Workspace) -> None:
    shown = ann.profile("user:ann")
    assert set(shown) == {
        "id", "identifiers", "traits", "permissions", "segments", "scores", "contacts", "activity", "place", "merged",
    }  # fmt: skip
    assert {(one["kind"], one["value"]) for one in shown["identifiers"]} == {
        ("user", "ann"), ("email", "ann@example.com"), ("anonymous", "a1"),
    }  # fmt: skip
    assert shown["traits"]["firstName"] == "Ann"
    assert shown["segments"] == ["buyers"]
    assert shown["activity"]["Order Completed"]["total"] == 1


@pytest.mark.parametrize(
    "address", ["email:ann%40example.com", "email:ANN@example.com", "anonymous:a1", "user:ann"]
)
def test_every_identifier_leads_to_the_profile(ann: Workspace, address: str) -> None:
    assert ann.profile(address)["id"] == ann.profile("user:ann")["id"]


def test_a_profile_id_leads_to_it_too(ann: Workspace) -> None:
    id = ann.profile("user:ann")["id"]
    assert id.startswith("p_") and ann.profile(id)["id"] == id


@pytest.mark.parametrize(
    "address", ["user:nobody", "email:no", "nothing", "p_" + "a" * 26, "p_short", "user:"]
)
def test_nobody_is_a_404(ann: Workspace, address: str) -> None:
    for path in ("", "/timeline", "/decisions", "/export"):
        assert ann.get(f"/v1/profiles/{address}{path}").status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/profiles/user:ann"), ("GET", "/v1/profiles/user:ann/timeline"),
        ("GET", "/v1/profiles/user:ann/decisions"), ("GET", "/v1/profiles/user:ann/export"),
        ("DELETE", "/v1/profiles/user:ann"), ("PUT", "/v1/profiles/user:ann/permissions"),
        ("GET", "/v1/segments"), ("GET", "/v1/segments/buyers/members"), ("GET", "/v1/rejected"),
        ("POST", "/v1/simulate"), ("GET", "/v1/playbook"), ("PUT", "/v1/playbook"), ("GET", "/v1/playbook/versions"),
        ("POST", "/v1/playbook/rollback"), ("POST", "/v1/moments"), ("GET", "/v1/switches"), ("PUT", "/v1/switches"),
    ],
)  # fmt: skip
def test_a_write_key_reads_and_changes_nothing(ann: Workspace, method: str, path: str) -> None:
    """No key at all is a 401, the public one a 403."""
    assert ann.call(method, path, {}, WRITE).status_code == 403
    assert ann.call(method, path, {}, {}).status_code == 401
    assert ann.call(method, path, {}, {"Authorization": "Bearer wrong"}).status_code == 401


def test_reading_alone_changes_nothing(ann: Workspace) -> None:
    assert ann.get("/v1/profiles/user:ann", READER).status_code == 200
    assert ann.call("DELETE", "/v1/profiles/user:ann", headers=READER).status_code == 403
    assert ann.call("PUT", "/v1/profiles/user:ann/permissions", {}, READER).status_code == 403


def test_the_timeline_is_newest_first_in_pages(ann: Workspace) -> None:
    ann.clock.forward(1_000)
    ann.track("Product Viewed", userId="ann")
    first = ann.get("/v1/profiles/user:ann/timeline?limit=1").json_body
    rest = ann.get(f"/v1/profiles/user:ann/timeline?cursor={first['cursor']}").json_body
    assert [one["event"] for one in first["events"]] == ["Product Viewed"]
    assert {one["type"] for one in rest["events"]} == {"track", "identify"} and rest["cursor"] == ""
    assert first["events"][0]["timestamp"].endswith("Z")


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "limit=-1", "limit=99999", "limit=²", "cursor=%00"])
def test_a_bad_page_is_a_400(ann: Workspace, query: str) -> None:
    assert ann.get(f"/v1/profiles/user:ann/timeline?{query}").status_code == 400


def test_a_permission_is_in_force_when_it_is_answered(ann: Workspace) -> None:
    said = {"channel": "email", "topic": "offers", "state": "granted", "source": "shop"}
    answer = ann.call("PUT", "/v1/profiles/user:ann/permissions", said)
    assert answer.status_code == 200
    held = ann.profile("user:ann")["permissions"]["email"]["offers"]
    assert (held["state"], held["source"]) == ("granted", "shop")
    ann.clock.forward(1)
    ann.call("PUT", "/v1/profiles/user:ann/permissions", {**said, "state": "denied"})
    assert ann.profile("user:ann")["permissions"]["email"]["offers"]["state"] == "denied"


@pytest.mark.parametrize(
    "body",
    [
        {}, {"channel": "email"}, {"channel": "email", "topic": "offers", "state": "maybe"},
        {"channel": "a/b", "topic": "offers", "state": "granted"}, {"channel": "", "topic": "o", "state": "granted"},
        {"channel": 1, "topic": "offers", "state": "granted"},
    ],
)  # fmt: skip
def test_a_permission_that_says_nothing_is_a_400(ann: Workspace, body: dict[str, object]) -> None:
    assert ann.call("PUT", "/v1/profiles/user:ann/permissions", body).status_code == 400


def test_an_export_holds_everything(ann: Workspace) -> None:
    answer = ann.get("/v1/profiles/user:ann/export", {**OPERATOR, "Accept-Encoding": "gzip"})
    document = json.loads(gzip.decompress(answer.body))
    assert document["profile"]["traits"]["firstName"] == "Ann"
    assert len(document["timeline"]) == 2 and "Order Completed" in document["stored"]["facts"]["activity"]
    assert ann.get("/v1/profiles/user:ann/export").json_body == document


def test_an_export_holds_deliveries_that_only_the_timeline_tells_of(ann: Workspace) -> None:
    """The ledger forgets a contact after 90 days; its row, and the one that leads to it, stay 400."""
    id = ann.profile("user:ann")["id"]
    body = {"delivery": "m_old", "channel": "sms"}
    ann.deliveries.create(Delivery("m_old", id, "delivered", 5, body=body, provider_id="7"))
    ann.deliveries.create(Delivery(pointer_id("7"), id, "pointer", 5, {"delivery": "m_old"}))
    ann.timeline.record(
        [(id, "d_1", 5, {"decision": "d_1", "at": 5, "choices": [{"delivery": "m_old", "until": 9}]})]
    )
    document = ann.get("/v1/profiles/user:ann/export").json_body
    assert [row["id"] for row in document["deliveries"]] == ["m_old", "sms:7"]
    assert ann.call("DELETE", "/v1/profiles/user:ann").json_body["erased"]["deliveries"] == 1
    assert ann.deliveries.rows == {}


def test_a_delivery_relayed_after_the_erasure_sends_nothing_and_its_row_is_swept(ann: Workspace) -> None:
    """The stream brings a commit late; the sender finds nobody.

    ingest   commit: rain, m_1
    us                          put Erased, erase rows                                         sweep: m_1 goes
    relay                                                row m_1, queue m_1
    sender                                                                  nobody: row dropped
    """
    from chalicelib import wiring
    from chalicelib.domain.erasure import swept_by
    from chalicelib.domain.events import EventBatch

    said = {"channel": "email", "topic": "offers", "state": "granted"}
    ann.call("PUT", "/v1/profiles/user:ann/permissions", said)
    ann.identify(userId="cy", traits={"email": "cy@example.com"})
    ann.call("PUT", "/v1/profiles/user:cy/permissions", said)
    ann.settle()
    assert ann.post("/v1/track", {"event": "Rain Started", "userId": "cy"}).status_code == 200
    batches, ann.event_queue.batches = ann.event_queue.batches, list[EventBatch]()
    wiring.ingest_events()(batches)  # its outbox waits in the stream
    ann.clock.forward(1_000)
    assert ann.call("DELETE", "/v1/profiles/user:cy").json_body["erased"]["deliveries"] == 0
    ann.settle()
    (row,) = ann.deliveries.rows.values()
    assert (row.state, row.reason, ann.email_sender.sent) == ("dropped", "erased", [])
    due = ann.clock.forward(SWEEP_AFTER)
    for shard in range(4):
        wiring.ring_agenda()({"minute": due // 60_000 * 60_000, "shard": shard})
    home = swept_by(ann.job_queue.jobs[0]).ids[0]
    assert ann.timeline.recorded[home]
    ann.settle()
    assert ann.deliveries.rows == {} and not ann.timeline.recorded[home]


def test_an_erased_customer_is_gone_everywhere(ann: Workspace) -> None:
    homes = set(ann.profiles.homes)
    answer = ann.call("DELETE", "/v1/profiles/email:ann@example.com")
    assert answer.status_code == 202
    assert answer.json_body["erased"]["timeline"] >= 1 and "lakeRewrittenBy" in answer.json_body
    for address in ("user:ann", "email:ann@example.com", "anonymous:a1"):
        assert ann.get(f"/v1/profiles/{address}").status_code == 404
    assert ann.call("DELETE", "/v1/profiles/user:ann").status_code == 404
    assert ann.groups.count("segment:buyers") == 0
    assert set(ann.stops.among(sorted(homes))) == homes
    assert b"ann" not in b"".join(data for _, data, _ in ann.profiles.homes.values())


def test_what_happened_before_the_erasure_does_not_come_back(ann: Workspace) -> None:
    """Neither a late event nor an old one; a new one makes a new customer."""
    before = ann.clock()
    assert ann.post("/v1/track", {"event": "Underway", "userId": "ann"}, WRITE).status_code == 200
    ann.clock.forward(1_000)
    ann.call("DELETE", "/v1/profiles/user:ann")
    ann.settle()
    assert ann.get("/v1/profiles/user:ann").status_code == 404
    ann.clock.forward(1_000)
    from chalicelib.domain.instants import to_text

    ann.track("Offline", userId="ann", timestamp=to_text(before))
    assert ann.get("/v1/profiles/user:ann").status_code == 404
    ann.track("Back Again", userId="ann")
    assert list(ann.profile("user:ann")["activity"]) == ["Back Again"]
    assert ann.profile("user:ann")["traits"] == {}


def test_the_sweep_a_day_later_takes_stragglers_and_nothing_new(ann: Workspace) -> None:
    ann.call("DELETE", "/v1/profiles/user:ann")
    at = ann.clock()
    home = next(iter(ann.profiles.homes))
    from chalicelib import wiring
    from chalicelib.domain.events import Event

    job = next(
        entry["job"]
        for shard in range(4)
        for entry in ann.agenda.due((at + SWEEP_AFTER) // 60_000 * 60_000, shard).items
    )
    assert job["kind"] == "sweep" and home in job["ids"]
    ann.timeline.append([(job["ids"][0], [Event("late", "track", at - 5, at - 5, event="Straggler")])])
    ann.clock.forward(60_000)
    ann.track("Back Again", userId="ann")
    assert wiring.sweep_erased()(job) == 1
    assert [one["event"] for one in ann.get("/v1/profiles/user:ann/timeline").json_body["events"]] == [
        "Back Again"
    ]


def test_a_sweep_spares_who_was_never_erased(ann: Workspace) -> None:
    """An erasure that died before it committed leaves only its entry in the agenda."""
    from chalicelib import wiring

    id = ann.profile("user:ann")["id"]
    job = {"kind": "sweep", "ids": [id], "at": ann.clock(), "deliveries": [], "groups": ["segment:buyers"]}
    assert wiring.sweep_erased()(job) == 0
    assert len(ann.get("/v1/profiles/user:ann/timeline").json_body["events"]) == 2


def test_the_sweep_comes_by_the_agenda(ann: Workspace) -> None:
    from chalicelib import wiring

    ann.call("DELETE", "/v1/profiles/user:ann")
    due = ann.clock.forward(SWEEP_AFTER)
    for shard in range(4):
        wiring.ring_agenda()({"minute": due // 60_000 * 60_000, "shard": shard})
    assert [job["kind"] for job in ann.job_queue.jobs] == ["sweep"]


def test_segments_tell_their_members(ann: Workspace) -> None:
    assert ann.get("/v1/segments").json_body == {"segments": [{"name": "buyers", "members": 1}]}
    for number in range(7):
        ann.track("Order Completed", userId=f"u{number}")
    seen: list[str] = []
    cursor = ""
    for _ in range(10):
        page = ann.get(f"/v1/segments/buyers/members?limit=3&cursor={cursor}").json_body
        seen += [one["id"] for one in page["members"]]
        cursor = page["cursor"]
        if not cursor:
            break
    assert len(seen) == len(set(seen)) == 8
    assert ann.get("/v1/segments/none/members").status_code == 404
    assert ann.get("/v1/segments/buyers/members?cursor=zz").status_code == 400


def test_refused_events_can_be_read(ann: Workspace) -> None:
    ann.post("/v1/track", {"userId": "x", "event": "Email Opened"}, WRITE)
    ann.post("/v1/batch", {"batch": [{"type": "track"}]}, WRITE)
    ann.settle()
    told = ann.get("/v1/rejected").json_body["rejected"]
    assert {one["code"] for one in told} == {"reserved-event", "missing-event"}
    assert ann.get("/v1/rejected?since=2999-01-01").json_body["rejected"] == []
    assert ann.get("/v1/rejected?since=x").status_code == 400


def split(
    workspace: Workspace, address: str, body: object, headers: dict[str, str] = OPERATOR
) -> tuple[int, dict[str, Any]]:
    answer = workspace.post(f"/v1/profiles/{address}/split", body, headers)
    return answer.status_code, json.loads(answer.body)


def test_a_link_made_in_error_is_taken_back(ann: Workspace) -> None:
    ann.track("Product Viewed", anonymousId="a1", properties={"sku": "hat"})
    before = ann.profile("user:ann")
    assert "Product Viewed" in before["activity"]
    status, told = split(ann, "user:ann", {"identifier": "anonymous:a1"})
    assert (status, told["split"]) == (200, "anonymous:a1")
    assert [one["identifiers"] for one in told["profiles"]] == [
        [{"kind": "user", "value": "ann"}, {"kind": "email", "value": "ann@example.com"}],
        [{"kind": "anonymous", "value": "a1"}],
    ]
    kept, other = ann.profile("user:ann"), ann.profile("anonymous:a1")
    assert (kept["id"], set(kept["activity"]), set(other["activity"])) == (
        before["id"], {"Order Completed"}, {"Product Viewed"},
    )  # fmt: skip
    assert other["traits"] == {}


def test_the_next_page_view_with_both_ids_joins_nothing_and_says_why(ann: Workspace) -> None:
    split(ann, "user:ann", {"identifier": "anonymous:a1"})
    ann.track("Product Viewed", userId="ann", anonymousId="a1")
    assert ann.profile("user:ann")["id"] != ann.profile("anonymous:a1")["id"]
    told = json.loads(ann.get("/v1/profiles/user:ann/timeline").body)["events"]
    refused = [one["properties"] for one in told if one.get("event") == "Topeka Link Refused"]
    assert [(one["kind"], one["reason"]) for one in refused] == [("anonymous", "split")]


@pytest.mark.parametrize(
    ("address", "body", "status", "code"),
    [
        ("user:nobody", {"identifier": "anonymous:a1"}, 404, "not-found"),
        ("user:ann", {"identifier": "anonymous:other"}, 404, "not-found"),
        ("user:ann", {"identifier": "nonsense"}, 400, "invalid-identifier"),
        ("user:ann", {}, 400, "missing-field"),
        ("user:ann", {"identifier": 5}, 400, "invalid-type"),
    ],
)
def test_what_cannot_be_split_is_told(
    ann: Workspace, address: str, body: object, status: int, code: str
) -> None:
    answered, told = split(ann, address, body)
    assert (answered, told["error"]["code"]) == (status, code)


def test_who_has_one_identifier_and_whose_history_is_gone_are_a_409(ann: Workspace) -> None:
    ann.track("Seen", userId="bob")
    status, told = split(ann, "user:bob", {"identifier": "user:bob"})
    assert (status, told["error"]["code"]) == (409, "nothing-to-split")
    for events in ann.timeline.events.values():
        events.clear()
    status, told = split(ann, "user:ann", {"identifier": "anonymous:a1"})
    assert (status, told["error"]["code"]) == (409, "history-expired")


@pytest.mark.parametrize("key", [WRITE, READER])
def test_only_who_may_operate_splits(ann: Workspace, key: dict[str, str]) -> None:
    assert split(ann, "user:ann", {"identifier": "anonymous:a1"}, key)[0] in (401, 403)
