"""The jobs queue: agenda minutes, moments for many, what erasures and splits still have to do, effects done after all.

And what is long: filling segments, a pass over the lake, the rest of a release from the quarantine. And learning, and
the file of a day's letters.
"""

from __future__ import annotations

from chalice.app import Blueprint, SQSEvent

from chalicelib import wiring
from chalicelib.domain.envelope import job_of
from chalicelib.domain.looks import JUDGE_LOOK
from chalicelib.entrypoints.batches import Failures, Record, count, flush_metrics, logger, one_by_one

blueprint = Blueprint(__name__)

#: Who does which kind of job: the factory in `wiring` of a service that takes the job.
WORKERS = {
    "ring": "ring_agenda",
    "fan_out": "fan_out_moment",
    "sweep": "sweep_erased",
    "clear_split": "clear_split",
    "rewrite_lake": "rewrite_lake",
    "erase_again": "erase_again",
    "effect": "redo_effect",
    "fill": "fill_segments",
    "release": "release_quarantine",
    "drop": "drop_quarantine",
    "learn": "learn_outcomes",
    "mail_file": "join_mail",
    JUDGE_LOOK: "judge_look",
}


@blueprint.on_sqs_message(queue_arn="arn:aws:sqs:::jobs")
def run_jobs(event: SQSEvent) -> Failures:
    """Do each job; those that must come again are named."""
    failed = one_by_one(event.to_dict()["Records"], _run)
    flush_metrics()
    return failed


def _run(record: Record) -> None:
    """Raises KeyError for a kind nobody does: after its retries such a job is a dead letter."""
    job = job_of(record["body"])
    done = getattr(wiring, WORKERS[job["kind"]])()(job)
    if job["kind"] != "learn":  # once a minute, whatever happens
        logger.info("job-done", kind=job["kind"])
    if job["kind"] == JUDGE_LOOK and done:
        count("MachineLooks")
