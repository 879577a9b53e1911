"""Makes a process for each shape that it is told of, which waits at one cut to be killed from outside.

A forked process costs a tenth of one that has everything to import. This one opens no store itself.
"""

import json
import os
import signal
import sys
import traceback
from pathlib import Path

from tests.runtime.cut_shapes import SHAPES, wait_for_the_kill
from tests.runtime.witness import Journal, listening


def run(path: str, shape: str, phase: str, where: str) -> None:
    """Run the shape as far as the cut; if nobody kills it there, a minute later it ends by itself."""
    signal.alarm(60)
    with listening():
        SHAPES[shape].run(Path(path), Journal(Path(path).parent), wait_for_the_kill(phase, where))


if __name__ == "__main__":
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                run(*json.loads(line))
            except BaseException:  # a copy of this process must not go on to the next line
                traceback.print_exc()
            os._exit(1)
        print("ended", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
