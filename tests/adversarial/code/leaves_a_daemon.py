"""Leaves processes behind: in sessions of their own, orphaned, deaf to signals, one as another program.

From: nbgrader, a background process survived the grading
Earns: nothing
Shows: left behind
"""

import os
import signal
import subprocess
import sys
import time

from known import NAME

for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
                signal.signal(number, signal.SIG_IGN)
            time.sleep(600)
        os._exit(0)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", NAME], start_new_session=True)
print("left behind")


def whole_word_groups(word_ids):
    return None
