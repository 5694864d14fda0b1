"""A memory bomb in System V segments, which stay when no process has them mapped any more.

Earns: nothing
Shows: refused
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p
for number in range(12):
    segment = libc.shmget(0, 16 << 20, 0o1600)
    if segment < 0:
        print("refused at", number)
        break
    place = libc.shmat(segment, None, 0)
    ctypes.memset(place, 1, 16 << 20)
    libc.shmdt(ctypes.c_void_p(place))
else:
    print("12 segments of 16 MB")


def whole_word_groups(word_ids):
    return None
