"""Make a key for a deployed stage, print it once, and store its hash: `make key STAGE=dev KIND=operator`."""

from __future__ import annotations

import argparse
import os
import secrets
import sys

SCOPES = ("read", "decide", "operate")


def main(arguments: list[str] | None = None) -> int:
    """Print the new key; only its SHA-256 is kept anywhere."""
    parser = argparse.ArgumentParser(prog="make key", description=__doc__)
    parser.add_argument("--stage", required=True)
    parser.add_argument("--kind", choices=("write", "operator"), default="write")
    parser.add_argument("--scopes", default=",".join(SCOPES), help="of an operator key, separated by commas")
    chosen = parser.parse_args(arguments)
    if not chosen.stage:
        parser.error("say for which stage: make key STAGE=dev")
    scopes = tuple(chosen.scopes.split(",")) if chosen.kind == "operator" else ()
    if unknown := set(scopes) - set(SCOPES):
        parser.error(f"no such scope: {', '.join(sorted(unknown))}; there are {', '.join(SCOPES)}")
    os.environ["TOPEKA_STAGE"] = chosen.stage
    from chalicelib import wiring
    from chalicelib.domain.keys import key_hash

    key = f"{chosen.kind[0]}k_{secrets.token_urlsafe(24)}"
    wiring.keys().add(key_hash(key), chosen.kind, scopes)
    print(key)
    return 0


if __name__ == "__main__":
    sys.exit(main())
