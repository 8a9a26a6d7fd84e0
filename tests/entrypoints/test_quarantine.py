"""The quarantine over HTTP: seen, released, discarded."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib import wiring
from chalicelib.domain.events import Event
from chalicelib.domain.instants import to_text
from tests.entrypoints.workspace import READER, WRITE, Workspace


@pytest.fixture
def bot(workspace: Workspace) -> Workspace:
    """A workspace that knows a bot, of whom three events are set aside."""
    workspace.identify(userId="bot", traits={"email": "bot@example.com"})
    set_aside(workspace, workspace.profile("user:bot")["id"], 3)
    return workspace


def set_aside(workspace: Workspace, profile: str, count: int, first: int = 0) -> None:
    at = workspace.clock() - 1_000
    made = [
        Event(f"m{number}", "track", at + number, at + number, event="Product Viewed", user_id="bot")
        for number in range(first, first + count)
    ]
    workspace.quarantine.add([(profile, made)])


def viewed(workspace: Workspace) -> Any:
    return workspace.profile("user:bot")["activity"].get("Product Viewed")


def test_who_has_events_set_aside_is_listed(bot: Workspace) -> None:
    at = bot.clock() - 1_000
    assert bot.get("/v1/quarantine", READER).json_body == {
        "profiles": [
            {
                "profile": bot.profile("user:bot")["id"],
                "events": 3,
                "first": to_text(at),
                "last": to_text(at + 2),
            }
        ],
        "cursor": "",
    }


def test_the_listing_comes_in_pages(bot: Workspace) -> None:
    for number in range(4):
        set_aside(bot, f"p_{number}", 2)
    told, path = [], "/v1/quarantine?limit=2"
    while True:
        page = bot.get(path).json_body
        told += [one["profile"] for one in page["profiles"]]
        if not page["cursor"]:
            break
        path = f"/v1/quarantine?limit=2&cursor={page['cursor']}"
    assert len(told) == len(set(told)) == 5


@pytest.mark.parametrize("by", ["id", "identifier"])
def test_events_set_aside_are_shown_in_pages(bot: Workspace, by: str) -> None:
    id = bot.profile("user:bot")["id"]
    address = id if by == "id" else "email:bot%40example.com"
    first = bot.get(f"/v1/quarantine/{address}?limit=2", READER).json_body
    rest = bot.get(f"/v1/quarantine/{address}?limit=2&cursor={first['cursor']}").json_body
    assert (first["profile"], rest["profile"], rest["cursor"]) == (id, id, "")
    shown = first["events"] + rest["events"]
    assert [one["messageId"] for one in shown] == ["m0", "m1", "m2"]
    assert shown[0]["receivedAt"] == to_text(bot.clock() - 1_000)


def test_released_events_are_folded_and_gone_from_the_quarantine(bot: Workspace) -> None:
    assert viewed(bot) is None
    answer = bot.post("/v1/quarantine/user:bot/release", {})
    assert (answer.status_code, answer.json_body) == (
        202,
        {"profile": bot.profile("user:bot")["id"], "released": 3, "more": False},
    )
    bot.settle()
    assert viewed(bot)["total"] == 3
    assert bot.get("/v1/quarantine").json_body == {"profiles": [], "cursor": ""}
    assert bot.get("/v1/quarantine/user:bot").status_code == 404


def test_a_release_of_any_size_comes_to_its_end(bot: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chalicelib.services.empty_quarantine.PART", 3)
    id = bot.profile("user:bot")["id"]
    for first in range(3, 60, 3):
        set_aside(bot, id, 3, first)
    answer = bot.post("/v1/quarantine/user:bot/release", {})
    assert (answer.json_body["released"], answer.json_body["more"]) == (3, True)
    bot.settle()
    assert viewed(bot)["total"] == 60
    assert bot.get("/v1/quarantine/user:bot").status_code == 404


def test_discarded_events_are_never_folded(bot: Workspace) -> None:
    answer = bot.call("DELETE", "/v1/quarantine/user:bot")
    id = bot.profile("user:bot")["id"]
    assert (answer.status_code, answer.json_body) == (202, {"profile": id, "discarded": 3, "more": False})
    bot.settle()
    assert viewed(bot) is None
    assert bot.call("DELETE", "/v1/quarantine/user:bot").status_code == 404


def test_what_was_set_aside_of_a_customer_before_a_merge_is_found(bot: Workspace) -> None:
    bot.identify(anonymousId="a1", traits={"email": "second@example.com"})
    earlier = bot.profile("email:second@example.com")["id"]
    set_aside(bot, earlier, 2, first=10)
    bot.call("DELETE", "/v1/quarantine/user:bot")
    bot.identify(userId="bot", traits={"email": "second@example.com"})
    assert earlier in bot.profile("user:bot")["merged"]
    assert bot.get("/v1/quarantine/user:bot").json_body["profile"] == earlier
    assert bot.post("/v1/quarantine/user:bot/release", {}).json_body["released"] == 2
    bot.settle()
    assert viewed(bot)["total"] == 2


@pytest.mark.parametrize(
    "address", ["user:nobody", "email:no", "nothing", "p_" + "a" * 26, "p_short", "user:"]
)
def test_where_nothing_is_set_aside_is_a_404(bot: Workspace, address: str) -> None:
    assert bot.get(f"/v1/quarantine/{address}").status_code == 404
    assert bot.call("POST", f"/v1/quarantine/{address}/release").status_code == 404
    assert bot.call("DELETE", f"/v1/quarantine/{address}").status_code == 404


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "limit=9999", "cursor=%00", "cursor=WyJ-fn4iLDFd"])
def test_a_bad_page_is_a_400_or_empty(bot: Workspace, query: str) -> None:
    for path in ("/v1/quarantine", "/v1/quarantine/user:bot"):
        answer = bot.get(f"{path}?{query}")
        assert answer.status_code == 400 or answer.json_body["cursor"] == ""


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/quarantine"), ("GET", "/v1/quarantine/user:bot"),
        ("POST", "/v1/quarantine/user:bot/release"), ("DELETE", "/v1/quarantine/user:bot"),
    ],
)  # fmt: skip
def test_it_is_the_operators_alone(bot: Workspace, method: str, path: str) -> None:
    assert bot.call(method, path, headers=WRITE).status_code == 403
    assert bot.call(method, path, headers={}).status_code == 401
    assert bot.call(method, path, headers=READER).status_code == (200 if method == "GET" else 403)


@pytest.mark.parametrize("kind", ["release", "drop"])
def test_a_job_is_known_by_its_kind(bot: Workspace, kind: str) -> None:
    from chalicelib.entrypoints.jobs import WORKERS

    id = bot.profile("user:bot")["id"]
    getattr(wiring, WORKERS[kind])()({"kind": kind, "profile": id, "until": bot.clock(), "cursor": ""})
    bot.settle()
    assert bot.get("/v1/quarantine").json_body["profiles"] == []
    assert (viewed(bot) is not None) == (kind == "release")
