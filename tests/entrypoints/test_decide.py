"""Deciding, simulating and the inbox over HTTP, and who may see what."""

from __future__ import annotations

from typing import Any

import pytest

from tests.entrypoints.playbooks import UMBRELLAS
from tests.entrypoints.workspace import OPERATOR, READER, WRITE, Workspace, token

HERO = "web.home.hero"


@pytest.fixture
def shop(workspace: Workspace) -> Workspace:
    """A workspace with a playbook, that knows Ann by her own server's word."""
    workspace.publish(UMBRELLAS)
    workspace.identify(userId="ann", traits={"email": "ann@example.com", "firstName": "Ann"})
    return workspace


def decide(workspace: Workspace, headers: dict[str, str] = WRITE, **body: Any) -> Any:
    answer = workspace.post("/v1/decide", {"placement": HERO, **body}, headers)
    assert answer.status_code == 200, answer.body
    return answer.json_body


def headline(answer: Any) -> str:
    return str(answer["messages"][0]["content"]["headline"])


def test_an_answer_is_as_the_contract_says(shop: Workspace) -> None:
    answer = decide(shop, userId="ann", userToken=token("ann"))
    assert set(answer) == {"decision", "outcome", "messages"}
    assert answer["decision"].startswith("d_") and answer["outcome"] == "offer"
    assert set(answer["messages"][0]) == {"message", "variant", "kind", "content", "until"}
    assert headline(answer) == "Stay dry, Ann"


GRANTED = {"email": {"offers": {"state": "granted"}}}
ENDLESS = UMBRELLAS.replace(
    "messages:\n",
    """messages:
  endless:
    {{topic: offers, value: 9, moments: [rain], placements: [web.home.hero], channels: [email], variants: {{plain: {{
      web: {{headline: {0}}}, email: {{subject: Rain, text: {0}}}}}}}}}
""".format('"{% for i in (1..traits.n) %}a{% endfor %}"'),
)


def test_a_template_that_fails_leaves_the_next_best_and_is_counted(
    shop: Workspace, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[str] = []
    monkeypatch.setattr("chalicelib.entrypoints.batches.count", counted.append)
    shop.publish(ENDLESS)
    shop.identify(userId="ann", traits={"n": 3})
    assert headline(decide(shop, OPERATOR, userId="ann")) == "aaa"
    shop.identify(userId="bob", traits={"n": 99_999_999, "firstName": "Bob"})
    assert headline(decide(shop, OPERATOR, userId="bob")) == "Stay dry, Bob"
    assert counted == ["TemplatesFailed"]
    (line,) = [vars(one) for one in caplog.records if one.getMessage() == "template-failed"]
    assert line["message_name"] == "endless" and "Bob" not in str(line)


def test_a_template_that_fails_at_sending_falls_to_the_next_message(shop: Workspace) -> None:
    shop.publish(ENDLESS)
    for who, n in (("ann", 3), ("bob", 99_999_999)):
        mail = {"email": f"{who}@example.com", "n": n}
        shop.identify(userId=who, traits=mail)
        said = {"channel": "email", "topic": "offers", "state": "granted", "source": "form"}
        assert shop.call("PUT", f"/v1/profiles/user:{who}/permissions", said).status_code == 200
        shop.track("Rain Started", userId=who)

    sent = [(one.to, one.message) for one in shop.email_sender.sent]
    assert sent == [("ann@example.com", "endless"), ("bob@example.com", "umbrella_offer")]
    contacts = shop.profile("user:bob")["contacts"]
    assert sorted((one["message"], one["outcome"]) for one in contacts) == [
        ("endless", "dropped"),
        ("umbrella_offer", "sent"),
    ]
    decisions = shop.get("/v1/profiles/user:bob/decisions").json_body["decisions"]
    reasons = {one["choices"][0]["message"]: one["reasons"] for one in decisions}
    assert reasons == {"endless": {"outscored": 1}, "umbrella_offer": {"template-failed": 1}}


def test_a_simulated_moment_says_what_goes_out_in_the_end(shop: Workspace) -> None:
    shop.publish(ENDLESS)
    who = {"traits": {"email": "eve@example.com", "n": 99_999_999}, "permissions": GRANTED}
    asked = {"profile": who, "moment": {"event": {"type": "track", "event": "Rain Started"}}}
    told = shop.post("/v1/simulate", asked).json_body
    assert [one["message"] for one in told["messages"]] == ["umbrella_offer"]
    reasons = {one["message"]: one.get("reason", "") for one in told["explain"]["messages"]}
    assert reasons == {"umbrella_offer": "", "endless": "template-failed"}


def test_an_operator_may_have_it_explained(shop: Workspace) -> None:
    assert "explain" in decide(shop, OPERATOR, userId="ann", explain=True)
    assert "explain" not in decide(shop, WRITE, anonymousId="z", explain=True)
    assert headline(decide(shop, OPERATOR, identifier="email:ann@example.com")) == "Stay dry, Ann"


@pytest.mark.parametrize("sent", [None, "", "00", token("bob"), "ä"])
def test_a_user_id_needs_its_token(shop: Workspace, sent: str | None) -> None:
    who = {"userId": "ann", "userToken": sent}
    assert shop.post("/v1/decide", {"placement": HERO, **who}, WRITE).status_code == 403
    assert shop.post("/v1/inbox/m_1/seen", who, WRITE).status_code == 403
    assert shop.get("/v1/inbox?userId=ann", WRITE).status_code == 403


def test_a_token_under_the_previous_secret_still_proves(shop: Workspace) -> None:
    from chalicelib.domain.keys import user_token

    assert (
        headline(decide(shop, userId="ann", userToken=user_token(b"earlier-secret", "ann")))
        == "Stay dry, Ann"
    )


def test_an_unknown_customer_is_decided_for(shop: Workspace) -> None:
    assert headline(decide(shop, anonymousId="new")) == "Stay dry, friend"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"anonymousId": "a", "placement": "nowhere"}, "unknown-placement"),
        ({}, "no-identifier"),
        ({"anonymousId": "null"}, "no-identifier"),
        ({"anonymousId": "a", "limit": 0}, "invalid-type"),
        ({"anonymousId": "a", "limit": 11}, "invalid-type"),
        ({"anonymousId": "a", "limit": "1"}, "invalid-type"),
        ({"anonymousId": ["a"]}, "invalid-type"),
        ({"anonymousId": "a", "context": []}, "invalid-type"),
        ({"anonymousId": "a", "placement": 1}, "invalid-type"),
    ],
)
def test_a_bad_question_is_a_400(shop: Workspace, body: dict[str, Any], code: str) -> None:
    answer = shop.post("/v1/decide", {"placement": HERO, **body}, WRITE)
    assert (answer.status_code, answer.json_body["error"]["code"]) == (400, code)


