"""The bench can fail: a build that is broken on purpose misses its target, part by part."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from chalicelib.adapters import templates
from chalicelib.domain import facts, seen
from chalicelib.domain.conditions.interpreting import holds
from chalicelib.domain.conditions.model import All
from chalicelib.domain.events import Event
from chalicelib.domain.learning import Learned
from chalicelib.domain.profile import Door, Profile
from chalicelib.domain.replaying import replay
from chalicelib.domain.rules import Rules, Subject
from tests import bench
from tests.bench import __main__ as command
from tests.bench import (
    calls,
    captures,
    conditions,
    deciding,
    documents,
    floods,
    ingest,
    packages,
    rendering,
    scaling,
    starting,
)  # fmt: skip
from tests.bench.rows import Row, table
from tests.cost import shop
from tests.fakes import FakeProfiles
from tests.services.ingest_world import World

ENTRYPOINTS = Path(bench.__file__).parents[2] / "chalicelib/entrypoints"


def test_a_figure_may_be_over_its_target_by_noise_and_no_more() -> None:
    assert Row("x", 1.1, "times", 1.0, noise=0.1).met
    assert not Row("x", 1.11, "times", 1.0, noise=0.1).met
    assert not Row("x", 2, "calls", 1).met
    assert Row("x", 10**9, "us").met
    assert "MISSED" in table([Row("x", 2, "calls", 1)])


def test_a_target_that_is_owed_is_told_and_may_not_get_worse() -> None:
    owed = Row("x", 2.1, "times", 1.5, noise=0.1, owed=2.0)
    assert (owed.met, owed.is_worse) == (False, False)
    assert "owed" in table([owed])
    worse = Row("x", 2.3, "times", 1.5, noise=0.1, owed=2.0)
    assert (worse.met, worse.is_worse) == (False, True)
    assert "MISSED" in table([worse])
    assert not Row("x", 1.6, "times", 1.5, noise=0.1, owed=2.0).is_worse


@pytest.mark.parametrize(("figure", "status"), [(1.0, 0), (3.0, 1)])
def test_a_missed_target_is_the_commands_exit_status(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, figure: float, status: int
) -> None:
    monkeypatch.setattr(command, "RESULTS", tmp_path / "bench.json")
    monkeypatch.setattr(packages, "run", lambda: [Row("x", figure, "times", 2.0)])
    assert command.main(["packages"]) == status
    assert [row["met"] for row in json.loads((tmp_path / "bench.json").read_text())] == [not status]


def test_a_part_that_is_none_is_told() -> None:
    assert command.main(["nothing"]) == 2


# -- ingest


def test_ingest_sends_the_least_there_is() -> None:
    found = ingest.measured(ingest.Bench.made(30), 100, 30, rounds=(1, 1))
    assert found.calls == found.least


def test_one_more_read_a_batch_is_a_call_too_many(read_more: Callable[[int], None]) -> None:
    world = ingest.Bench.made(30)
    read_more(1)
    found = ingest.measured(world, 100, 30, rounds=(1, 1))
    assert not ingest.calls_row("x", found).met


def test_work_done_twenty_times_over_is_seen_in_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    made = ingest.Bench.made(30)
    once = made.world.ingest

    def again(batches: Any) -> Any:
        for _ in range(20):
            msgspec.json.decode(msgspec.json.encode(batches * 20))
        return once(batches)

    made.world.ingest = again  # type: ignore[assignment]
    found = ingest.measured(made, 100, 30, rounds=(1, 1))
    assert ingest.cpu_row("x", 100, found).is_worse


# -- scaling


def test_settled_homes_are_those_that_ingest_makes() -> None:
    grown, settled = World(), World()
    for world in (grown, settled):
        world.publish(shop.PLAYBOOK.decode())
    grown.send(*(shop._signed_up(scaling.name_of(n), grown.clock() - 60 * shop.DAY) for n in range(3)))
    scaling.settle(settled, 3)
    assert _told(settled.profiles) == _told(grown.profiles)
    assert settled.user(scaling.name_of(2)).facts.traits["email"].value == f"{scaling.name_of(2)}@example.com"


def _told(profiles: FakeProfiles) -> dict[str, Any]:
    """What homes say, but for their versions, which are chance, and for the ids of their events."""
    homes = {id: (kind, msgspec.json.decode(data)) for id, (kind, data, _) in profiles.homes.items()}
    for _, told in homes.values():
        told.pop("version")
        told.pop("seen", None)
    return homes


def test_a_build_that_walks_over_all_customers_is_not_flat(monkeypatch: pytest.MonkeyPatch) -> None:
    read = FakeProfiles.read

    def walking(self: FakeProfiles, ids: Any, **how: Any) -> dict[str, Door]:
        for _ in range(40):
            sorted(self.homes)
        return read(self, ids, **how)

    monkeypatch.setattr(FakeProfiles, "read", walking)
    ratio = scaling.grown(scaling.among(10), scaling.among(2_000), rounds=1)
    assert not scaling.crowd_row(ratio).met


def test_a_build_that_walks_over_a_customers_past_is_not_flat(monkeypatch: pytest.MonkeyPatch) -> None:
    fold, past = facts.fold, {"events": 0}

    def walking(profile: Profile, event: Event, rules: Rules) -> Any:
        sum(range(60 * past["events"]))
        return fold(profile, event, rules)

    short, long = scaling.with_past(10), scaling.with_past(1_000)

    def after(events: int, turn: scaling.Turn) -> scaling.Turn:
        def measured() -> float:
            past["events"] = events
            return turn()

        return measured

    monkeypatch.setattr("chalicelib.services.work_circle.fold", walking)
    assert not scaling.past_row(scaling.grown(after(10, short), after(1_000, long), rounds=1)).met


# -- starting


def test_every_handlers_start_is_measured() -> None:
    handlers = {path.stem for path in ENTRYPOINTS.glob("*.py") if "Blueprint(" in path.read_text()}
    assert {*starting.HOT, *starting.OTHERS} == {*handlers, "app"}


@pytest.mark.parametrize("kind", ["hot", "others"])
def test_a_handler_that_works_while_it_is_imported_starts_too_late(kind: str) -> None:
    heavy = "sum(range(40_000_000))"
    row = starting.measured("health", ("dynamodb",), 1, starting.MOST[kind], extra=heavy)
    assert not row.met


# -- rendering


def test_templates_parsed_for_each_message_are_seen() -> None:
    rules, noted = rendering.starter(), rendering.Noted()
    mails = rendering.mails_of(rules)
    write = rendering.writer(rules, mails, noted)
    write()
    alone = rendering.Alone(noted.asked)

    def parsing() -> None:
        templates._parsed.cache_clear()
        write()

    assert rendering.row(rendering.over(parsing, alone, len(mails), rounds=1), len(mails)).is_worse


# -- packages


def test_a_package_that_is_too_large_is_seen(tmp_path: Path) -> None:
    archive = tmp_path / "deployment.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("chalicelib/app.py", "pass")
    assert all(row.met for row in packages.weighed(archive))
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("large.bin", os.urandom(26 * packages.MEGABYTE))
        opened.writestr("zeros.bin", bytes(70 * packages.MEGABYTE))
    assert not any(row.met for row in packages.weighed(archive))


# -- what was there before


def test_one_more_read_for_an_event_is_a_call_too_many(read_more: Callable[[int], None]) -> None:
    read_more(1)
    missed = {row.name for row in calls.run() if not row.met}
    assert {"a lone event of a known customer", "a decision for a customer at home"} <= missed


def test_conditions_that_are_walked_instead_of_compiled_are_too_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    def walked(profile: dict[str, Any]) -> Any:
        condition, subject = All(conditions.CONDITIONS), Subject(now=0, traits=profile)
        return lambda: holds(condition, subject)

    monkeypatch.setattr(conditions, "ours", walked)
    assert not any(row.met for row in conditions._beside_a_lambda())


def test_a_plan_made_anew_for_each_decision_is_too_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    once = deciding.once

    def forgetful(rules: Rules, profile: Profile) -> Any:
        rules.plans.clear()
        return once(rules, profile)

    monkeypatch.setattr(deciding, "once", forgetful)
    half, slow = deciding.spread_of(deciding.rules_of(1000))
    assert not deciding.row_of(1000, half, slow, 1.0).met


def test_a_decision_that_hangs_on_more_than_its_record_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deciding, "LOGGED", 50)
    monkeypatch.setattr(deciding, "replay", lambda kept, rules, _: replay(kept, rules, Learned()))
    differing, size = deciding._replayed()
    assert not differing.met
    assert size.met


def test_a_fold_that_keeps_all_times_makes_large_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "_story", list)
    monkeypatch.setattr(facts, "latest", lambda times, _: sorted(times))
    size, *_ = documents.run()
    assert not size.met


def test_a_memory_that_is_never_shortened_grows_with_history(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "_story", list)
    monkeypatch.setattr(seen, "_drop_old", lambda one: sum(one.ids.values()))
    *_, growth = documents.run()
    assert not growth.met


def test_a_flood_that_is_folded_like_anything_else_costs_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(floods, "MOST", 1_000_000)
    monkeypatch.setattr(floods, "ROUNDS", 1)
    assert any(not row.met for row in floods.run())


def test_a_client_that_is_refused_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    if not captures.CAPTURES.is_dir():
        pytest.skip("the captured requests are not here")
    monkeypatch.setattr(captures, "WRITE_KEY", "nobody's")
    assert not any(row.met for row in captures.run())
