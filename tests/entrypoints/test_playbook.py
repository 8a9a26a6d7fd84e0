"""The playbook over HTTP, and the switches and health beside it."""

from __future__ import annotations

import pytest

from chalicelib import wiring
from chalicelib.domain.instants import to_text
from chalicelib.domain.webhooks import shown_secret
from tests.entrypoints.playbooks import UMBRELLAS
from tests.entrypoints.workspace import OPERATOR, Workspace


def test_a_playbook_is_published_and_read_back(workspace: Workspace) -> None:
    assert workspace.get("/v1/playbook").status_code == 404
    answer = workspace.call("PUT", "/v1/playbook", UMBRELLAS.encode())
    assert answer.status_code == 200
    told = {"version": 1, "backfill": "running", "warnings": [], "survey": "too-few-customers"}
    assert answer.json_body == told
    read = workspace.get("/v1/playbook")
    assert read.body.decode() == UMBRELLAS and read.headers["Content-Type"].startswith("application/yaml")
    as_json = workspace.get("/v1/playbook", {**OPERATOR, "Accept": "application/json"}).json_body
    assert as_json["name"] == "Umbrellas" and as_json["messages"]["umbrella_offer"]["value"] == 3


def test_it_is_in_force_when_it_is_answered(workspace: Workspace) -> None:
    assert workspace.get("/health", {}).json_body["playbook"] == 0
    workspace.call("PUT", "/v1/playbook", UMBRELLAS.encode())
    health = workspace.get("/health", {}).json_body
    assert (health["ok"], health["playbook"], health["stage"]) == (True, 1, "local")


def test_checking_publishes_nothing(workspace: Workspace) -> None:
    answer = workspace.call("PUT", "/v1/playbook?check=true", UMBRELLAS.encode())
    assert answer.status_code == 200
    assert answer.json_body == {"ok": True, "warnings": [], "survey": "too-few-customers"}
    assert workspace.get("/v1/playbook").status_code == 404


def test_every_fault_is_told_with_its_line(workspace: Workspace) -> None:
    faulty = UMBRELLAS.replace("moments: [rain]", "moments: [snow]").replace("topic: offers", "topic: offer")
    for path in ("/v1/playbook", "/v1/playbook?check=true"):
        error = workspace.call("PUT", path, faulty.encode()).json_body["error"]
        assert error["code"] == "invalid-playbook"
        assert len(error["faults"]) >= 2 and all(
            {"line", "path", "message"} == set(one) for one in error["faults"]
        )
    assert workspace.get("/v1/playbook").status_code == 404


def test_what_would_reach_nobody_is_a_warning_and_is_published(workspace: Workspace) -> None:
    for at in range(20):
        workspace.post("/v1/identify", {"userId": f"u{at}", "traits": {"plan": "tin"}})
    workspace.settle()
    for_nobody = UMBRELLAS.replace("{not: {segment: buyers}}", "{trait: plan, is: gold}")
    line = for_nobody.splitlines().index("  umbrella_offer:") + 1
    why = "20 of whom it is not true: plan is gold"
    warning = {
        "line": line,
        "path": "messages.umbrella_offer",
        "message": f"Of 20 customers looked at, none could receive it today: {why}.",
    }
    checked = workspace.call("PUT", "/v1/playbook?check=true", for_nobody.encode()).json_body
    assert checked == {"ok": True, "warnings": [warning], "survey": "done"}
    published = workspace.call("PUT", "/v1/playbook", for_nobody.encode()).json_body
    assert (published["version"], published["warnings"]) == (1, [warning])


def test_a_look_at_customers_that_fails_stops_no_publishing(workspace: Workspace) -> None:
    workspace.profiles.fail_next("scan")
    answer = workspace.call("PUT", "/v1/playbook", UMBRELLAS.encode()).json_body
    assert (answer["version"], answer["warnings"], answer["survey"]) == (1, [], "unavailable")


def with_sms(text: str) -> str:
    """The umbrellas, offered by SMS as well: after their web content, on one line."""
    lines = UMBRELLAS.splitlines(keepends=True)
    at = next(at for at, line in enumerate(lines) if line.lstrip().startswith("web: {"))
    indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
    return "".join([*lines[: at + 1], f'{indent}sms: {{text: "{text}"}}\n', *lines[at + 1 :]])


def test_an_sms_of_several_parts_is_a_warning_and_is_published(workspace: Workspace) -> None:
    playbook = with_sms("a" * 161)
    (warning,) = workspace.call("PUT", "/v1/playbook?check=true", playbook.encode()).json_body["warnings"]
    assert warning["path"] == "messages.umbrella_offer.variants.plain.sms.text"
    assert playbook.splitlines()[warning["line"] - 1].lstrip().startswith("sms:")
    assert "161 characters, sent and charged as 2 parts" in warning["message"]
    assert workspace.call("PUT", "/v1/playbook", playbook.encode()).json_body["warnings"] == [warning]


def test_an_sms_that_providers_refuse_is_a_fault(workspace: Workspace) -> None:
    answer = workspace.call("PUT", "/v1/playbook", with_sms("a" * 1531).encode())
    (fault,) = answer.json_body["error"]["faults"]
    assert (
        fault["path"] == "messages.umbrella_offer.variants.plain.sms.text" and "11 parts" in fault["message"]
    )


