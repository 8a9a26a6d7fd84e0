"""The pages that links in messages lead to."""

from __future__ import annotations

import re

import pytest
from chalice.test import HTTPResponse

from chalicelib.domain import short_links, tokens
from chalicelib.domain.keys import Secrets
from chalicelib.domain.links import DAY, LIFE
from tests.entrypoints.playbooks import UMBRELLAS
from tests.entrypoints.workspace import OPERATOR, SECRET, Workspace

PAGES = {"unsubscribe": "u", "preferences": "p", "click": "c", "open": "o", "slot": "slot"}
SLOT = (
    UMBRELLAS.replace("placements:\n", "placements:\n  email.slot: {channel: email_slot}\n")
    .replace("[web.home.hero]", "[web.home.hero, email.slot]")
    .replace(
        "        web: {", "        email_slot: {image: umbrella.png, fallback: none.png}\n        web: {"
    )
)

ANN = {"email": "ann@example.com", "phone": "+17855550123", "firstName": "Ann"}


@pytest.fixture
def shop(workspace: Workspace) -> Workspace:
    """A workspace that has sent Ann an e-mail about umbrellas."""
    workspace.publish(SLOT)
    workspace.identify(userId="ann", traits=ANN)
    said = {"channel": "email", "topic": "offers", "state": "granted", "source": "shop"}
    workspace.call("PUT", "/v1/profiles/user:ann/permissions", said)
    workspace.clock.forward(1_000)
    answer = workspace.post("/v1/moments", {"name": "Rain Started", "identifiers": ["user:ann"]})
    assert answer.status_code == 202
    workspace.settle()
    assert len(workspace.email_sender.sent) == 1
    workspace.clock.forward(60_000)
    return workspace


def links(shop: Workspace) -> dict[str, str]:
    """The paths of the links in the e-mail, by page."""
    mime = shop.email_sender.sent[0].mime.decode()
    plain = mime.replace("=\r\n", "").replace("=\n", "").replace("=3D", "=")
    return {page: f"/{page}/{token}" for page, token in re.findall(r"/([a-z]+)/(1[\w-]{30,})", plain)}


def token(shop: Workspace, purpose: str, **claims: object) -> str:
    return tokens.mint(Secrets(SECRET, SECRET), purpose, claims, shop.clock() + DAY)


def ann(shop: Workspace) -> str:
    return str(shop.profile("user:ann")["id"])


def state(shop: Workspace, topic: str, channel: str = "email") -> str:
    return str(shop.profile("user:ann")["permissions"][channel][topic]["state"])


def submit(shop: Workspace, path: str, body: bytes) -> HTTPResponse:
    return shop.call("POST", path, body, {"Content-Type": "application/x-www-form-urlencoded"})


def test_looking_at_the_page_unsubscribes_nobody(shop: Workspace) -> None:
    """Scanners follow links."""
    answer = shop.get(links(shop)["u"], {})
    assert answer.status_code == 200 and b"Stop Offers" in answer.body and b'method="post"' in answer.body
    assert state(shop, "offers") == "granted"


def test_one_click_unsubscribes_at_once(shop: Workspace) -> None:
    """RFC 8058: a POST with this body, no cookie, no further question."""
    answer = submit(shop, links(shop)["u"], b"List-Unsubscribe=One-Click")
    assert answer.status_code == 200 and b"no more Offers" in answer.body
    assert state(shop, "offers") == "denied"
    assert "news" not in shop.profile("user:ann")["permissions"]["email"]
    again = submit(shop, links(shop)["u"], b"List-Unsubscribe=One-Click")
    assert again.status_code == 200


def unsubscribed(shop: Workspace) -> int:
    """How often she has, as her history tells."""
    told = shop.timeline.events[ann(shop)].values()
    return sum(event.event == "Unsubscribed" for event in told)


