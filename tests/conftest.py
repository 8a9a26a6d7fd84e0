"""Hypothesis for all tests: no deadline (machines are noisy), and in CI the same examples every time."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("topeka", deadline=None, derandomize="CI" in os.environ, print_blob=True)
settings.load_profile("topeka")
