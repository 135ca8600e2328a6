"""Run jobs of Millrace in Python, over HTTP. Python 3.9 or newer, its standard library only: copy this file into your project.

    from millrace_worker import Worker

    worker = Worker("http://127.0.0.1:8080", name="mailer", queues=["mail"], slots=4)

    @worker.kind("send-mail")
    def send_mail(job):
        smtp.send(job.payload["to"], job.payload["text"])
        return {"sent": True}

    worker.run()

`run` returns when the process is told to stop (SIGTERM, SIGINT): it asks for nothing more, waits for what runs, and gives the rest back at no cost
of an attempt. A handler that raises has failed, and its job is tried again as the kind's policy says; `Retry`, `Snooze`, `Cancel` and `Discard` say
something else. A job may run again after a crash: make its effects idempotent, with `job.id` as the key.

Each job runs in a thread of its own. For work that keeps a core busy start several processes, each with a worker of its own.
The protocol: docs/guides/http-workers.md.
"""

import http.client
import json
import logging
import os
import random
import signal
import socket
import threading
import time
import traceback
import urllib.error
import urllib.request

log = logging.getLogger("millrace")

#: How long a request for work waits on the server. A stop does not wait for it.
WAIT_SECONDS = 20

#: How long other requests wait for their answer: longer than the server itself takes until it says that it does not know.
ANSWER_SECONDS = 45

FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 15


class Problem(Exception):
    """The server refused a request. `kind` is one of the names in docs/guides/operations.md, such as "taken-away"."""

    def __init__(self, status, kind, detail, retry_after=None):
        super().__init__(f"{kind}: {detail}")
        self.status = status
        self.kind = kind
        self.detail = detail
        self.retry_after = retry_after


class Unreachable(Exception):
    """No answer: whether the request took effect is not known."""


class Retry(Exception):
    """Raise it to have the job tried again after this time, such as "30s", instead of the policy's back-off. It counts as a failed attempt."""

    def __init__(self, message, after=None):
        super().__init__(message)
        self.after = after


class Discard(Exception):
    """Raise it if no further attempt could succeed."""


class Snooze(Exception):
    """Raise it to put the job off, such as for "5m". It costs no attempt."""

    def __init__(self, after, reason="its handler postponed it"):
        super().__init__(reason)
        self.after = after
        self.reason = reason


class Cancel(Exception):
    """Raise it if the job is not wanted any more."""

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


class Cancelled(Exception):
    """The job was taken away from this worker: cancelled, past its deadline, or running elsewhere. Let it end."""


class Job:
    """A job in progress, as its handler sees it. For use by many threads."""

    def __init__(self, session, given):
        self._session = session
        self._given = given
        self._stop = threading.Event()
        self._why = None
        self.id = given["job"]
        self.kind = given["kind"]
        self.version = given["version"]
        self.queue = given["queue"]
        self.payload = given["payload"]
        #: Which attempt it is, from 1.
        self.number = given["number"]
        #: If not 0, an earlier start was cut off by a crash and may have had effects.
        self.rescues = given["rescues"]
        self.tenant = given["tenant"]
        self.tags = given["tags"]
        self.headers = given["headers"]
        #: What an earlier attempt saved with `save`; None if nothing.
        self.checkpoint = given["checkpoint"]
        #: How long it may run without a `heartbeat`.
        self.deadline_seconds = given["deadlineMillis"] / 1000

    @property
    def attempt(self):
        return self._given["attempt"]

    @property
    def cancelled(self):
        """Whether to stop: the job was taken away from this worker. What the handler returns then does not count."""
        return self._stop.is_set()

    def stop_if_cancelled(self):
        """Raises Cancelled if the job was taken away: for loops."""
        if self.cancelled:
            raise Cancelled(self._why or "taken away")

    def sleep(self, seconds):
        """Rests, and raises Cancelled as soon as the job is taken away."""
        if self._stop.wait(seconds):
            self.stop_if_cancelled()

    def heartbeat(self):
        """Starts the deadline anew: the job is slow, not stuck."""
        self._report(heartbeat=True)

    def progress(self, done, total):
        """How far it is. Shown live."""
        self._report(progress={"done": done, "total": total})

    def log(self, *lines, level="info"):
        """Lines of the job's log, at most 1,000 characters each: trace, debug, info, warning or error."""
        self._report(log=[str(line) if level == "info" else {"level": level, "text": str(line)} for line in lines])

    def save(self, checkpoint):
        """Saves how far it is, for the next attempt. Durable when this returns."""
        self._report(checkpoint=checkpoint)
        self.checkpoint = checkpoint

    def _report(self, **said):
        self.stop_if_cancelled()
        body = {"token": self._given["token"], **said}
        pauses = _Pauses()
        while True:
            try:
                self._session.post(f"/attempts/{self.attempt}/report", body)
                return
            except Problem as problem:
                if problem.kind in ("taken-away", "unknown-worker", "not-found"):
                    self._take_away(problem.kind)
                    raise Cancelled(problem.detail) from problem
                if problem.status < 500:
                    raise
                self._rest(pauses.next(problem.retry_after))
            except Unreachable:
                self._rest(pauses.next())

    def _rest(self, seconds):
        if self._stop.wait(seconds):
            self.stop_if_cancelled()

    def _take_away(self, why):
        if not self._stop.is_set():
            log.warning("%s %s is to stop: %s", self.kind, self.id, why)
            self._why = why
            self._stop.set()