@pytest.mark.parametrize("template", ["{{ traits.a", "{% include 'x' %}", "{% for %}", "{{ x | no_such }}"])
def test_a_template_at_fault_is_told_by_line_and_path(workspace: Workspace, template: str) -> None:
    faulty = UMBRELLAS.replace("{{ traits.firstName | default: 'friend' }}", template)
    (fault,) = workspace.call("PUT", "/v1/playbook", faulty.encode()).json_body["error"]["faults"]
    assert fault["path"] == "messages.umbrella_offer.variants.plain.web.headline"
    assert faulty.splitlines()[fault["line"] - 1].lstrip().startswith("web:")


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"playbook: 1", b"\xff", b"a: &x 1\nb: *x", b"x" * (2 * 1024 * 1024 + 1)]
)
def test_what_is_no_playbook_is_a_400(workspace: Workspace, body: bytes) -> None:
    assert workspace.call("PUT", "/v1/playbook", body).status_code == 400


def test_one_can_go_back(workspace: Workspace) -> None:
    workspace.publish(UMBRELLAS)
    workspace.publish(UMBRELLAS.replace("name: Umbrellas", "name: Hats"))
    assert workspace.post("/v1/playbook/rollback", {"version": 1}).json_body == {"version": 1}
    assert workspace.get("/health", {}).json_body["playbook"] == 1
    versions = workspace.get("/v1/playbook/versions").json_body["versions"]
    assert [(one["version"], one["live"]) for one in versions] == [(2, False), (1, True)]
    assert workspace.post("/v1/playbook/rollback", {"version": 9}).status_code == 404
    assert workspace.post("/v1/playbook/rollback", {"version": "1"}).status_code == 400
    assert workspace.post("/v1/playbook/rollback", {}).status_code == 400


def test_one_can_go_back_to_a_playbook_beyond_one_item(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.adapters.playbooks.PART", 300)
    workspace.publish(UMBRELLAS)
    workspace.publish("playbook: 1\nname: Nothing\n")
    assert workspace.post("/v1/playbook/rollback", {"version": 1}).json_body == {"version": 1}
    assert workspace.get("/v1/playbook").body.decode() == UMBRELLAS
    wiring.live_rules.cache_clear()  # as in a fresh worker
    answer = workspace.post("/v1/decide", {"anonymousId": "a", "placement": "web.home.hero"}).json_body
    assert answer["messages"][0]["content"]["headline"] == "Stay dry, friend"


def backfills(workspace: Workspace) -> list[str]:
    versions = workspace.get("/v1/playbook/versions").json_body["versions"]
    return [f"{one['version']} {one['backfill']}" for one in reversed(versions)]


def test_it_says_when_profiles_are_filled_for_what_it_needs(workspace: Workspace) -> None:
    def put(playbook: str) -> str:
        return str(workspace.call("PUT", "/v1/playbook", playbook.encode()).json_body["backfill"])

    workspace.track("Order Completed", anonymousId="a")
    assert put(UMBRELLAS) == "running" and backfills(workspace) == ["1 running"]
    workspace.clock.now += 60_000
    workspace.settle()
    (version,) = workspace.get("/v1/playbook/versions").json_body["versions"]
    assert (version["backfill"], version["backfilledAt"]) == ("complete", to_text(workspace.clock()))

    assert put(UMBRELLAS.replace("name: Umbrellas", "name: Hats")) == "not-needed"
    assert put(UMBRELLAS.replace("{did: Order", "{did: Hat")) == "running"
    again = UMBRELLAS.replace("{did: Order", "{did: Hat").replace("name: Umbrellas", "name: Hats")
    assert put(again) == "running"  # the one before needed the same, but not all had it yet
    assert backfills(workspace) == ["1 complete", "2 not-needed", "3 stopped", "4 running"]
    workspace.settle()
    assert backfills(workspace) == ["1 complete", "2 not-needed", "3 stopped", "4 complete"]

    workspace.post("/v1/playbook/rollback", {"version": 1})
    assert backfills(workspace)[0] == "1 running"
    workspace.settle()
    assert backfills(workspace)[0] == "1 complete"


def test_a_playbook_that_needs_no_facts_needs_no_filling(workspace: Workspace) -> None:
    answer = workspace.call("PUT", "/v1/playbook", b"playbook: 1\nname: Bare\n").json_body
    assert answer["backfill"] == "not-needed" and backfills(workspace) == ["1 not-needed"]


def test_switches_are_kept_and_hold_at_once(workspace: Workspace) -> None:
    workspace.publish(UMBRELLAS)
    off = {"sending": True, "channels": {"sms": False}, "messages": {"umbrella_offer": False}}
    assert workspace.call("PUT", "/v1/switches", off).json_body == off
    assert workspace.get("/v1/switches").json_body == off
    asked = {"anonymousId": "a", "placement": "web.home.hero", "explain": True}
    answer = workspace.post("/v1/decide", asked).json_body
    assert answer["messages"] == [] and "switched-off" in str(answer["explain"])


@pytest.mark.parametrize("body", [{"sending": "no"}, {"channels": {"sms": 0}}, {"messages": []}])
def test_bad_switches_are_a_400(workspace: Workspace, body: dict[str, object]) -> None:
    assert workspace.call("PUT", "/v1/switches", body).status_code == 400


def test_an_operator_is_shown_where_webhooks_go_and_the_secret_for_each_receiver(
    workspace: Workspace,
) -> None:
    assert workspace.get("/v1/playbook/webhooks").json_body == {"webhooks": []}
    workspace.publish(UMBRELLAS + '\nwebhooks: {print: {url: "https://print.example.com/in"}}\n')
    (shown,) = workspace.get("/v1/playbook/webhooks").json_body["webhooks"]
    assert (shown["name"], shown["channel"], shown["url"]) == (
        "print", "webhook.print", "https://print.example.com/in",
    )  # fmt: skip
    assert shown["secret"] == shown_secret(wiring.secrets(), "print")
    assert workspace.get("/v1/playbook/webhooks", {"Authorization": "Bearer reading-key"}).status_code == 403
