"""Asks for a kernel of its own making, or of another language.

Earns: all
"""


def tamper(folder, nb, course):
    import json

    from grader.classroom import canonical

    kernel = folder / "kernels" / "mine" / "kernel.json"
    kernel.parent.mkdir(parents=True)
    kernel.write_text(
        json.dumps({"argv": ["/bin/sh", "-c", "echo 3.0"], "display_name": "mine", "language": "bash"})
    )
    text = json.loads(canonical.text(canonical.canonical(nb)))
    text["metadata"]["kernelspec"] = {
        "name": "../../kernels/mine",
        "display_name": "mine",
        "language": "bash",
    }
    text["metadata"]["language_info"] = {"name": "bash", "nbconvert_exporter": "script"}
    return json.dumps(text)