class _Pauses:
    """Waits that grow, each a random part of what it could be, so that many do not come back together."""

    def __init__(self):
        self._most = FIRST_PAUSE_SECONDS

    def next(self, at_least=None):
        pause = random.uniform(self._most / 2, self._most)
        self._most = min(self._most * 2, LONGEST_PAUSE_SECONDS)
        return max(pause, min(at_least or 0, LONGEST_PAUSE_SECONDS))


class _Http:
    def __init__(self, url):
        self.url = url.rstrip("/")

    def request(self, method, path, body=None, timeout=ANSWER_SECONDS):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method)
        if data is not None:
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            with refused:
                raise _problem(refused) from None
        except (OSError, http.client.HTTPException, ValueError) as broken:
            raise Unreachable(f"{self.url} does not answer: {broken}") from broken


def _problem(refused):
    try:
        said = json.load(refused)
        kind = said["type"].rsplit(":", 1)[-1]
        detail = said["detail"]
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        kind, detail = "unknown", f"the server, or a proxy before it, answered {refused.code}"
    try:
        retry_after = float(refused.headers.get("Retry-After") or 0)
    except ValueError:
        retry_after = 0
    return Problem(refused.code, kind, detail, retry_after)


class _Session:
    """What the server calls a worker. It ends when the server has not heard of it for its timeout; then a new one is opened."""

    def __init__(self, http_, opened):
        self._http = http_
        self.id = opened["worker"]
        self.timeout_seconds = opened["timeoutMillis"] / 1000
        self.heartbeat_seconds = opened["heartbeatMillis"] / 1000
        self.over = threading.Event()

    def post(self, path, body, timeout=ANSWER_SECONDS):
        return self._http.request("POST", f"/api/workers/{self.id}{path}", body, timeout)

    def close(self):
        return self._http.request("DELETE", f"/api/workers/{self.id}")


