"""Requests that schemathesis makes of the OpenAPI document, as it says and not as it says, to the local stack.

What is looked for: 5xx, an answer that is not in the document, one that takes over a second, and anything taken that
ends as a dead letter.
"""

from __future__ import annotations

import contextlib
import os
import random
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import HypothesisWarning, Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS

from tests.end_to_end.openapi import document
from tests.end_to_end.shop import OPERATOR, WRITE
from tests.fuzz.shop import KNOWN, FuzzShop
from tests.load.endpoint import resident_mb

LONGEST_S = 1.0
GROWTH_MB = 300
"""moto keeps all that was ever taken."""
_CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
#: A playbook that is taken is in force for the rest: it is only checked.
_CHECKED = {"check": "true"}
_TOGETHER = 20


@dataclass(slots=True)
class Asked:
    """`wrong` is what was found, by what it says: how to ask it again."""

    requests: int = 0
    slowest_ms: float = 0.0
    grown_mb: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: dict[str, str] = field(default_factory=dict)


def asked(shop: FuzzShop, seconds: float, number: int, only: str = "") -> Asked:
    """Every operation in turn, again and again, for so long. `only` is part of an operation's name."""
    warnings.simplefilter("ignore", HypothesisWarning)  # the stack's threads draw numbers of their own
    schema = schemathesis.openapi.from_dict(document())
    operations = [found.ok() for found in schema.get_all_operations()]
    chosen = [one for one in operations if only in one.label]
    done, until, before = Asked(), time.monotonic() + seconds, resident_mb(os.getpid())
    while time.monotonic() < until and len(done.wrong) < 5:
        for operation in chosen:
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                if time.monotonic() < until and (mode in _modes(operation)):
                    _some(shop, operation, mode, number, done)
        number += 1
    shop.stack.settle()
    for queue, letters in shop.stack.dead_letters().items():
        if letters:
            done.wrong[f"{len(letters)} in {queue}"] = letters[0][:2_000]
    done.grown_mb = resident_mb(os.getpid()) - before
    if done.grown_mb > GROWTH_MB:
        done.wrong[f"memory grew by {done.grown_mb:.0f} MB"] = ""
    return done


def _modes(operation: Any) -> tuple[GenerationMode, ...]:
    """What has no parameters and no body can only be asked in one way."""
    if not list(operation.iter_parameters()) and not list(operation.body):
        return (GenerationMode.POSITIVE,)
    return (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


def _some(shop: FuzzShop, operation: Any, mode: GenerationMode, number: int, done: Asked) -> None:
    @seed(number)
    @settings(
        max_examples=_TOGETHER,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate,),
    )
    @given(operation.as_strategy(generation_mode=mode))
    def one(case: Any) -> None:
        _aim(shop, case, random.Random(f"{number}{done.requests}"))
        told = _told(case)
        done.requests += 1
        words = _judged(shop, case, done)
        if words:  # told once, and not raised: a stack that has moved on may answer otherwise
            done.wrong.setdefault(words, told)

    with contextlib.suppress(Unsatisfiable):  # there is no way not to be as it says: a text may be any text
        one()


def _aim(shop: FuzzShop, case: Any, chance: random.Random) -> None:
    """At what is there, mostly; with a key, mostly."""
    for name, values in (*KNOWN.items(), ("token", tuple(shop.links.get(case.path.split("/")[1], ())))):
        if values and name in (case.path_parameters or {}) and chance.random() < 0.7:
            case.path_parameters[name] = chance.choice(values)
    if case.path == "/v1/playbook" and case.method.upper() == "PUT":
        case.query = {**(case.query or {}), **_CHECKED}
    keys = [OPERATOR, OPERATOR, OPERATOR, WRITE, WRITE, WRITE, {}, {"Authorization": "Bearer nobody"}]
    case.headers = {**(case.headers or {}), **chance.choice(keys)}


def _judged(shop: FuzzShop, case: Any, done: Asked) -> str:
    begun = time.monotonic()
    answer = case.call(base_url=shop.url, timeout=30, allow_redirects=False)
    seconds = time.monotonic() - begun
    done.slowest_ms = max(done.slowest_ms, seconds * 1000)
    done.statuses[answer.status_code] += 1
    name = f"{case.method} {case.path}"
    if seconds > LONGEST_S:
        return f"{name} takes over {LONGEST_S:g} s"
    try:
        case.validate_response(answer, checks=CHECKS.get_by_names(_CHECKS))
    except BaseExceptionGroup as found:
        return f"{name} answers {answer.status_code}: {'; '.join(sorted(_titles(found)))}"
    return ""


def _titles(found: BaseExceptionGroup[BaseException]) -> Iterator[str]:
    for one in found.exceptions:
        yield str(getattr(one, "title", "") or type(one).__name__)


def _told(case: Any) -> str:
    """How to ask it again, as curl does."""
    return str(case.as_curl_command())[:2_000]
