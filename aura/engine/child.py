"""The engine process: ``python -m aura.engine.child``.

Standard input brings the settings as one line of JSON, then a command a line; its end
means that the studio is gone, and the process goes too. What was standard output carries
events alone; everything else that is printed goes to ``logs/engine.log``.
"""

from __future__ import annotations

import faulthandler
import json
import logging
import os
import queue
import shutil
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING

from pydantic import ValidationError

from aura import extras
from aura.engine.protocol import (
    COMMANDS,
    Command,
    Failed,
    KeepFor,
    Plain,
    Quit,
    Ready,
    Release,
    Run,
    Stop,
    Warm,
    line,
)
from aura.errors import EngineFault
from aura.settings import Settings

if TYPE_CHECKING:
    from aura.engine.worker import Worker

STATUS_EVERY_S = 1.0
LOG_MAX = 4 * 2**20  # bytes, twice: the log and the one before

log = logging.getLogger("aura.engine")


def main(open_worker: Callable[[Settings], Worker] | None = None) -> None:
    """``open_worker`` in a test: another worker than the one of these settings."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the studio decides when this one ends
    channel = Channel(take_stdout())
    settings = Settings(**json.loads(sys.stdin.buffer.readline()))
    journal = open_log(settings.data_dir / "logs" / "engine.log")
    engine = Engine(channel, journal)
    threading.Thread(target=engine.listen, args=(sys.stdin.buffer,), daemon=True).start()
    code = 0
    try:
        engine.work(settings, open_worker)
    except Exception:
        log.exception("the engine ends")
        code = 1
    os._exit(code)  # an ordinary exit would wait for the thread that reads commands


class Channel:
    """The way back to the studio; whole lines, from any thread."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self._lock = stream, threading.Lock()

    def send(self, event: Plain) -> None:
        try:
            with self._lock:
                self._stream.write(line(event))
                self._stream.flush()
        except OSError:  # nobody reads any more
            os._exit(0)


class Engine:
    """Three threads: one listens to commands, one draws in turn, one tells the status."""

    def __init__(self, channel: Channel, journal: IO[bytes]) -> None:
        self.channel, self.journal = channel, journal
        self.turns: queue.Queue[Run | Warm | Quit] = queue.Queue()
        self.worker: Worker | None = None

    def listen(self, commands: IO[bytes]) -> None:
        for text in commands:
            try:
                self._obey(COMMANDS.validate_json(text))
            except ValidationError as invalid:
                log.error("not a command: %s", invalid)
        os._exit(0)  # the studio is gone; nobody waits for what this process would draw

    def work(
        self, settings: Settings, open_worker: Callable[[Settings], Worker] | None = None
    ) -> None:
        """Until told to quit. The first import of torch takes seconds, so it happens here."""
        extras.settle()  # before the libraries that would import what does not load here
        from aura.engine.worker import Worker, versions

        self.worker = (open_worker or Worker)(settings)
        self.channel.send(Ready(versions=versions()))
        threading.Thread(target=self._tell_status, args=(self.worker,), daemon=True).start()
        while True:
            command = self.turns.get()
            if isinstance(command, Quit):
                break
            self._do(self.worker, command)
        self.worker.release()

    def _obey(self, command: Command) -> None:
        match command:
            case Stop() if self.worker is not None:
                self.worker.stop(command.job)
            case Release() if self.worker is not None:
                # In a thread of its own: a model being loaded holds the manager meanwhile.
                worker, model = self.worker, command.model
                threading.Thread(target=self._release, args=(worker, model), daemon=True).start()
            case KeepFor() if self.worker is not None:
                self.worker.keep_for(command.seconds)
            case Run() | Warm() | Quit():
                self.turns.put(command)

    def _do(self, worker: Worker, command: Run | Warm) -> None:
        try:
            if isinstance(command, Run):
                for event in worker.handle(command):
                    self.channel.send(event)
            elif self.turns.empty():  # else a job waits, or another model has been chosen
                worker.warm(command.model)
        except Exception as fault:  # one command's fault is not the next one's
            log.exception("a fault outside of any job's boundary")
            if isinstance(command, Run):
                told = f"{type(fault).__name__}: {fault}"[:300]
                error = EngineFault(fault=told, log=str(self.journal.name))
                self.channel.send(Failed(job=command.job, error=error.as_dict()))

    def _release(self, worker: Worker, model: str | None) -> None:
        try:
            worker.release(model)
        except Exception:  # a button's fault costs no job
            log.exception("could not release %s", model or "the idle models")

    def _tell_status(self, worker: Worker) -> None:
        pause = threading.Event()
        while True:
            try:
                self.channel.send(worker.status())
                worker.tend()
            except Exception:  # what fails once may work the next time
                log.exception("no status")
            trim(self.journal)
            pause.wait(STATUS_EVERY_S)


def take_stdout() -> IO[bytes]:
    """Keep the real standard output for events; what prints from now on goes to stderr."""
    channel = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return channel


def open_log(path: Path) -> IO[bytes]:
    """Everything printed, by C libraries too, and a dead process's last words."""
    path.parent.mkdir(parents=True, exist_ok=True)
    journal = path.open("ab", buffering=0)
    os.dup2(journal.fileno(), 1)
    os.dup2(journal.fileno(), 2)
    faulthandler.enable(file=sys.stderr)
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s"
    )
    return journal


def trim(journal: IO[bytes]) -> None:
    """Begin the log anew when it is long; the old one stays beside it until the next time."""
    if os.fstat(journal.fileno()).st_size < LOG_MAX:
        return
    path = Path(journal.name)
    shutil.copyfile(path, path.with_suffix(".1.log"))
    journal.truncate(0)


if __name__ == "__main__":
    main()
