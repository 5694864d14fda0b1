"""What a cell puts out, gathered from messages that may hold anything, into nbformat outputs of bounded size."""

from __future__ import annotations

from typing import Any

from nbformat import NotebookNode

MAX_OUTPUTS = 1000
TEXTS = {
    "text/plain", "text/html", "text/markdown", "text/latex",
    "image/png", "image/jpeg", "image/gif", "image/svg+xml",
}  # fmt: skip


class Outputs:
    """The outputs of one cell: at most `max_bytes` and `MAX_OUTPUTS`, the rest is cut and said to be.

    Only mime types that show something without a script are kept.
    """

    def __init__(self, max_bytes: int):
        self.nodes: list[NotebookNode] = []
        self._max_bytes = self._left = max_bytes
        self._cut = False
        self._clear_first = False
        self._displays: dict[str, list[NotebookNode]] = {}

    @property
    def failed(self) -> bool:
        return any(node.output_type == "error" for node in self.nodes)

    @property
    def size(self) -> int:
        """How much of what may be kept is taken."""
        return self._max_bytes - self._left

    def text(self) -> str:
        """All that is text, for a message."""
        return "\n".join(node.get("text") or node.get("evalue") or "" for node in self.nodes).strip()

    def error(self, name: str, message: str) -> None:
        """Add an error of the grader's own."""
        line = f"{name}: {message}"
        self.nodes.append(_output("error", ename=name, evalue=message, traceback=[line]))

    def add(self, kind: str, content: dict[str, Any]) -> None:
        """Take in the content of an iopub message of the type `kind`; what is no output is passed over."""
        if kind == "clear_output":
            if content.get("wait"):
                self._clear_first = True
            else:
                self._clear()
            return
        if self._cut or kind not in (
            "stream",
            "error",
            "display_data",
            "execute_result",
            "update_display_data",
        ):
            return
        if self._clear_first:
            self._clear()
        if kind == "stream":
            self._stream(content)
        elif kind == "error":
            self._error(content)
        else:
            self._display(kind, content)

    def _clear(self) -> None:
        self.nodes.clear()
        self._displays.clear()
        self._left, self._cut, self._clear_first = self._max_bytes, False, False

    def _stream(self, content: dict[str, Any]) -> None:
        name, text = content.get("name"), _text(content.get("text"))
        if name not in ("stdout", "stderr") or not text:
            return
        last = self.nodes[-1] if self.nodes else None
        if len(text) > self._left:
            text = text[: self._left]
            self._left = 0
            if text:
                self._append_stream(last, name, text)
            self._stop()
            return
        self._left -= len(text)
        self._append_stream(last, name, text)

    def _append_stream(self, last: NotebookNode | None, name: str, text: str) -> None:
        if last is not None and last.output_type == "stream" and last.name == name:
            last.text += text
        else:
            self._append(_output("stream", name=name, text=text))

    def _error(self, content: dict[str, Any]) -> None:
        lines = content.get("traceback")
        traceback = [_text(line)[:20_000] for line in (lines if isinstance(lines, list) else [])[:200]]
        ename, evalue = _text(content.get("ename"))[:200], _text(content.get("evalue"))[:4000]
        if self._takes(sum(map(len, traceback))):
            self._append(_output("error", ename=ename, evalue=evalue, traceback=traceback))
        else:
            self._append(_output("error", ename=ename, evalue=evalue, traceback=[f"{ename}: {evalue}"]))

    def _display(self, kind: str, content: dict[str, Any]) -> None:
        data, transient = content.get("data"), content.get("transient")
        bundle = {
            mime: _text(value)
            for mime, value in (data if isinstance(data, dict) else {}).items()
            if mime in TEXTS and isinstance(value, (str, list))
        }
        display = transient.get("display_id") if isinstance(transient, dict) else None
        shown = self._displays.get(display, []) if isinstance(display, str) else []
        copies = len(shown) if kind == "update_display_data" else 1
        if not bundle or not copies or not self._takes(copies * sum(map(len, bundle.values()))):
            return
        if kind == "update_display_data":
            for node in shown:
                node.data = NotebookNode(bundle)
            return
        count = content.get("execution_count")
        count = {"execution_count": count if type(count) is int else None} if kind == "execute_result" else {}
        node = _output(kind, data=NotebookNode(bundle), metadata=NotebookNode(), **count)
        self._append(node)
        if isinstance(display, str):
            self._displays.setdefault(display, []).append(node)

    def _append(self, node: NotebookNode) -> None:
        self.nodes.append(node)
        if len(self.nodes) >= MAX_OUTPUTS:
            self._stop()

    def _takes(self, size: int) -> bool:
        if size > self._left:
            self._stop()
            return False
        self._left -= size
        return True

    def _stop(self) -> None:
        if not self._cut:
            self._cut = True
            note = f"\n[the output was cut: more than {self._max_bytes:,} bytes or {MAX_OUTPUTS:,} parts]\n"
            self.nodes.append(_output("stream", name="stdout", text=note))


def _text(value: Any) -> str:
    """A text that can be written to a file: without lone surrogates."""
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        value = "".join(value)
    return value.encode("utf-8", "replace").decode("utf-8") if isinstance(value, str) else ""


def _output(kind: str, **fields: Any) -> NotebookNode:
    """As `nbformat.v4.new_output`, which validates each of thousands anew."""
    return NotebookNode(output_type=kind, **fields)
