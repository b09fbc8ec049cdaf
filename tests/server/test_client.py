"""The client: prefix reuse, log-probabilities that sum up, errors that say what to do and quote nothing."""

import math
import socket
import threading
from collections.abc import Iterator

import pytest

from clinical.errors import EngineError
from clinical.prompts import build_prompt
from server.client import EngineClient
from server.engine import Engine

REPORT = "CT ABDOMEN. FINDINGS: " + "The liver is of normal size. " * 60 + "IMPRESSION: No acute disease."


@pytest.fixture
def silent_server() -> Iterator[str]:
    """Accepts connections and says nothing."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_the_second_tool_on_a_report_reuses_the_prompt_of_the_first(client: EngineClient) -> None:
    first = client.complete(build_prompt("summarize", [REPORT], sentences=1))
    second = client.complete(build_prompt("anomalies", [REPORT], sentences=1))
    assert second["timings"]["cache_n"] > 0.7 * first["usage"]["prompt_tokens"]


def test_without_the_cache_the_same_prompt_gives_the_same_reply(engine: Engine) -> None:
    client = EngineClient.of(engine, cache=False)
    prompt = build_prompt("summarize", [REPORT], sentences=1)
    assert client.complete(prompt)["timings"]["cache_n"] == 0
    assert client.generate(prompt) == client.generate(prompt)
    client.close()


def test_logprobs_score_every_token_of_the_given_words(client: EngineClient) -> None:
    prompt = client.apply_template([{"role": "user", "content": "Name the capital of France."}])
    likely = client.logprobs(prompt, "The capital of France is Paris.")
    unlikely = client.logprobs(prompt, "Zinc spleen of the over xylophone.")
    assert len(likely) == len(client.tokenize("The capital of France is Paris."))
    assert all(value <= 0 and math.isfinite(value) for value in (*likely, *unlikely))
    assert sum(likely) / len(likely) > sum(unlikely) / len(unlikely)


def test_the_likeliest_tokens_come_also_where_a_text_ends_or_a_letter_is_unfinished(
    client: EngineClient,
) -> None:
    asked = [{"role": "user", "content": "Say yes."}]
    ended = client.tokenize(client.apply_template(asked) + "Yes.", special=True)
    half = client.tokenize("Temperature 38 \u00b0")[:-1]
    for tokens in (ended, half):
        places = client.likeliest(tokens)
        assert len(places) == 64 and all(value <= 0 for value in places.values())
    end = client.tokenize("<|im_end|>", special=True)[0]
    assert max(client.likeliest(ended), key=lambda t: client.likeliest(ended)[t]) == end


def test_turn_markers_are_control_tokens_only_where_asked(client: EngineClient) -> None:
    marker = "<|im_end|>"
    assert len(client.tokenize(marker, special=True)) == 1
    assert len(client.tokenize(marker)) > 1


def test_a_report_longer_than_the_context_says_so(client: EngineClient) -> None:
    with pytest.raises(EngineError, match="longer than the engine's context"):
        client.generate(build_prompt("summarize", ["Quaxworth " * 5000]))


def test_an_engine_that_says_nothing_times_out(silent_server: str) -> None:
    client = EngineClient(silent_server, "key", timeout=0.3)
    with pytest.raises(EngineError, match="in time"):
        client.generate(build_prompt("summarize", [REPORT]))


def test_two_clients_are_answered_at_the_same_time(client: EngineClient) -> None:
    replies: list[str] = []
    threads = [
        threading.Thread(
            target=lambda tool=tool: replies.append(
                client.generate(build_prompt(tool, [REPORT], sentences=1))
            )
        )
        for tool in ("summarize", "anomalies")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(replies) == 2
