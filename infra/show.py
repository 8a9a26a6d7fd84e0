"""Print one stored profile, readable: `make show ID=user:123` (the running local stack), or with STAGE=dev from AWS."""

from __future__ import annotations

import argparse
import json
import os
import sys
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import quote

import msgspec

from infra.account import missing, work_on
from infra.piping import piped

LOCAL_KEY = "local-operator-key"


def main(arguments: list[str] | None = None) -> int:
    """Find the profile and print it as indented JSON; exit status 1 where nobody is known by the id."""
    parser = argparse.ArgumentParser(prog="make show", description=__doc__)
    parser.add_argument("--stage", default="", help="a deployed stage; without it, the running local stack")
    parser.add_argument("id", help="user:123, email:ana@example.com, or a profile id p_...")
    chosen = parser.parse_args(arguments)
    if not chosen.id:
        parser.error("say whom: make show ID=user:123")
    if chosen.stage and (lacking := _lacking(chosen.stage)):
        print(lacking, file=sys.stderr)
        return 1
    found = stored(chosen.stage, chosen.id) if chosen.stage else exported(chosen.id)
    if found is None:
        print(f"nobody is known by {chosen.id}", file=sys.stderr)
        return 1
    print(json.dumps(found, indent=2, ensure_ascii=False))
    return 0


def _lacking(stage: str) -> str:
    import boto3

    return missing(stage, boto3.Session())


def exported(identifier: str) -> Any:
    """Everything the running local stack holds of a customer; None if nobody."""
    address = (
        f"http://127.0.0.1:{os.environ.get('PORT') or 8000}/v1/profiles/{quote(identifier, safe=':')}/export"
    )
    request = urllib.request.Request(address, headers={"authorization": f"Bearer {LOCAL_KEY}"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
            return json.load(answer)
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None
        raise
    except urllib.error.URLError:
        sys.exit("no local stack answers; start one with `make run`, or name a deployed STAGE")


def stored(stage: str, identifier: str) -> Any:
    """The document of a deployed stage, as it is stored; None if nobody."""
    work_on(stage)
    from chalicelib import wiring
    from chalicelib.domain.errors import NotFound, Unavailable

    try:
        return msgspec.to_builtins(wiring.resolve_address()(identifier))
    except NotFound:
        return None
    except Unavailable:
        sys.exit(f"stage {stage} did not answer: is it deployed in this account and region?")


if __name__ == "__main__":
    sys.exit(piped(main))
