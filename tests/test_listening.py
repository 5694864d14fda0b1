"""What tests in several processes rest on."""

import builtins

import execnet.gateway_base
from listening import LISTENING, keep_builtins


def test_a_worker_hears_while_an_answer_has_put_others_in_place_of_built_in_functions(monkeypatch):
    keep_builtins(LISTENING)

    class Pipe:
        def __init__(self):
            self.left = b"eleven bytes"

        def read(self, most):
            part, self.left = self.left[:5][:most], self.left[5:]
            return part

        def write(self, data): ...

    pipe = execnet.gateway_base.Popen2IO(Pipe(), Pipe(), None)
    with monkeypatch.context() as patch:
        patch.setattr(builtins, "len", lambda _: 1)
        got = pipe.read(12)
    assert got == b"eleven bytes"
