"""Writes to the kernel's sockets what is no message, and one too large to be taken.

From: others, taking over the kernel's sockets
Earns: nothing
Shows: KernelDied
"""

from IPython import get_ipython

publish = get_ipython().kernel.iopub_thread.socket
publish.send_multipart([b"<IDS|MSG>", *[b"x" * 1000] * 500])
publish.send(b"garbage")


def whole_word_groups(word_ids):
    return None
