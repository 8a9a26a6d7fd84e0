"""What reaching a deployed stage needs: a stage's name, credentials, a region. Says in one sentence what is missing."""

from __future__ import annotations

import argparse
import os
import re
import sys
from typing import Any

STAGE = re.compile(r"[a-z][a-z0-9-]{0,19}")


def missing(stage: str, session: Any) -> str:
    """The sentence, "" where nothing is missing. `session` is a boto3 session."""
    if not STAGE.fullmatch(stage):
        return (
            "Name a stage: make deploy STAGE=dev, say (lower-case letters, digits and hyphens, at most 20)."
        )
    if session.get_credentials() is None:
        return "No AWS credentials found. Set AWS_PROFILE, or run `aws configure`, and try again."
    if session.region_name is None:
        return "No AWS region set. Set AWS_REGION (for example us-east-1) and try again."
    return ""


def work_on(stage: str) -> None:
    """Let this process's services work on a deployed stage, from here."""
    os.environ |= {
        "TOPEKA_STAGE": stage,
        "TOPEKA_SECRET_ID": f"topeka/{stage}/workspace",
        "TOPEKA_DOOR_SECRET_ID": f"topeka/{stage}/door",
    }


def main(arguments: list[str] | None = None) -> str | None:
    """Check before anything long is begun: `python -m infra.account --stage dev`."""
    import boto3

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stage", required=True)
    return missing(parser.parse_args(arguments).stage, boto3.Session()) or None


if __name__ == "__main__":
    sys.exit(main())
