"""Hands in the socket of a program.

Earns: not graded: is neither a file nor a folder
"""

import os
import socket


def tamper(folder, nb, course):
    here = os.getcwd()
    os.chdir(folder)  # a socket's whole path is short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
    os.chdir(here)