def test_a_stranger_who_links_himself_to_a_user_sees_no_trait(shop: Workspace) -> None:
    """With the write key alone: the link joins history, but shows nothing."""
    shop.identify(WRITE, userId="ann", anonymousId="stranger")
    answer = decide(shop, anonymousId="stranger")
    assert headline(answer) == "Stay dry, friend"


def test_a_proof_of_ones_own_id_proves_nothing_about_a_device(shop: Workspace) -> None:
    """A token for mallory, and the device of somebody known by e-mail only."""
    shop.identify(anonymousId="bobs", traits={"email": "bob@example.com", "firstName": "Bob"})
    answer = decide(shop, userId="mallory", userToken=token("mallory"), anonymousId="bobs")
    assert headline(answer) == "Stay dry, friend"


def test_a_proven_link_shows_what_is_known(shop: Workspace) -> None:
    shop.identify(WRITE, userId="ann", anonymousId="hers", context={"userToken": token("ann")})
    assert headline(decide(shop, anonymousId="hers")) == "Stay dry, Ann"


@pytest.mark.parametrize("out", [{"userId": "ann"}, {}])
def test_whoever_sits_at_a_device_after_a_logout_is_shown_no_name_and_no_inbox(
    shop: Workspace, out: dict[str, Any]
) -> None:
    proof = {"userToken": token("ann")}
    shop.identify(WRITE, userId="ann", anonymousId="kiosk", context=proof)
    assert headline(decide(shop, anonymousId="kiosk")) == "Stay dry, Ann"
    shop.track("Signed Out", anonymousId="kiosk", **out)
    shop.clock.forward(40 * 60_000)
    assert headline(decide(shop, anonymousId="kiosk")) == "Stay dry, friend"
    shop.identify(WRITE, userId="ann", anonymousId="kiosk", context=proof)
    assert headline(decide(shop, anonymousId="kiosk")) == "Stay dry, Ann"


def test_an_unproven_address_replaces_no_proven_one(shop: Workspace) -> None:
    """A stranger diverts no mail, and grants no permission for it."""
    shop.clock.forward(1_000)
    shop.identify(WRITE, userId="ann", traits={"email": "mallory@example.com"})
    shop.track("Permission Granted", WRITE, userId="ann", properties={"channel": "email", "topic": "offers"})
    profile = shop.profile("user:ann")
    assert profile["traits"]["email"] == "ann@example.com"
    assert profile["permissions"]["email"]["offers"]["state"] != "granted"


