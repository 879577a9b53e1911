"""A file of lines that processes append to together, and that is put aside when it is full."""

import errno
import fcntl
import os
from pathlib import Path
from threading import Event

from attrs import frozen

_TRIES, _PAUSE = 1000, 0.001  # how often the lock is asked for, and the seconds between
_BLOCK = 65536


@frozen
class RollingFile:
    """Lines that begin with `head`; at most `files` of up to `max_bytes` each, PATH.1 the one put aside last.

    A line is written whole or not at all, under a lock on the file (POSIX). A line that a killed process left
    unfinished is cut off by whoever writes next.
    """

    path: Path
    head: bytes
    max_bytes: int
    files: int

    def append(self, line: bytes) -> None:
        """Write a line. Raises OSError where that cannot be done: then the file is as it was.

        TimeoutError is the OSError of a file that another process keeps locked for a second; EFBIG that of
        a line longer than `max_bytes`, EEXIST of a file that something else wrote.
        """
        if len(line) > self.max_bytes:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        while not self._appended(line):
            pass

    def _appended(self, line: bytes) -> bool:
        """False where the file was put aside meanwhile, by another or for being full."""
        file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            _lock(file)
            if not self._stands(file):
                return False
            size = self._whole(file)
            if size and size + len(line) > self.max_bytes:
                self._put_aside()
                return False
            _write(file, line, size)
            return True
        finally:
            os.close(file)

    def _stands(self, file: int) -> bool:
        """Whether it still has the name: whoever has its lock then is the only one who may change that."""
        try:
            return os.path.samestat(os.fstat(file), os.stat(self.path))
        except FileNotFoundError:
            return False

    def _whole(self, file: int) -> int:
        """The size, once an unfinished last line is cut off."""
        size = os.fstat(file).st_size
        begins = os.pread(file, len(self.head), 0)
        if not self.head.startswith(begins):
            raise OSError(errno.EEXIST, "something else wrote this file")
        if size and os.pread(file, 1, size - 1) != b"\n":
            size = _last_end(file, size)
            os.ftruncate(file, size)
        return size

    def _put_aside(self) -> None:
        names = [self.path, *(self.path.with_name(f"{self.path.name}.{n}") for n in range(1, self.files))]
        for older, newer in reversed(list(zip(names[1:], names, strict=False))):
            if newer.exists():
                os.replace(newer, older)


def _lock(file: int) -> None:
    for _ in range(_TRIES):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            Event().wait(_PAUSE)
    raise TimeoutError(errno.ETIMEDOUT, "another process keeps the file locked")


def _last_end(file: int, size: int) -> int:
    while size > 0:
        begin = max(size - _BLOCK, 0)
        found = os.pread(file, size - begin, begin).rfind(b"\n")
        if found >= 0:
            return begin + found + 1
        size = begin
    return 0


def _write(file: int, line: bytes, size: int) -> None:
    if os.write(file, line) != len(line):
        os.ftruncate(file, size)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
