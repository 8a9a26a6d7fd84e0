"""Make a key for a deployed stage, print it once, and store its hash: `make key STAGE=dev KIND=operator`."""

from __future__ import annotations

import argparse
import os
import secrets
import sys

from infra.account import missing

SCOPES = ("read", "decide", "operate")


def main(arguments: list[str] | None = None) -> str | None:
    """Print the new key, or say in one sentence what is missing; only the key's SHA-256 is kept anywhere."""
    import boto3

    parser = argparse.ArgumentParser(prog="make key", description=__doc__)
    parser.add_argument("--stage", required=True)
    parser.add_argument("--kind", choices=("write", "operator"), default="write")
    parser.add_argument("--scopes", default=",".join(SCOPES), help="of an operator key, separated by commas")
    chosen = parser.parse_args(arguments)
    scopes = tuple(chosen.scopes.split(",")) if chosen.kind == "operator" else ()
    if unknown := set(scopes) - set(SCOPES):
        parser.error(f"no such scope: {', '.join(sorted(unknown))}; there are {', '.join(SCOPES)}")
    if lacking := missing(chosen.stage, boto3.Session()):
        return lacking
    os.environ["TOPEKA_STAGE"] = chosen.stage
    from chalicelib import wiring
    from chalicelib.domain.errors import Unavailable
    from chalicelib.domain.keys import key_hash

    key = f"{chosen.kind[0]}k_{secrets.token_urlsafe(24)}"
    try:
        wiring.keys().add(key_hash(key), chosen.kind, scopes)
    except Unavailable:
        return f"Stage {chosen.stage} did not answer. Is the stage deployed in this account and region?"
    print(key)
    return None


if __name__ == "__main__":
    sys.exit(main())