def test_what_is_said_again_without_a_yes_between_is_said_once(shop: Workspace) -> None:
    for _ in range(2):  # as whoever is answered with an error does, though it had been taken
        submit(shop, links(shop)["u"], b"List-Unsubscribe=One-Click")
        shop.clock.forward(1_000)
    assert unsubscribed(shop) == 1
    submit(shop, f"/p/{token(shop, 'preferences', p=ann(shop))}", b"topic=email%2Foffers")
    assert state(shop, "offers") == "granted"
    shop.clock.forward(1_000)
    submit(shop, links(shop)["u"], b"List-Unsubscribe=One-Click")
    assert (state(shop, "offers"), unsubscribed(shop)) == ("denied", 2)


def test_everything_on_the_channel_can_be_stopped(shop: Workspace) -> None:
    submit(shop, links(shop)["u"], b"everything=yes")
    assert state(shop, "*") == state(shop, "offers") == "denied"


def test_the_done_page_leads_to_the_preferences(shop: Workspace) -> None:
    body = submit(shop, links(shop)["u"], b"").body.decode()
    path = re.search(r'href="http://127.0.0.1:8000(/p/[\w-]+)"', body)
    assert path and shop.get(path.group(1), {}).status_code == 200


def test_preferences_show_masked_addresses_and_topics(shop: Workspace) -> None:
    body = shop.get(f"/p/{token(shop, 'preferences', p=ann(shop))}", {}).body.decode()
    assert "a***@example.com" in body and "+1" in body
    assert "ann@example.com" not in body and "5550123" not in body
    assert re.search(r'value="email/offers" checked', body) and re.search(r'value="email/news" checked', body)
    assert re.search(r'value="sms/offers">', body)


def test_preferences_are_saved_at_once(shop: Workspace) -> None:
    path = f"/p/{token(shop, 'preferences', p=ann(shop))}"
    answer = submit(shop, path, b"topic=email%2Fnews&topic=sms%2Foffers&topic=fax%2Foffers&topic=x")
    assert answer.status_code == 200 and b"Saved" in answer.body
    assert (state(shop, "offers"), state(shop, "offers", "sms")) == ("denied", "granted")
    assert "fax" not in shop.profile("user:ann")["permissions"]


def test_saving_what_stands_says_nothing(shop: Workspace) -> None:
    before = shop.profile("user:ann")
    submit(
        shop,
        f"/p/{token(shop, 'preferences', p=ann(shop))}",
        b"topic=email/offers&topic=email/news&topic=sms/news",
    )
    assert shop.profile("user:ann") == before


def test_a_click_leads_on_and_is_counted_once(shop: Workspace) -> None:
    path = links(shop)["c"]
    for _ in range(3):
        answer = shop.get(path, {})
        assert (answer.status_code, answer.headers["Location"]) == (302, "https://shop.example.com/umbrellas")
    shop.settle()
    shown = shop.profile("user:ann")
    assert shown["contacts"][0]["outcome"] == "clicked"
    assert shown["activity"]["Email Link Clicked"]["total"] == 1


PERSON = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}


def engagement(shop: Workspace) -> object:
    """What of the profile a look at a message may change."""
    shop.settle()
    profile = shop.profile("user:ann")
    return {name: profile[name] for name in ("contacts", "activity", "permissions", "segments", "traits")}


def machine_events(shop: Workspace) -> list[str]:
    shop.settle()
    events = shop.get("/v1/profiles/user:ann/timeline?limit=1000").json_body["events"]
    return sorted(one["event"] for one in events if one.get("properties", {}).get("machine"))


def test_a_head_request_leads_on_and_is_told_as_a_machines(shop: Workspace) -> None:
    before = engagement(shop)
    assert shop.call("HEAD", links(shop)["c"], headers={}).headers["Location"].startswith("https://shop")
    assert engagement(shop) == before
    assert machine_events(shop) == ["Email Link Clicked"]


