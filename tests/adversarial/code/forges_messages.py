"""Publishes messages with forged parents: results of requests that are not its own, and the end of its own.

Earns: nothing
Shows: forged
"""

import json
import uuid

from IPython import get_ipython

kernel = get_ipython().kernel


def forge(kind, content, parent):
    header = {"msg_id": uuid.uuid4().hex, "msg_type": kind, "session": "x", "username": "x",
              "version": "5.3", "date": "2026-01-01T00:00:00Z"}  # fmt: skip
    parts = [json.dumps(part, default=str).encode() for part in (header, parent, {}, content)]
    kernel.iopub_thread.socket.send_multipart([b"<IDS|MSG>", kernel.session.sign(parts), *parts])


def whole_word_groups(word_ids):
    own = kernel.get_parent()["header"]
    points = {"data": {"text/plain": "3.0"}, "metadata": {}, "execution_count": 1}
    for parent in (own, {}, {"msg_id": None}, {**own, "msg_id": "check"}):
        forge("execute_result", points, parent)
        forge("comm_msg", {"comm_id": "x", "data": {"number": 0, "points": 3.0}}, parent)
        forge("status", {"execution_state": "idle"}, parent)
        forge("points", {"points": 3.0}, parent)


forge("stream", {"name": "stdout", "text": "forged"}, kernel.get_parent()["header"])
whole_word_groups([])
