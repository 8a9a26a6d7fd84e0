"""After tables were restored: erase again who was erased since the backup. `make erase-again STAGE=dev`."""

from __future__ import annotations

import argparse
import os
import sys

from infra.account import missing


def main(arguments: list[str] | None = None) -> str | None:
    """Put the job in the stage's queue, where it goes on by itself; or say in one sentence what is missing."""
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    parser = argparse.ArgumentParser(prog="make erase-again", description=__doc__)
    parser.add_argument("--stage", required=True)
    stage = parser.parse_args(arguments).stage
    if lacking := missing(stage, boto3.Session()):
        return lacking
    try:
        queue = boto3.client("sqs").get_queue_url(QueueName=f"topeka-{stage}-jobs")["QueueUrl"]
    except (BotoCoreError, ClientError):
        return f"Stage {stage} did not answer. Is the stage deployed in this account and region?"
    os.environ |= {"TOPEKA_STAGE": stage, "TOPEKA_JOBS_QUEUE": queue}
    from chalicelib import wiring
    from chalicelib.services.erase_again import first_job

    wiring.job_queue().send([first_job()])
    print(f"Stage {stage} erases again who was erased before. It is through when the jobs queue is empty.")
    return None


if __name__ == "__main__":
    sys.exit(main())
