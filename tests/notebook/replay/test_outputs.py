"""Outputs are what a Jupyter front end would show."""

from __future__ import annotations

from typing import Any

from pressrun.notebook.replay.outputs import NotebookOutputs, split_lines


def stream(text: str, name: str = "stdout") -> tuple[str, dict[str, Any]]:
    return "stream", {"name": name, "text": text}


def display(text: str, display_id: str | None = None, kind: str = "display_data") -> tuple[str, dict[str, Any]]:
    transient = {"display_id": display_id} if display_id else {}
    return kind, {"data": {"text/plain": text}, "metadata": {}, "transient": transient}


def clear(wait: bool = False) -> tuple[str, dict[str, Any]]:
    return "clear_output", {"wait": wait}


def shown(*messages: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
    outputs = NotebookOutputs()
    for kind, content in messages:
        outputs.apply(0, kind, "request", content)
    return outputs.of(0)


def texts(outputs: list[dict[str, Any]]) -> list[str]:
    return [output.get("text") or output["data"]["text/plain"] for output in outputs]


def test_streams_of_one_name_that_follow_each_other_are_joined() -> None:
    assert shown(stream("a"), stream("b"), stream("!", "stderr"), stream("c")) == [
        {"output_type": "stream", "name": "stdout", "text": "ab"},
        {"output_type": "stream", "name": "stderr", "text": "!"},
        {"output_type": "stream", "name": "stdout", "text": "c"},
    ]


def test_clear_output_removes_what_was_shown() -> None:
    assert texts(shown(stream("a"), clear(), stream("b"))) == ["b"]


def test_clear_output_that_waits_keeps_the_old_output_until_the_next() -> None:
    assert texts(shown(stream("a"), clear(wait=True))) == ["a"]
    assert texts(shown(stream("a"), clear(wait=True), stream("b"))) == ["b"]


def test_an_update_reaches_every_display_of_that_name_in_every_cell() -> None:
    outputs = NotebookOutputs()
    outputs.apply(0, *display_of(0, "old"))
    outputs.apply(1, *display_of(1, "newer"))
    kind, content = display("last", "name", "update_display_data")
    outputs.apply(2, kind, "r2", content)
    assert texts(outputs.of(0)) == ["last"]
    assert texts(outputs.of(1)) == ["last"]
    assert outputs.of(2) == []


def display_of(cell: int, text: str) -> tuple[str, str, dict[str, Any]]:
    kind, content = display(text, "name")
    return kind, f"r{cell}", content


def test_an_update_of_an_unknown_display_shows_nothing() -> None:
    assert shown(display("x", "nobody", "update_display_data")) == []


def test_results_and_errors_keep_what_the_format_asks_for() -> None:
    result = ("execute_result", {"data": {"text/plain": "1"}, "metadata": {"a": 1}, "execution_count": 3})
    error = ("error", {"ename": "E", "evalue": "v", "traceback": ["t"]})
    assert shown(result, error) == [
        {"output_type": "execute_result", "data": {"text/plain": "1"}, "metadata": {"a": 1}, "execution_count": 3},
        {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["t"]},
    ]


def test_the_execution_count_is_the_kernels() -> None:
    outputs = NotebookOutputs()
    outputs.apply(4, "execute_input", "r", {"code": "", "execution_count": 7})
    assert outputs.execution_counts == {4: 7}


def test_an_output_widget_captures_what_is_shown_while_it_is_entered() -> None:
    sent: list[tuple[str, dict[str, Any], str]] = []
    outputs = NotebookOutputs(lambda comm, data, request: sent.append((comm, data, request)))
    state = {"_model_module": "@jupyter-widgets/output", "_model_name": "OutputModel", "outputs": [], "msg_id": ""}
    outputs.apply(0, "comm_open", "r", {"comm_id": "w", "target_name": "jupyter.widget", "data": {"state": state}})
    outputs.apply(0, "comm_msg", "r", {"comm_id": "w", "data": {"method": "update", "state": {"msg_id": "r"}}})
    outputs.apply(0, "stream", "r", {"name": "stdout", "text": "inside"})
    outputs.apply(0, "comm_msg", "r", {"comm_id": "w", "data": {"method": "update", "state": {"msg_id": ""}}})
    outputs.apply(0, "stream", "r", {"name": "stdout", "text": "outside"})
    inside = [{"output_type": "stream", "name": "stdout", "text": "inside"}]
    assert texts(outputs.of(0)) == ["outside"]
    assert sent == [("w", {"method": "update", "state": {"outputs": inside}, "buffer_paths": []}, "r")]
    metadata = outputs.widgets.metadata()
    assert metadata is not None
    assert metadata["application/vnd.jupyter.widget-state+json"]["state"]["w"]["state"]["outputs"] == inside


def test_widget_state_and_buffers_are_kept() -> None:
    outputs = NotebookOutputs()
    state = {"_model_name": "IntSlider", "_model_module": "m", "_model_module_version": "2", "value": 1}
    data = {"state": state, "buffer_paths": [["pixels"]]}
    outputs.apply(0, "comm_open", "r", {"comm_id": "w", "target_name": "jupyter.widget", "data": data}, [b"abc"])
    outputs.apply(0, "comm_msg", "r", {"comm_id": "w", "data": {"method": "update", "state": {"value": 5}}})
    metadata = outputs.widgets.metadata()
    assert metadata is not None
    model = metadata["application/vnd.jupyter.widget-state+json"]["state"]["w"]
    assert (model["model_name"], model["state"]["value"]) == ("IntSlider", 5)
    assert model["buffers"] == [{"data": "YWJj", "encoding": "base64", "path": ["pixels"]}]


def test_text_is_split_into_lines_and_other_data_is_not() -> None:
    split = split_lines(
        [
            {"output_type": "stream", "name": "stdout", "text": "a\nb"},
            {"output_type": "display_data", "metadata": {}, "data": {"text/html": "<p>\n", "image/png": "x\n"}},
            {"output_type": "display_data", "metadata": {}, "data": {"application/json": {"a": "x\n"}}},
        ]
    )
    assert split[0]["text"] == ["a\n", "b"]
    assert split[1]["data"] == {"text/html": ["<p>\n"], "image/png": "x\n"}
    assert split[2]["data"] == {"application/json": {"a": "x\n"}}
