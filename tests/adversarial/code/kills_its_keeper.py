"""Kills its parent, the first process, its group, and at last all that there is.

Earns: nothing
Shows: KernelDied
"""

import os
import signal

os.kill(os.getppid(), signal.SIGKILL)
os.kill(1, signal.SIGKILL)
print("its keeper lives")
try:
    os.kill(-1, signal.SIGKILL)
except ProcessLookupError:
    os.killpg(0, signal.SIGKILL)


def whole_word_groups(word_ids):
    return None