def test_the_inbox_is_the_customers_alone(shop: Workspace) -> None:
    shop.track("Welcomed", OPERATOR, userId="ann")
    proof = f"userId=ann&userToken={token('ann')}"
    (message,) = shop.get(f"/v1/inbox?{proof}", WRITE).json_body["messages"]
    assert message["content"] == {"title": "Hello Ann"} and message["decision"].startswith("d_")
    shop.identify(WRITE, userId="ann", anonymousId="stranger")
    assert shop.get("/v1/inbox?anonymousId=stranger", WRITE).json_body["messages"] == []
    path = f"/v1/inbox/{message['delivery']}"
    assert shop.post(f"{path}/dismissed", {"anonymousId": "stranger"}, WRITE).status_code == 404
    assert shop.post(f"{path}/seen", {"anonymousId": "other"}, WRITE).status_code == 404
    own = {"userId": "bob", "userToken": token("bob")}
    assert shop.post(f"{path}/seen", own, WRITE).status_code == 404
    assert shop.get(f"/v1/inbox?{proof}", WRITE).json_body["messages"] == [message]


def test_a_message_is_seen_and_dismissed(shop: Workspace) -> None:
    shop.track("Welcomed", OPERATOR, userId="ann")
    who = {"userId": "ann", "userToken": token("ann")}
    query = f"/v1/inbox?userId=ann&userToken={token('ann')}"
    delivery = shop.get(query, WRITE).json_body["messages"][0]["delivery"]
    assert shop.post(f"/v1/inbox/{delivery}/seen", who, WRITE).status_code == 200
    assert shop.get(query, WRITE).json_body["messages"][0]["seen"] is True
    assert shop.post(f"/v1/inbox/{delivery}/dismissed", who, WRITE).status_code == 200
    assert shop.get(query, WRITE).json_body["messages"] == []
    assert shop.profile("user:ann")["contacts"][0]["outcome"] == "dismissed"


def test_a_simulation_writes_nothing(shop: Workspace) -> None:
    before = dict(shop.profiles.homes)
    body = {"identifier": "user:ann", "moment": {"placement": HERO}}
    answer = shop.post("/v1/simulate", body, READER)
    assert answer.status_code == 200 and headline(answer.json_body) == "Stay dry, Ann"
    assert answer.json_body["explain"]["messages"][0]["message"] == "umbrella_offer"
    assert shop.profiles.homes == before and shop.event_queue.batches == []


def test_a_profile_can_be_made_up(shop: Workspace) -> None:
    """In the shape in which one is read."""
    profile = {"traits": {"firstName": "Eve", "email": "eve@example.com"}, "segments": []}
    event = {"event": "Rain Started", "context": {"weather": {"rain_mm": 9}}}
    asked: dict[str, Any] = {"profile": profile, "moment": {"event": event}, "at": "2026-07-01T15:00:00Z"}
    silent = shop.post("/v1/simulate", asked).json_body
    assert silent["explain"]["messages"][0]["reason"] == "no-permission"
    profile["permissions"] = {"email": {"offers": {"state": "granted"}}}
    spoken = shop.post("/v1/simulate", asked).json_body
    assert (spoken["moment"], spoken["messages"][0]["channel"]) == ("rain", "email")
    profile["segments"] = ["buyers"]
    assert shop.post("/v1/simulate", asked).json_body["explain"]["messages"][0]["reason"] == "not-for-them"


def test_what_is_read_can_be_simulated(shop: Workspace) -> None:
    shop.track("Order Completed", userId="ann")
    profile = shop.profile("user:ann")
    answer = shop.post("/v1/simulate", {"profile": profile, "moment": {"placement": HERO}}).json_body
    assert answer["explain"]["messages"][0]["reason"] == "not-for-them"


def test_a_simulation_may_try_another_playbook(shop: Workspace) -> None:
    other = UMBRELLAS.replace("Stay dry", "Keep dry")
    body = {"identifier": "user:ann", "moment": {"placement": HERO}, "playbook": other}
    assert headline(shop.post("/v1/simulate", body).json_body) == "Keep dry, Ann"
    assert shop.post("/v1/simulate", {**body, "playbook": "playbook: 2"}).json_body["error"]["faults"]


@pytest.mark.parametrize(
    "body",
    [
        {}, {"moment": {}}, {"identifier": "user:ann", "moment": {}}, {"moment": {"placement": HERO}},
        {"identifier": "user:ann", "moment": {"placement": "nowhere"}},
        {"identifier": "user:ann", "moment": {"placement": HERO}, "at": "soon"},
        {"profile": {"traits": []}, "moment": {"placement": HERO}},
        {"profile": {"contacts": [{"message": "x", "at": "never"}]}, "moment": {"placement": HERO}},
        {"profile": {}, "moment": {"event": {"type": "dance"}}},
    ],
)  # fmt: skip
def test_a_bad_simulation_is_a_400(shop: Workspace, body: dict[str, Any]) -> None:
    assert shop.post("/v1/simulate", body).status_code == 400


def test_simulating_nobody_is_a_404(shop: Workspace) -> None:
    body = {"identifier": "user:nobody", "moment": {"placement": HERO}}
    assert shop.post("/v1/simulate", body).status_code == 404
