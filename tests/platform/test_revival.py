"""A server that ended is started again for as long as what keeps it from starting may pass; counted, on no clock."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, cast

import pytest
import uvicorn
from uvicorn.supervisors.multiprocess import SIGNALS

from entrepot.serving import supervisor as serving
from entrepot.store.embedded import (
    EmbeddedError,
    EmbeddedUnavailableError,
    FolderUnusableError,
    OtherMajorVersionError,
    ServerFailedError,
)
from entrepot.store.embedded.account import Account
from entrepot.store.embedded.folder import Folder
from entrepot.store.embedded.installations import NEEDED, Installation
from entrepot.store.embedded.process import ACCEPTS, PUTS_OFF, START_LIMIT, Start
from entrepot.store.embedded.revival import LONGEST_PAUSE, STEADY, Revival, check_usable, lasting_told

OURS = Account(os.geteuid(), os.getegid(), lent=False)
SILENT = 2


class Tried:
    """A server that fails to start with these errors, one after the other, and then starts; and a clock of its own."""

    def __init__(self, *faults: BaseException) -> None:
        self.faults = list(faults)
        self.pauses: list[float] = []
        self.now = 0.0
        self.unwanted_after = 10**6
        self.revival = Revival(self.start, self.wait, lambda: self.now)

    def start(self) -> None:
        if self.faults:
            raise self.faults.pop(0)

    def wait(self, seconds: float) -> bool:
        self.pauses.append(seconds)
        self.now += seconds
        return len(self.pauses) > self.unwanted_after


def faults(count: int) -> Iterable[BaseException]:
    kinds: tuple[Callable[[], BaseException], ...] = (
        lambda: OSError(errno.ENOSPC, "No space left on device"),
        lambda: OSError(errno.ENOMEM, "Cannot allocate memory"),
        lambda: OSError(errno.EAGAIN, "Resource temporarily unavailable"),
        lambda: ServerFailedError("ended while starting (exit status 1)", "could not write lock file"),
        MemoryError,
        lambda: subprocess.SubprocessError("Exception occurred in preexec_fn."),
    )
    return (kinds[number % len(kinds)]() for number in range(count))


def test_what_may_pass_is_tried_at_once_and_then_after_pauses_that_double() -> None:
    tried = Tried(*faults(1_000))
    assert tried.revival.run()
    assert tried.pauses[:7] == [0, 0.5, 1, 2, 4, 8, 8]
    assert len(tried.pauses) == 1_001
    assert max(tried.pauses) == LONGEST_PAUSE


def test_a_server_that_ends_again_and_again_is_started_after_the_same_pauses() -> None:
    tried = Tried()
    for _ in range(7):
        assert tried.revival.run()
    assert tried.pauses == [0, 0.5, 1, 2, 4, 8, 8]


def test_one_that_has_stayed_up_is_started_at_once() -> None:
    tried = Tried(*faults(3))
    assert tried.revival.run()
    tried.now += STEADY
    tried.pauses.clear()
    assert tried.revival.run()
    assert tried.pauses == [0]


def test_whoever_wants_no_server_any_more_ends_the_wait() -> None:
    tried = Tried(*faults(10))
    tried.unwanted_after = 4
    assert not tried.revival.run()
    assert len(tried.faults) == 6


@pytest.mark.parametrize(
    "fault",
    [
        FolderUnusableError(Path("data"), "it is gone"),
        OtherMajorVersionError(Path("data"), "17", "18", Path("bin")),
        EmbeddedUnavailableError("bin/postgres is gone"),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_what_cannot_work_is_not_tried_again(fault: EmbeddedError) -> None:
    tried = Tried(*faults(2), fault)
    with pytest.raises(type(fault)):
        tried.revival.run()
    assert len(tried.pauses) == 3


@pytest.mark.parametrize("number", [errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EROFS])
def test_a_folder_that_may_not_be_used_is_no_fault_that_passes(number: int) -> None:
    with pytest.raises(FolderUnusableError, match=os.strerror(number)), lasting_told(Folder(Path("d"), OURS)):
        raise OSError(number, os.strerror(number))


@pytest.mark.parametrize(
    "number", [errno.ENOSPC, errno.EDQUOT, errno.ENOMEM, errno.EAGAIN, errno.EMFILE, errno.EIO]
)
def test_a_disk_without_room_and_a_machine_without_memory_pass(number: int) -> None:
    with pytest.raises(OSError, match=os.strerror(number)), lasting_told(Folder(Path("d"), OURS)):
        raise OSError(number, os.strerror(number))


def test_a_folder_with_its_data_and_its_programs_can_be_used_and_none_without(tmp_path: Path) -> None:
    folder, programs = Folder(tmp_path / "data", OURS), tmp_path / "bin"
    programs.mkdir()
    folder.cluster.mkdir(parents=True)
    for name in NEEDED:
        (programs / name).touch()
    version = folder.cluster / "PG_VERSION"
    installation = Installation(programs, "18")
    with pytest.raises(FolderUnusableError, match="is gone"):
        check_usable(folder, installation)
    version.write_text("17\n")
    with pytest.raises(OtherMajorVersionError):
        check_usable(folder, installation)
    version.write_text("18\n")
    check_usable(folder, installation)
    (programs / "postgres").unlink()
    with pytest.raises(EmbeddedUnavailableError, match="postgres is gone"):
        check_usable(folder, installation)


class Starting:
    """A server's process that lives, and what it says when it is asked: its words in turn, the last for good."""

    pid = 4_711
    returncode = None

    def __init__(self, tmp_path: Path, status: str, *words: int | OSError) -> None:
        self.folder = Folder(tmp_path, OURS)
        self.folder.cluster.mkdir()
        self.say(status)
        self.words = list(words)
        self.asked = self.now = 0
        self.unwanted = False

    def say(self, status: str) -> None:
        lines = (self.pid, self.folder.cluster, 0, 5432, "/socket", "", "  1  2", status)
        self.folder.pid_file.write_text("".join(f"{line}\n" for line in lines))

    def poll(self) -> None:
        return None

    def ask(self) -> int:
        self.asked += 1
        word = self.words.pop(0) if len(self.words) > 1 else self.words[0]
        if isinstance(word, OSError):
            raise word
        if word == ACCEPTS:
            self.say("ready")
        return word

    def sleep(self, _seconds: float) -> None:
        self.now += 1

    def start(self) -> Start:
        process = cast("Any", self)
        return Start(
            process, self.folder, self.ask, lambda: self.unwanted, clock=lambda: self.now, sleep=self.sleep
        )