class Worker:
    """Runs jobs of the kinds that are registered with it.

    url       where Millrace listens
    name      what people call it; by default the host and the process
    queues    that it serves, in its order of preference. Give the kinds of one language a queue of their own
    slots     jobs that it runs at once, each in a thread
    timeout   if the server does not hear of the worker for so long, its jobs run elsewhere: "2s" to "10m"
    grace     seconds that running jobs have to end when the process is told to stop
    """

    def __init__(self, url, name=None, queues=("default",), slots=4, timeout="30s", grace=20):
        self._http = _Http(url)
        self._name = name or f"{socket.gethostname()}-{os.getpid()}"
        self._queues = list(queues)
        self._slots = slots
        self._timeout = timeout
        self._grace = grace
        self._kinds = []
        self._handlers = {}
        self._lock = threading.Condition()
        self._held = {}  # by attempt: what this process runs, of whatever session
        self._stopping = threading.Event()
        self._failure = None

    def kind(self, kind, versions=(1,), deadline=None, concurrency=None, retry=None):
        """Registers the handler of a kind: it gets a Job, and returns the result, or None.

        versions     of the payload that it understands; `job.version` tells which it is
        deadline     how long an attempt may run without a heartbeat, such as "5m"
        concurrency  how many of this kind at once
        retry        such as {"attempts": 5, "backOff": "2s", "atMost": "1h"} or {"attempts": 3, "fixed": "10s"}
        """
        said = {"kind": kind, "versions": list(versions)}
        if deadline is not None:
            said["deadline"] = deadline
        if concurrency is not None:
            said["concurrency"] = concurrency
        if retry is not None:
            said["retry"] = retry

        def register(handler):
            self._kinds.append(said)
            self._handlers[kind] = handler
            return handler

        return register

    # ---- running

    def stop(self):
        """Asks it to end in order; `run` returns when it has."""
        self._stopping.set()
        with self._lock:
            self._lock.notify_all()

    def _told(self, *_):
        if self._stopping.is_set():
            self._grace = 0  # told again: at once
        self.stop()

    def run(self):
        """Works until it is told to stop. Raises Problem if the server refuses what the worker says of itself."""
        if threading.current_thread() is threading.main_thread():
            for told in (signal.SIGTERM, signal.SIGINT):
                signal.signal(told, self._told)
        pauses = _Pauses()
        while not self._stopping.is_set() and self._failure is None:
            try:
                session = self._open()
            except Unreachable as away:
                log.warning("%s", away)
                self._stopping.wait(pauses.next())
                continue
            except Problem as problem:
                if problem.status < 500:
                    raise
                log.warning("%s", problem)
                self._stopping.wait(pauses.next(problem.retry_after))
                continue
            pauses = _Pauses()
            self._serve(session)
        if self._failure is not None:
            raise self._failure

    def _open(self):
        opened = self._http.request(
            "POST",
            "/api/workers",
            {
                "name": self._name,
                "queues": self._queues,
                "kinds": self._kinds,
                "slots": self._slots,
                "timeout": self._timeout,
            },
        )
        session = _Session(self._http, opened)
        log.info("worker %s is connected to %s", self._name, self._http.url)
        return session

    def _serve(self, session):
        """Until the session is over or the worker stops. Waits in this thread, so that signals are heard at once."""
        beating = threading.Thread(target=self._beat, args=(session,), name="heartbeat", daemon=True)
        asking = threading.Thread(target=self._ask, args=(session,), name="claim", daemon=True)
        beating.start()
        asking.start()
        while not session.over.is_set() and not self._stopping.is_set():
            session.over.wait(0.2)
        if self._stopping.is_set():
            self._leave(session)
        session.over.set()
        beating.join()
        # It may still wait for an answer, which nobody is interested in: its thread is a daemon.

    # ---- asking for work

    def _ask(self, session):
        pauses = _Pauses()
        while not session.over.is_set() and not self._stopping.is_set():
            with self._lock:
                free = self._slots - len(self._held)
                if free <= 0:
                    self._lock.wait(1)
                    continue
                holding = self._holding()
            try:
                answer = session.post(
                    "/claim",
                    {"most": free, "wait": f"{WAIT_SECONDS}s", "holding": holding},
                    timeout=WAIT_SECONDS + 15,
                )
            except Unreachable as away:
                log.warning("%s", away)
                session.over.wait(pauses.next())
                continue
            except Problem as problem:
                if problem.kind == "unknown-worker":
                    self._lost(session, problem.detail)
                    return
                if problem.kind != "conflict":  # a job that has just ended here is still known there
                    log.warning("%s", problem)
                session.over.wait(pauses.next(problem.retry_after))
                continue
            except Exception as bug:  # the worker must not sit there without asking
                self._failure = bug
                self._lost(session, str(bug))
                return
            pauses = _Pauses()
            for given in answer["attempts"]:
                self._begin(session, given)
            if answer["closing"]:
                session.over.wait(1)  # the server stops: a new session, as soon as this one is over

    def _begin(self, session, given):
        job = Job(session, given)
        with self._lock:
            if self._stopping.is_set() or job.attempt in self._held:
                return  # given back when the worker leaves
            self._held[job.attempt] = job
        # A daemon: one that does not heed `cancelled` must not keep the process from ending.
        threading.Thread(target=self._run, args=(job,), name=f"{job.kind} {job.id}", daemon=True).start()

    def _holding(self):
        return list(self._held)

    # ---- running a job

    def _run(self, job):
        try:
            self._complete(job, _sayable(self._outcome(job)))
        except Exception:  # the slot must come free whatever happens
            log.exception("%s %s could not be completed; it will run again", job.kind, job.id)
        finally:
            with self._lock:
                del self._held[job.attempt]
                self._lock.notify_all()

    def _outcome(self, job):
        """What the handler decided; None if nobody is interested."""
        try:
            result = self._handlers[job.kind](job)
            json.dumps(result, allow_nan=False)
            return {"outcome": "done", "result": result}
        except Cancelled:
            if job.cancelled:
                return None
            return _failure("retry", Cancelled("the handler raised Cancelled, and the job was not"))
        except Snooze as later:
            return {"outcome": "snooze", "after": later.after, "reason": later.reason}
        except Cancel as unwanted:
            return {"outcome": "cancel", "reason": unwanted.reason}
        except Discard as last:
            return _failure("discard", last.__cause__ or last)
        except Retry as again:
            said = _failure("retry", again.__cause__ or again)
            if again.after is not None:
                said["after"] = again.after
            return said
        except BaseException as failed:  # also SystemExit, which would end this thread only
            return _failure("retry", failed)

    def _complete(self, job, outcome):
        """Says how it ended until the server has an answer: saying the same again changes nothing."""
        if outcome is None:
            return
        body = {"token": job._given["token"], **outcome}
        pauses = _Pauses()
        refused = False
        while True:
            try:
                answer = job._session.post(f"/attempts/{job.attempt}/complete", body)
                log.info("%s %s is %s", job.kind, job.id, answer["state"])
                return
            except Unreachable as away:
                log.warning("%s", away)
                pause = pauses.next()
            except Problem as problem:
                if problem.status >= 500:
                    log.warning("%s", problem)
                    pause = pauses.next(problem.retry_after)
                elif problem.kind in ("bad-request", "refused", "too-large") and not refused:
                    log.error("%s", problem)  # such as a result that is too large: the attempt has failed
                    refused = True
                    body = {"token": job._given["token"], **_failure("retry", problem)}
                    continue
                else:
                    log.warning("%s %s does not count: %s", job.kind, job.id, problem)
                    return
            time.sleep(pause)

    # ---- signs of life

    def _beat(self, session):
        heard = time.monotonic()
        while not session.over.wait(session.heartbeat_seconds):
            with self._lock:
                jobs = [job for job in self._held.values() if job._session is session]
            try:
                told = session.post(
                    "/heartbeat", {"holding": [job.attempt for job in jobs]}, timeout=session.heartbeat_seconds
                )
            except Unreachable as away:
                log.warning("%s", away)
                if time.monotonic() - heard >= session.timeout_seconds:
                    self._lost(session, "the server was out of reach for longer than the worker's timeout")
                continue
            except Problem as problem:
                if problem.kind == "unknown-worker":
                    self._lost(session, problem.detail)
                else:
                    log.warning("%s", problem)
                continue
            heard = time.monotonic()
            stops = {stop["attempt"]: stop["why"] for stop in told["stop"]}
            for job in jobs:
                if job.attempt in stops:
                    job._take_away(stops[job.attempt])

    def _lost(self, session, why):
        """Its jobs run elsewhere: those here are told to stop, and a new session begins."""
        if session.over.is_set():
            return
        log.warning("the session is over: %s", why)
        with self._lock:
            jobs = [job for job in self._held.values() if job._session is session]
        for job in jobs:
            job._take_away("lost")
        session.over.set()

    # ---- the end

    def _leave(self, session):
        """Asks for nothing more, waits for what runs, and gives the rest back."""
        log.info("worker %s stops; it waits for what runs", self._name)
        with self._lock:
            holding = self._holding()
        try:
            session.post("/claim", {"most": 0, "holding": holding})
        except (Unreachable, Problem) as away:
            log.warning("%s", away)
        begin = time.monotonic()
        with self._lock:
            while self._held and time.monotonic() - begin < self._grace:
                self._lock.wait(0.2)
            left = list(self._held.values())
        for job in left:
            job._take_away("the worker stops")
        try:
            back = session.close()["putBack"]
            log.info("worker %s has left; %d jobs go on elsewhere", self._name, back)
        except (Unreachable, Problem) as away:
            log.warning("could not say good-bye: %s", away)


def _sayable(outcome):
    """The outcome, or that it can't be said, such as `Snooze(timedelta(hours=1))`: a job that is never completed would run again at once."""
    try:
        json.dumps(outcome, allow_nan=False)
        return outcome
    except (TypeError, ValueError, RecursionError) as unsayable:
        return _failure("retry", unsayable)


def _failure(outcome, failed):
    """An error as the server keeps it. Failures with one type and one place are one group."""
    frames = [
        f"{os.path.basename(frame.filename)}:{frame.name}"
        for frame in traceback.extract_tb(failed.__traceback__)
        if frame.filename != __file__
    ]
    text = "".join(traceback.format_exception(type(failed), failed, failed.__traceback__))
    return {
        "outcome": outcome,
        "type": type(failed).__name__,
        "message": str(failed),
        "place": " ".join(frames[-3:]),
        "trace": text[-8000:],
    }
