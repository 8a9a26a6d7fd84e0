"""Made-up logs whose truth is known."""

from __future__ import annotations

import random
from collections.abc import Mapping

from chalicelib.domain.evaluating.expecting import expectations, half
from chalicelib.domain.evaluating.logged import Logged

Policy = Mapping[str, float]

ACTIONS = ("hat", "scarf", "boots", "nothing")
EVEN: Policy = dict.fromkeys(ACTIONS, 0.25)
#: What each action earns with probability RATES; a goal is worth 1.
RATES: Policy = {"hat": 0.05, "scarf": 0.1, "boots": 0.2, "nothing": 0.02}


def worth(policy: Policy, rates: Policy = RATES) -> float:
    """What the policy truly earns per decision."""
    return sum(share * rates[action] for action, share in policy.items())


def log_of(
    seed: int, count: int, logging: Policy, target: Policy, rates: Policy = RATES, each: int = 1
) -> list[Logged]:
    """So many decisions of the logging policy, `each` of them per customer, who differ if that is more than one."""
    chance = random.Random(seed)
    actions = list(logging)
    made = []
    eagerness = 1.0
    for number, action in enumerate(chance.choices(actions, list(logging.values()), k=count)):
        if each > 1 and number % each == 0:
            eagerness = chance.choice((0.5, 1.5))
        made.append((f"c{number // each}", action, float(chance.random() < rates[action] * eagerness)))
    learned = expectations(made)
    of_each_half = {half(customer): customer for customer, _, _ in made}
    expected = {number: learned.of(customer, actions) for number, customer in of_each_half.items()}
    return [
        Logged(action, logging[action], reward, target, expected[half(customer)], customer)
        for customer, action, reward in made
    ]