def test_a_server_that_recovers_for_long_is_waited_for(tmp_path: Path) -> None:
    """Stopped in that it would begin again each time, and never come to its end."""
    long = int(START_LIMIT) * 20
    server = Starting(tmp_path, "starting", *[PUTS_OFF] * long, ACCEPTS)
    assert server.start().succeeds()
    assert server.now > START_LIMIT * 10


def test_a_server_that_says_nothing_is_given_up(tmp_path: Path) -> None:
    server = Starting(tmp_path, "starting", SILENT)
    with pytest.raises(ServerFailedError, match="did not answer"):
        server.start().succeeds()


def test_a_question_that_could_not_be_put_is_put_again(tmp_path: Path) -> None:
    short = OSError(errno.EAGAIN, "Resource temporarily unavailable")
    server = Starting(tmp_path, "ready", short, short, ACCEPTS)
    assert server.start().succeeds()
    assert server.asked == 3


def test_a_start_that_nobody_wants_any_more_ends(tmp_path: Path) -> None:
    server = Starting(tmp_path, "starting", PUTS_OFF)
    server.unwanted = True
    with pytest.raises(ServerFailedError, match="no longer wanted"):
        server.start().succeeds()


FULL = """
import resource, sys
from pathlib import Path
from entrepot.store.embedded.pidfile import disown
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # as a full disk: not a byte can be written
try:
    disown(Path(sys.argv[1]))
except OSError:
    print("refused")
"""


def test_a_full_disk_leaves_the_pid_file_as_it_was(tmp_path: Path) -> None:
    """By what stands in it PostgreSQL sees whether anything of the dead server still writes to the data."""
    pid_file = tmp_path / "postmaster.pid"
    pid_file.write_text("4711\n/data\n0\n5432\n/socket\n")
    done = subprocess.run([sys.executable, "-c", FULL, pid_file], capture_output=True, text=True, check=True)
    assert done.stdout == "refused\n"
    assert pid_file.read_text() == "4711\n/data\n0\n5432\n/socket\n"


class Unlent(serving.Supervisor):
    """A parent to which the system lends no process some times; those that it lends say nothing."""

    def __init__(self, refusals: int) -> None:
        before = {each: signal.getsignal(each) for each in SIGNALS}
        super().__init__(uvicorn.Config("none", workers=1), [])
        for number, handler in before.items():
            signal.signal(number, handler)
        self.now = 0.0
        self.tries: list[float] = []
        self._slots = [serving.Slot(clock=lambda: self.now)]
        self._refusals = refusals

    def _started(self) -> serving.Worker:
        self.tries.append(self.now)
        if len(self.tries) <= self._refusals:
            raise OSError(errno.EAGAIN, "Resource temporarily unavailable")
        return cast("Any", Serving())


class Serving:
    """A worker that answers."""

    pid = 1
    served = True

    def look(self) -> bool:
        return True


def test_a_parent_that_gets_no_process_for_a_worker_asks_again_after_pauses_that_double() -> None:
    parent = Unlent(8)
    parent.served = True
    for second in range(600):
        parent.now = float(second)
        parent.keep_subprocess_alive()
    assert not parent.should_exit.is_set()
    assert parent.tries == [0, 1, 3, 7, 15, 31, 61, 91, 121]


def test_a_parent_that_gets_no_process_for_its_first_worker_ends() -> None:
    parent = Unlent(1)
    parent.keep_subprocess_alive()
    assert parent.should_exit.is_set()
    assert parent.failed


class Loading(serving.Worker):
    """A worker's process that lives, and answers when the test says so; the clock is the test's."""

    def __init__(self) -> None:
        self.now = 0.0
        super().__init__(uvicorn.Config("none", workers=1), [], lambda: self.now)
        self.process = cast("Any", self)

    def is_alive(self, timeout: float = 5) -> bool:
        return True

    def answer(self) -> None:
        self.child_conn.recv()
        self.child_conn.send(obj=True)


def test_a_worker_that_is_still_being_loaded_is_not_replaced() -> None:
    """It would begin again each time, and on a slow machine never come to serve."""
    worker = Loading()
    for second in range(300):
        worker.now = float(second)
        assert worker.look()
    worker.answer()
    assert worker.look()
    assert worker.served


def test_a_worker_that_has_answered_and_falls_silent_is_replaced() -> None:
    worker = Loading()
    assert worker.look()
    worker.answer()
    assert worker.look()
    assert worker.look()
    worker.now += serving.SILENCE_LIMIT
    assert not worker.look()
