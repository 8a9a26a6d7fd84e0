"""What another playbook would have done in the last days: `make evaluate PLAYBOOK=new.yaml DAYS=7`.

Against the running local stack, or with STAGE=dev against AWS, from here, with as many decisions as there are.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from infra.account import missing, work_on
from infra.piping import piped
from infra.show import LOCAL_KEY

MOST = 100_000
"""Decisions of a deployed stage that are looked at."""


def main(arguments: list[str] | None = None) -> int:
    """Evaluate and print; exit status 1 where the playbook has faults or nobody answers."""
    parser = argparse.ArgumentParser(prog="make evaluate", description=__doc__)
    parser.add_argument("--stage", default="", help="a deployed stage; without it, the running local stack")
    parser.add_argument("--days", type=int, default=7, help="how far back, 1 to 90")
    parser.add_argument("playbook", help="the proposed playbook, a file")
    chosen = parser.parse_args(arguments)
    if not chosen.playbook or not Path(chosen.playbook).is_file():
        parser.error("say which: make evaluate PLAYBOOK=new.yaml")
    text = Path(chosen.playbook).read_bytes()
    if chosen.stage and (lacking := _lacking(chosen.stage)):
        print(lacking, file=sys.stderr)
        return 1
    found = _deployed(chosen.stage, text, chosen.days) if chosen.stage else _local(text, chosen.days)
    if "error" in found:
        print(_faults(found["error"]), file=sys.stderr)
        return 1
    print(told(found))
    return 0


def told(found: dict[str, Any]) -> str:
    """An evaluation as a person reads it."""
    share = f", {found['changed'] / found['decisions']:.0%}" if found["decisions"] else ""
    sample = " (a sample)" if found["sampled"] else ""
    lines = [
        f"{found['decisions']:,} decisions about {found['customers']:,} customers in {found['days']} days{sample}:",
        f"  {found['same']:,} would be the same, {found['changed']:,} would not{share}",
        "",
    ]
    for one in found["changes"]:
        lines.append(
            f"  {one['from']} -> {one['to']}: {one['decisions']:,} decisions, {one['customers']:,} customers"
        )
        lines += [f"      {why['words']} ({why['decisions']:,})" for why in one["why"]]
        lines.append(f"      such as {', '.join(one['examples'])}")
    return "\n".join([*lines, "", found["value"]["words"]])


def _local(text: bytes, days: int) -> dict[str, Any]:
    address = f"http://127.0.0.1:{os.environ.get('PORT') or 8000}/v1/playbook?check=true&evaluate={days}d"
    headers = {"authorization": f"Bearer {LOCAL_KEY}", "content-type": "application/yaml"}
    request = urllib.request.Request(address, data=text, headers=headers, method="PUT")
    try:
        with urllib.request.urlopen(request, timeout=300) as answer:  # noqa: S310 - loopback
            found: dict[str, Any] = json.load(answer)["evaluation"]
            return found
    except urllib.error.HTTPError as error:
        refused: dict[str, Any] = json.load(error)
        return refused
    except urllib.error.URLError:
        sys.exit("no local stack answers; start one with `make run`, or name a deployed STAGE")


def _deployed(stage: str, text: bytes, days: int) -> dict[str, Any]:
    work_on(stage)
    from chalicelib import wiring
    from chalicelib.domain.errors import Refused

    try:
        return wiring.evaluate_playbook()(text, days, MOST, math.inf)
    except Refused as error:
        return {
            "error": {"message": error.message, **(error.details if isinstance(error.details, dict) else {})}
        }


def _lacking(stage: str) -> str:
    import boto3

    return missing(stage, boto3.Session())


def _faults(error: dict[str, Any]) -> str:
    faults = [f"  line {one['line']}, {one['path']}: {one['message']}" for one in error.get("faults", ())]
    return "\n".join([error["message"], *faults])


if __name__ == "__main__":
    sys.exit(piped(main))
