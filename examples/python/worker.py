#!/usr/bin/env python3
"""A worker with three kinds: python3 worker.py [URL], or MILLRACE_URL. It serves the queue "python"."""

import logging
import os
import sys

from millrace_worker import Discard, Snooze, Worker

worker = Worker(
    sys.argv[1] if len(sys.argv) > 1 else os.environ.get("MILLRACE_URL", "http://127.0.0.1:8080"),
    queues=["python"],
    slots=int(os.environ.get("SLOTS", "4")),
    timeout=os.environ.get("TIMEOUT", "30s"),
)


@worker.kind("word-count")
def word_count(job):
    """The result is what the sender gets."""
    if "text" not in job.payload:
        raise Discard("there is no text to count")  # another attempt would find none either
    return {"words": len(job.payload["text"].split())}


@worker.kind("import-lines", deadline="1m", retry={"attempts": 5, "backOff": "1s", "atMost": "1m"})
def import_lines(job):
    """A long job: it saves how far it is, and goes on from there if this process dies."""
    lines = job.payload["lines"]
    begin = (job.checkpoint or {"next": 0})["next"]
    job.log(f"begins at line {begin}")
    if job.rescues:
        job.log(f"another worker was lost on the way: {job.rescues}", level="warning")
    for number in range(begin, lines):
        job.sleep(job.payload.get("seconds", 0.1))  # the work; it ends at once if the job is cancelled
        job.save({"next": number + 1})
        job.progress(number + 1, lines)
        job.heartbeat()
    return {"lines": lines, "began": begin, "rescues": job.rescues}


@worker.kind("call-partner", retry={"attempts": 3, "fixed": "10s"})
def call_partner(job):
    """What raises is tried again; what is only too early is put off at no cost."""
    if job.payload.get("closed"):
        raise Snooze("1h", "the partner is closed")
    raise ConnectionError("the partner does not answer")


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    worker.run()
