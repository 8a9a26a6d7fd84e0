"""What experiments count of a customer: in which arm, since when, and what they were worth before and after.

A customer counts once in an arm, from the first time its message is given to them; what they spend from then on is
theirs, whatever brought it about. In the programme's own trial everybody counts whom some message would have been
for: those of the holdout, and the others. Who had two arms counts in neither.

Sums change by differences: what a customer adds to an arm's cell after, less what they added before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from chalicelib.domain.cells import ARM, HOLDOUT, Cells, add, arm_cell, row
from chalicelib.domain.events import Event
from chalicelib.domain.playbook.model import Experiment
from chalicelib.domain.profile import Ledger, Profile, Trial
from chalicelib.domain.rules import Rules
from chalicelib.domain.spending import spent_by

MILLION = 1_000_000
MOST = 50
"""Trials a profile keeps; a further experiment is not counted for a customer who is in so many."""
BEFORE, SINCE, CONVERTED, UNSUBSCRIBED, COMPLAINED = range(5)
_COMPLAINTS = frozenset({"Email Marked as Spam"})
_REFUSALS = frozenset({"Unsubscribed", "Permission Denied"})


def experiment_on(rules: Rules, message: str) -> Experiment | None:
    """The experiment on a message whose arms stay with the customer; None if there is none."""
    experiment = rules.playbook.experiment_on(message)
    return None if experiment is None or experiment.learn else experiment


def expose(profile: Profile, experiment: str, arm: str, now: int) -> Cells:
    """The customer is given what the arm gives, in place; what that adds to the arm's cell."""
    ledger = profile.ledger
    trial = ledger.trials.get(experiment)
    if experiment in ledger.crossed or (trial is None and len(ledger.trials) >= MOST):
        return {}
    cells = {arm_cell(experiment, arm): row(ARM, exposures=1)}
    if trial is None:
        trial = ledger.trials[experiment] = Trial(arm, now, {profile.id: [profile.facts.spent, 0, 0, 0, 0]})
        return add(cells, {arm_cell(experiment, arm): _row_of(trial)})
    return cells if trial.arm == arm else {}


def follow(profile: Profile, event: Event, rules: Rules) -> Cells:
    """Take what an event, already folded, says of the customer's worth and goodwill, in place; the differences."""
    if not profile.ledger.trials:
        return {}
    spent = spent_by(event)
    said_no = event.event in _REFUSALS
    complained = event.event in _COMPLAINTS and event.origin == "topeka"
    if not (spent or said_no or complained):
        return {}
    cells: Cells = {}
    for name, trial in _running(profile.ledger, rules):
        if event.timestamp < trial.since:
            continue
        before, entry = _row_of(trial), _entry(trial, profile.id)
        entry[SINCE] += spent
        entry[UNSUBSCRIBED] |= said_no
        entry[COMPLAINED] |= complained
        if name == HOLDOUT:
            entry[CONVERTED] |= spent > 0
        _differ(cells, name, [(trial.arm, before)], trial)
    return cells


def convert(profile: Profile, message: str, rules: Rules) -> Cells:
    """The customer reached the goal of an experiment's message, in place; the difference."""
    experiment = experiment_on(rules, message)
    trial = profile.ledger.trials.get(experiment.name) if experiment else None
    if experiment is None or trial is None or experiment.name in profile.ledger.crossed:
        return {}
    before = _row_of(trial)
    _entry(trial, profile.id)[CONVERTED] = 1
    return _differ({}, experiment.name, [(trial.arm, before)], trial)


def join_trials(a: Mapping[str, Trial], b: Mapping[str, Trial]) -> dict[str, Trial]:
    """The trials of one customer who was two profiles: the earlier arm, and what came of it at all homes."""
    return {name: _joined(a.get(name), b.get(name)) for name in sorted({*a, *b})}


def merged(a: Profile, b: Profile, joined: Ledger) -> Cells:
    """Bring the joined ledger's trials to what both sides had spent, in place; how the cells differ from before.

    `a` and `b` are the sides as they were. Who had two arms leaves both.
    """
    cells: Cells = {}
    for name, trial in joined.trials.items():
        had: list[tuple[str, list[float]]] = []
        for side in (a, b):
            its = side.ledger.trials.get(name)
            if its is None:
                trial.homes.setdefault(side.id, [side.facts.spent, 0, 0, 0, 0])
            elif name not in side.ledger.crossed:
                had.append((its.arm, _row_of(its)))
        _differ(cells, name, had, None if name in joined.crossed else trial)
    return cells


def left(ledger: Ledger) -> Cells:
    """What is taken from the cells where a customer leaves all experiments: they are split."""
    cells: Cells = {}
    for name, trial in ledger.trials.items():
        if name not in ledger.crossed:
            _differ(cells, name, [(trial.arm, _row_of(trial))], None)
    return cells


def _running(ledger: Ledger, rules: Rules) -> Iterator[tuple[str, Trial]]:
    for name, trial in ledger.trials.items():
        if name not in ledger.crossed and (name == HOLDOUT or name in rules.playbook.experiments):
            yield name, trial


def _entry(trial: Trial, home: str) -> list[int]:
    return trial.homes.setdefault(home, [0, 0, 0, 0, 0])


def _row_of(trial: Trial) -> list[float]:
    """What the customer adds to their arm's cell; exposures apart, which only grow."""
    entries = list(trial.homes.values())
    x = sum(entry[BEFORE] for entry in entries) / MILLION
    y = sum(entry[SINCE] for entry in entries) / MILLION
    return row(
        ARM,
        customers=1,
        conversions=max((entry[CONVERTED] for entry in entries), default=0),
        value=y,
        value2=y * y,
        before=x,
        before2=x * x,
        value_before=x * y,
        unsubscribed=max((entry[UNSUBSCRIBED] for entry in entries), default=0),
        complained=max((entry[COMPLAINED] for entry in entries), default=0),
    )


def _differ(
    cells: Cells, experiment: str, before: Iterable[tuple[str, list[float]]], after: Trial | None
) -> Cells:
    """Add what changed to the cells, in place: rows that were are taken out, the one that is is put in."""
    changes: Cells = {}
    for arm, was in before:
        add(changes, {arm_cell(experiment, arm): [-value for value in was]})
    if after is not None:
        add(changes, {arm_cell(experiment, after.arm): _row_of(after)})
    return add(cells, {key: sums for key, sums in changes.items() if any(sums)})


def _joined(a: Trial | None, b: Trial | None) -> Trial:
    sides = [one for one in (a, b) if one is not None]
    first = min(sides, key=lambda one: (one.since, one.arm))
    homes: dict[str, list[int]] = {}
    for home in sorted({home for one in sides for home in one.homes}):
        both = [one.homes[home] for one in sides if home in one.homes]
        homes[home] = [max(values) for values in zip(*both, strict=True)]
    return Trial(first.arm, first.since, homes)
