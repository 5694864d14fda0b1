"""Writes until nothing more can be written, in every place and in one file.

From: others, full disks
Earns: nothing
Shows: No space left on device
"""

for place in ("one", "/tmp/one", "/dev/shm/one"):
    try:
        with open(place, "wb") as file:
            while True:
                file.write(b"x" * (1 << 20))
    except OSError as error:
        print(error.strerror)
try:
    for number in range(1000):
        with open(f"/tmp/{number}", "wb") as file:
            file.write(b"x" * (4 << 20))
except OSError as error:
    print(error.strerror)


def whole_word_groups(word_ids):
    return None
