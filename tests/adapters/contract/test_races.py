"""What holds however threads race."""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.domain.errors import Conflict
from chalicelib.domain.profile import Profile, Sign
from chalicelib.domain.stored import Delivery, Write
from chalicelib.services.ports import Agenda, Deliveries, Playbooks, Profiles
from tests.adapters.contract.racing import THREADS, count_up, together


def test_no_increment_is_lost(profiles: Profiles) -> None:
    assert count_up(profiles, times=6) == THREADS * 6


def test_an_empty_home_goes_to_one(profiles: Profiles) -> None:
    def take(number: int, meet: Callable[[], None]) -> bool:
        meet()
        try:
            profiles.commit([Write(Profile("p_1", f"1.{number}"), "")])
        except Conflict:
            return False
        return True

    won = together(take)
    assert sum(won) == 1
    assert profiles.read(["p_1"])["p_1"].version == f"1.{won.index(True)}"


def test_of_links_through_one_door_one_is_made_whole(profiles: Profiles) -> None:
    def link(number: int, meet: Callable[[], None]) -> bool:
        meet()
        home = f"p_home{number}"
        try:
            profiles.commit([
                Write(Sign("p_door", home, f"1.{number}"), ""),
                Write(Profile(home, f"1.{number}"), ""),
            ])  # fmt: skip
        except Conflict:
            return False
        return True

    won = together(link)
    assert sum(won) == 1
    homes = profiles.read(["p_door", *(f"p_home{number}" for number in range(THREADS))])
    assert set(homes) == {"p_door", f"p_home{won.index(True)}"}


def test_a_delivery_is_created_by_one_and_claimed_by_one(deliveries: Deliveries) -> None:
    def send(number: int, meet: Callable[[], None]) -> tuple[bool, bool]:
        meet()
        created = deliveries.create(Delivery("m_1", "p_1", "due", 1))
        meet()
        return created, deliveries.move("m_1", come_from=["due"], to="claimed", claim=f"sender-{number}")

    created, claimed = zip(*together(send), strict=True)
    assert (sum(created), sum(claimed)) == (1, 1)
    assert deliveries.read(["m_1"])["m_1"].claim == f"sender-{claimed.index(True)}"


def test_the_agenda_is_handed_out_by_one(agenda: Agenda) -> None:
    agenda.advance(0, 60_000)

    def tick(_number: int, meet: Callable[[], None]) -> bool:
        meet()
        return agenda.advance(60_000, 120_000)

    assert sum(together(tick)) == 1


def test_playbooks_published_at_once_get_numbers_of_their_own(playbooks: Playbooks) -> None:
    def publish(number: int, meet: Callable[[], None]) -> int | None:
        meet()
        try:
            return playbooks.publish(f"by {number}", b"", number)
        except Conflict:
            return None

    numbers = [number for number in together(publish) if number is not None]
    assert sorted(numbers) == list(range(1, len(numbers) + 1))
    assert playbooks.live() == len(playbooks.versions()) == len(numbers)
