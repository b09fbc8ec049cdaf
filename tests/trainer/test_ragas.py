"""ragas: its measures without a model, without a connection; and a judge that is near or refused."""

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from clinical.errors import Refused
from trainer.ragas_measures import Judge, lexical, near


def test_lexical_measures_rise_with_likeness_and_nothing_is_sent_anywhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def connect(self: socket.socket, address: object) -> None:
        raise AssertionError(f"a connection to {address}")

    monkeypatch.setattr(socket.socket, "connect", connect)
    reference = "Cardiomegaly. No pleural effusion."
    same, near_it, other = (
        lexical(text, reference)
        for text in (reference, "Cardiomegaly, no effusion.", "The potassium is 6.1.")
    )
    for name in ("ragas_similarity", "ragas_chrf"):
        assert same[name][0] > near_it[name][0] > other[name][0]
        assert lexical("", "")[name] == (1, 1) and lexical("", reference)[name] == (0, 1)
    from ragas._analytics import do_not_track

    assert do_not_track()


def test_a_judge_far_away_is_refused() -> None:
    assert near("http://127.0.0.1:8080/v1") and near("http://localhost/v1") and near("http://192.168.1.7/v1")
    assert not near("http://8.8.8.8/v1") and not near("no address")
    with pytest.raises(Refused):
        Judge("https://8.8.8.8/v1")


class Half(BaseHTTPRequestHandler):
    """Finds two statements in every answer, and one of them in the report; breaks its form where told so."""

    broken = False

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
        said: Any = {"statements": ["The heart is enlarged.", "The spleen is large."]}
        if "verdict" in json.dumps(json.loads(asked).get("response_format", {})):
            said = {
                "statements": [
                    {"statement": s, "reason": "so", "verdict": v} for v, s in enumerate(said["statements"])
                ]
            }
        content = "I think" if self.broken else json.dumps(said)
        message = {"role": "assistant", "content": content}
        reply = json.dumps(
            {
                "id": "1",
                "object": "chat.completion",
                "created": 1,
                "model": "local",
                "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
            }
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, format: str, *args: object) -> None:
        del format, args


@pytest.fixture
def judge() -> Iterator[Judge]:
    server = HTTPServer(("127.0.0.1", 0), Half)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    made = Judge(f"http://127.0.0.1:{server.server_port}/v1")
    yield made
    made.close()
    server.shutdown()
    server.server_close()


def test_a_judge_says_what_share_of_an_answer_the_report_holds(judge: Judge) -> None:
    found = judge.measures(
        "Summarize the report.", "The heart is enlarged. The spleen is large.", ["Report."]
    )
    assert found == {"ragas_faithfulness": (0.5, 1.0), "judge_failed": (0.0, 1.0)}
    assert judge.measures("Summarize the report.", "", ["Report."]) == {}


def test_a_judge_that_breaks_its_form_is_counted_and_gives_no_mark(
    judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Half, "broken", True)
    assert judge.measures("Summarize.", "The heart is enlarged.", ["Report."]) == {"judge_failed": (1.0, 1.0)}
