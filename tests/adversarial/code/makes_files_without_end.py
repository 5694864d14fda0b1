"""Makes as many empty files as there can be, in folders as deep as they go.

Earns: nothing
Next: lost
Shows: made
"""

import os

count = 0
try:
    os.mkdir("/tmp/deep")
    os.chdir("/tmp/deep")
    for count in range(300):
        os.mkdir("d" * 200)
        os.chdir("d" * 200)
    for count in range(3000):
        open(f"{count}", "w").close()
except OSError as error:
    print(error.strerror)
print("made", count > 100)


def whole_word_groups(word_ids):
    return None