@pytest.mark.parametrize(
    "headers",
    [
        {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"},
        {**PERSON, "Sec-Purpose": "prefetch;prerender"},
    ],
)
def test_a_machine_that_says_what_it_is_changes_nothing(
    shop: Workspace, headers: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    before = engagement(shop)
    assert shop.get(links(shop)["c"], headers).status_code == 302
    assert shop.get(links(shop)["o"], headers).status_code == 200
    assert engagement(shop) == before
    assert machine_events(shop) == ["Email Link Clicked", "Email Opened"]
    assert capsys.readouterr().out.count('"MachineLooks":[1.0]') == 2


def test_a_scanner_that_gets_every_link_at_once_changes_nothing(shop: Workspace) -> None:
    """However long after the sending, under a browser's name, and in whatever order."""
    before = engagement(shop)
    paths = links(shop)
    for page in ("c", "o", "u"):
        assert shop.get(paths[page], PERSON).status_code in (200, 302)
        shop.clock.forward(700)
    assert engagement(shop) == before
    assert machine_events(shop) == ["Email Link Clicked", "Email Opened"]


def test_what_looks_within_seconds_of_the_sending_is_a_machine(shop: Workspace) -> None:
    row = next(iter(shop.deliveries.rows.values()))
    shop.deliveries.rows[row.id].claimed_at = shop.clock() - 4_000
    before = engagement(shop)
    shop.get(links(shop)["c"], PERSON)
    shop.get(links(shop)["o"], PERSON)
    assert engagement(shop) == before
    assert machine_events(shop) == ["Email Link Clicked", "Email Opened"]


def test_a_person_after_a_scanner_counts(shop: Workspace) -> None:
    """In the same minute, and who follows the link twice."""
    paths = links(shop)
    for page in ("c", "u", "o"):
        shop.get(paths[page], PERSON)
    shop.clock.forward(10_000)
    for page in ("o", "c", "c"):
        shop.get(paths[page], PERSON)
        shop.clock.forward(1_000)
    shop.settle()
    shown = shop.profile("user:ann")
    assert shown["contacts"][0]["outcome"] == "clicked"
    assert shown["activity"]["Email Link Clicked"]["total"] == 1
    assert shown["activity"]["Email Opened"]["total"] == 1


def test_what_only_looks_at_a_page_changes_nothing(shop: Workspace) -> None:
    """Scanners and mail programs ask for the head of every address in a message."""
    told = {**links(shop), "p": f"/p/{token(shop, 'preferences', p=ann(shop))}"}
    before = shop.profile("user:ann")
    assert {shop.call("HEAD", told[page], headers={}).status_code for page in ("u", "o", "p")} == {200}
    shop.settle()
    assert shop.profile("user:ann") == before
    assert machine_events(shop) == ["Email Opened"]


def test_a_click_leads_nowhere_the_playbook_did_not_declare(shop: Workspace) -> None:
    """Also where the token is ours: a link's name that the message lacks is nothing."""
    delivery = shop.profile("user:ann")["contacts"][0]["delivery"]
    assert shop.get(f"/c/{token(shop, 'click', d=delivery, l='evil')}", {}).status_code == 404
    assert (
        shop.get(f"{links(shop)['c']}?url=https://evil.example", {})
        .headers["Location"]
        .startswith("https://shop.")
    )


def test_a_click_on_a_shown_message_is_told_by_its_decision(shop: Workspace) -> None:
    decided = shop.post("/v1/decide", {"userId": "ann", "placement": "web.home.hero"}, OPERATOR).json_body
    address = decided["messages"][0]["content"]["link"]
    answer = shop.get(address.removeprefix("http://127.0.0.1:8000"), {})
    assert answer.headers["Location"] == "https://shop.example.com/umbrellas"
    shop.settle()
    assert "clicked" in {one["outcome"] for one in shop.profile("user:ann")["contacts"]}


def test_a_queue_that_refuses_stops_no_customer(shop: Workspace) -> None:
    shop.job_queue.fail_next("send")
    assert shop.get(links(shop)["c"], {}).status_code == 302
    assert shop.job_queue.jobs == []


def test_the_pixel_notes_an_open(shop: Workspace) -> None:
    answer = shop.get(links(shop)["o"], {})
    assert answer.headers["Content-Type"] == "image/gif" and answer.body.startswith(b"GIF89a")
    shop.settle()
    assert shop.profile("user:ann")["contacts"][0]["outcome"] == "opened"


def test_a_slot_is_decided_when_it_is_opened(shop: Workspace) -> None:
    path = f"/slot/{token(shop, 'slot', p=ann(shop), n='email.slot', f='none.png')}"
    answer = shop.get(path, {})
    assert (answer.status_code, answer.headers["Location"]) == (
        302,
        "https://cdn.example.com/crm/umbrella.png",
    )
    assert answer.headers["Cache-Control"] == "no-store"
    shop.track("Order Completed", userId="bob")
    bob = token(shop, "slot", p=str(shop.profile("user:bob")["id"]), n="email.slot", f="none.png")
    assert shop.get(f"/slot/{bob}", {}).headers["Location"].endswith("/none.png")


def decisions(shop: Workspace) -> int:
    shop.settle()
    return len(shop.get("/v1/profiles/user:cara/decisions").json_body["decisions"])


def test_a_machine_that_looks_at_a_slot_writes_nothing(shop: Workspace) -> None:
    shop.identify(userId="cara")
    cara = str(shop.profile("user:cara")["id"])
    early = token(shop, "slot", p=cara, n="email.slot", f="none.png", t=shop.clock() // 1000)
    late = token(shop, "slot", p=cara, n="email.slot", f="none.png")
    for path, headers in ((early, PERSON), (late, {"User-Agent": "Mozilla/5.0"})):
        answer = shop.get(f"/slot/{path}", headers)
        assert answer.headers["Location"].endswith("/umbrella.png")
    assert decisions(shop) == 0
    assert shop.get(f"/slot/{late}", PERSON).status_code == 302
    assert decisions(shop) == 1


def test_a_slot_that_cannot_be_decided_falls_back_and_is_counted(
    shop: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    path = f"/slot/{token(shop, 'slot', p=ann(shop), n='email.slot', f='none.png')}"
    shop.timeline.fail_next("page")
    assert shop.get(path, PERSON).headers["Location"] == "https://cdn.example.com/crm/none.png"
    assert '"SlotsFellBack":[1.0]' in capsys.readouterr().out
    assert shop.get(path, PERSON).headers["Location"].endswith("/umbrella.png")


def test_a_slot_of_nobody_falls_back(shop: Workspace) -> None:
    path = f"/slot/{token(shop, 'slot', p='p_' + 'a' * 26, n='email.slot', f='none.png')}"
    assert shop.get(path, {}).headers["Location"] == "https://cdn.example.com/crm/none.png"
    assert shop.get(f"/slot/{token(shop, 'slot', n='gone')}", {}).body.startswith(b"GIF89a")


@pytest.mark.parametrize(("purpose", "page"), PAGES.items())
def test_a_bad_token_is_a_404(shop: Workspace, purpose: str, page: str) -> None:
    """Tampered with, for another purpose, expired, or rubbish; also by POST."""
    good = token(shop, purpose, p=ann(shop), d="m_1")
    other = token(shop, "preferences" if purpose != "preferences" else "click", p=ann(shop))
    before = shop.profile("user:ann")
    for bad in (good[:-1] + ("A" if good[-1] != "A" else "B"), other, "x", "1", "%00", "%F0%9F%A7%A6"):
        assert shop.get(f"/{page}/{bad}", {}).status_code == 404, bad
        if page in ("u", "p"):
            assert submit(shop, f"/{page}/{bad}", b"topic=").status_code == 404
    shop.clock.forward(2 * DAY)
    assert shop.get(f"/{page}/{good}", {}).status_code == 404
    assert shop.profile("user:ann")["permissions"] == before["permissions"]


def test_links_to_leave_work_for_60_days(shop: Workspace) -> None:
    path = links(shop)["u"]
    shop.clock.forward(60 * DAY)
    assert shop.get(path, {}).status_code == 200


def test_pages_load_nothing_tell_nothing_and_are_small(shop: Workspace) -> None:
    for path in (links(shop)["u"], f"/p/{token(shop, 'preferences', p=ann(shop))}", "/u/x"):
        answer = shop.get(path, {})
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert (
            answer.headers["Referrer-Policy"] == "no-referrer"
            and answer.headers["Cache-Control"] == "no-store"
        )
        assert len(answer.body) < 30_000
        assert not re.search(rb'(src|href)="(?!http://127\.0\.0\.1:8000/p/)', answer.body)
        assert b'lang="en"' in answer.body and b"<h1>" in answer.body


def test_what_the_playbook_calls_a_topic_is_only_text(shop: Workspace) -> None:
    shop.publish(SLOT.replace("label: Offers", 'label: "<script>x</script>"'))
    body = shop.get(links(shop)["u"], {}).body
    assert b"<script>" not in body and b"&lt;script&gt;" in body


def test_after_an_erasure_the_links_are_harmless(shop: Workspace) -> None:
    paths = {**links(shop), "p": f"/p/{token(shop, 'preferences', p=ann(shop))}"}
    shop.get(links(shop)["c"], PERSON)  # judged when she is gone
    shop.call("DELETE", "/v1/profiles/user:ann")
    assert shop.get(paths["p"], {}).status_code == 404
    assert submit(shop, paths["u"], b"").status_code == 200
    assert shop.get(paths["c"], {}).status_code == 404
    assert shop.get("/v1/profiles/user:ann").status_code == 404


def short(shop: Workspace, purpose: str, link: str = "") -> str:
    """A short token of the message that Ann has, as an SMS has them."""
    delivery = shop.profile("user:ann")["contacts"][0]["delivery"]
    return short_links.mint(Secrets(SECRET, SECRET), purpose, delivery, link, shop.clock() + LIFE)


def test_a_short_link_of_an_sms_leads_on_until_it_expires_or_is_touched(shop: Workspace) -> None:
    good = short(shop, "click", "shop")
    assert shop.get(f"/c/{good}", {}).headers["Location"].startswith("https://shop.example.com/")
    touched = good.replace(good[5], "A" if good[5] != "A" else "B", 1)
    for none in (touched, short(shop, "click", "evil"), good.removesuffix("shop") + "evil", good[:-1]):
        assert shop.get(f"/c/{none}", {}).status_code == 404
    shop.clock.forward(LIFE + 7 * DAY)
    assert shop.get(f"/c/{good}", {}).status_code == 404


def test_a_short_link_to_unsubscribe_shows_and_then_acts(shop: Workspace) -> None:
    path = f"/u/{short(shop, 'unsubscribe')}"
    assert b"Stop Offers" in shop.get(path, {}).body and state(shop, "offers") == "granted"
    assert b"no more Offers" in submit(shop, path, b"").body
    assert state(shop, "offers") == "denied"


def test_a_short_link_to_preferences_opens_those_and_nothing_else(shop: Workspace) -> None:
    token = short(shop, "preferences")
    assert b"a***@example.com" in shop.get(f"/p/{token}", {}).body
    assert {shop.get(f"/{page}/{token}", {}).status_code for page in ("u", "c", "o", "slot")} == {404}


def test_a_short_link_of_a_message_that_is_erased_is_gone(shop: Workspace) -> None:
    path = f"/p/{short(shop, 'preferences')}"
    shop.deliveries.rows.clear()
    assert shop.get(path, {}).status_code == 404
