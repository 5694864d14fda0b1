"""Hands in links to a device without end, to a process and to themselves.

Earns: not graded: is a link
"""


def tamper(folder, nb, course):
    (folder / "a").symlink_to("/dev/zero")
    (folder / "b").symlink_to("/proc/self/mem")
    (folder / "c").symlink_to("c")
