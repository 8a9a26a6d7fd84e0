"""The machine in a calm world: nothing is refused, no device changes hands. In a file of its own, to run beside it."""

from __future__ import annotations

from tests.services.test_identity_machine import EXAMPLES, CalmMachine, everyone_is_who_they_are


def test_everyone_is_who_the_model_says_in_a_calm_world() -> None:
    everyone_is_who_they_are(CalmMachine, EXAMPLES // 4)
