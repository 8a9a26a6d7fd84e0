"""From a commit that counts to what deciding looks up, on the running stack, by moving its clock."""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.domain.cells import MESSAGE, message_cell, row
from chalicelib.domain.effects import Count
from chalicelib.domain.learning import Learned
from chalicelib.domain.profile import Profile
from chalicelib.domain.stored import Write
from infra.local.stack import OPERATOR_KEY, Stack

DAY = 86_400_000
PLAYBOOK = b"""
playbook: 1
name: Shop
topics: {offers: {label: Offers, default: assume}}
placements: {web.home: {channel: web}}
messages:
  umbrella:
    {kind: offer, topic: offers, placements: [web.home], value: 3, variants: {plain: {web: {headline: Dry}}}}
  boots: {kind: offer, topic: offers, placements: [web.home], value: 3, variants: {v: {web: {headline: Warm}}}}
"""


def commit(stack: Stack, profile: str, *counted: tuple[str, float, float]) -> None:
    """A commit counts so often shown and reached, under ids."""
    from chalicelib import wiring

    cell = message_cell("umbrella", "plain", "web", "visitor")
    counts = tuple(
        Count(id, stack.now(), {cell: row(MESSAGE, shown=shown, reached=reached)})
        for id, shown, reached in counted
    )
    wiring.profiles().commit([Write(Profile(profile, f"1.{profile}"), "", counts)])


def learned(stack: Stack) -> Learned:
    """What deciding would look up now."""
    from chalicelib import wiring

    stack.settle()
    wiring.live_learned().forget()
    return wiring.live_learned().current()


def move(stack: Stack, advance: str) -> None:
    assert stack.request("POST", "/local/clock", {"advance": advance}).status == 200
    assert stack.request("POST", "/local/settle").status == 200


def marks() -> dict[str, str]:
    from chalicelib import wiring

    return wiring.tallies().marked()


def those_who_decide() -> list[Callable[[], Learned]]:
    """Where each of the services that decide looks up what was learned."""
    from chalicelib import wiring

    return [
        wiring.ingest_events().learned,
        wiring.decide_moment().learned,
        wiring.simulate_decision().learned,
    ]


def test_what_a_commit_counts_is_learned_in_time_and_counts_once(stack: Stack) -> None:
    assert stack.request("PUT", "/v1/playbook", PLAYBOOK, key=OPERATOR_KEY).status == 200
    move(stack, "1m")
    assert learned(stack).version == 0
    commit(stack, "p_a", ("d_1", 600, 150))
    commit(stack, "p_b", ("d_1", 600, 150), ("d_2", 400, 100))
    move(stack, "2h")
    first = learned(stack)
    assert first.version == 1
    assert abs(first.propensity("umbrella", "web/visitor") - 0.25) < 0.01
    assert (first.chance_of_best("web.home", "visitor", "umbrella", "web") or 0) > 0.5
    assert [decides().version for decides in those_who_decide()] == [1, 1, 1]


def test_what_was_counted_just_before_the_clock_is_moved_by_months_is_learned_on_the_way(
    stack: Stack,
) -> None:
    from chalicelib import wiring

    commit(stack, "p_c", ("d_3", 1000, 250))
    move(stack, "60d")
    assert marks() == {}
    assert wiring.read_tallies()(90)[message_cell("umbrella", "plain", "web", "visitor")][:2] == [2000, 500]
    assert learned(stack).version >= 2
    assert not any(stack.dead_letters().values())
