"""The playbook in force and what is turned off."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chalicelib.domain.decision import Switches
from chalicelib.domain.playbook.kept import keep
from chalicelib.domain.playbook.parsing import parse
from chalicelib.services.live_rules import LiveRules
from tests.fakes import FakeClock, FakePlaybooks

WITH_A_WEBHOOK = """
playbook: 1
name: Test
webhooks: {messenger: {url: "https://bridge.example.com/send"}}
"""


def published() -> FakePlaybooks:
    playbooks = FakePlaybooks()
    playbook = parse(WITH_A_WEBHOOK)[0]
    assert playbook is not None
    playbooks.publish(WITH_A_WEBHOOK, keep(playbook), 0)
    return playbooks


def test_a_channel_that_goes_out_and_nobody_carries_is_off() -> None:
    live = LiveRules(published(), FakeClock(), carried=frozenset({"email", "sms"}))
    assert live.switches().channels == {"push": False, "mail": False, "webhook.messenger": False}


def test_what_the_operator_turned_off_stays_off_beside_it() -> None:
    playbooks = published()
    playbooks.set_switches(Switches(sending=False, channels={"sms": False, "push": True}))
    live = LiveRules(playbooks, FakeClock(), carried=frozenset({"email", "sms", "mail"}))
    assert not live.switches().sending
    assert live.switches().channels == {"sms": False, "push": False, "webhook.messenger": False}


def test_where_all_are_carried_only_the_operator_turns_off() -> None:
    assert LiveRules(published(), FakeClock()).switches().channels == {}


def test_a_version_is_fetched_once() -> None:
    playbooks = published()
    live = LiveRules(playbooks, FakeClock())
    assert live.current() is live.current() is live.version(1)
    assert (live.current().version, live.current().playbook.name) == (1, "Test")
    assert playbooks.calls["compiled"] == 1
    assert playbooks.calls["source"] == 0


def test_before_anything_was_published_nothing_is_said() -> None:
    playbooks = FakePlaybooks()
    rules = LiveRules(playbooks, FakeClock()).current()
    assert (rules.version, rules.messages, playbooks.calls["compiled"]) == (0, {}, 0)


def test_a_version_nobody_published_is_not_there() -> None:
    with pytest.raises(KeyError):
        LiveRules(published(), FakeClock()).version(2)


def test_a_look_may_ask_again_while_it_looks() -> None:
    playbooks = published()
    live = LiveRules(playbooks, FakeClock())
    seen: list[int] = []

    def asking(look: Callable[[], Switches] = playbooks.switches) -> Switches:
        playbooks.switches = look  # type: ignore[method-assign]
        seen.append(live.current().version)
        return look()

    playbooks.switches = asking  # type: ignore[method-assign]
    assert live.current().version == 1
    assert seen == [1]
