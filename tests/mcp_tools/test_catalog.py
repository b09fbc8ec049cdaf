"""The tools as a client sees them, in memory: names, schemas, progress, jobs, errors without patient text."""

import asyncio
import json
import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from mcp import Client, MCPError

from clinical.answers.answer import Answer
from clinical.prompts import Prompt
from mcp_tools.catalog import build_catalog
from mcp_tools.work import Work
from practice.releases import Earned
from tests.mcp_tools.conftest import CHEST, LABS, Practice

TOOLS = {
    "summarize", "diagnose", "anomalies", "compare", "ask", "list_reports", "find", "explain", "give_feedback",
    "job",
}  # fmt: skip
SPOKEN = '{"sentences": ["There is a left lower lobe opacity."]}'


@pytest.fixture
def slow(practice: Practice) -> Iterator[threading.Event]:
    """A model that answers only when the test lets it."""
    go = threading.Event()

    def generate(prompt: Prompt) -> str:
        assert go.wait(30)
        return SPOKEN

    practice.generate = lambda: generate
    practice.release([Earned("summarize")])
    yield go
    go.set()


def client_of(practice: Practice, work: Work, **options: Any) -> Client:
    token = practice.token().token
    return Client(build_catalog(practice.desk, work, token=token, **options))


async def test_every_tool_has_a_title_a_description_schemas_and_annotations(
    practice: Practice, work: Work
) -> None:
    async with client_of(practice, work) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert set(tools) == TOOLS
        for name, tool in tools.items():
            assert tool.title and tool.description and tool.input_schema and tool.output_schema
            assert tool.annotations is not None
            assert tool.annotations.read_only_hint is (name != "give_feedback")
            assert tool.annotations.destructive_hint is False
            for argument in tool.input_schema.get("properties", {}).values():
                assert argument.get("description")
        assert client.instructions and "data" in client.instructions


async def test_an_answer_over_mcp_is_the_typed_answer(practice: Practice, work: Work) -> None:
    report_id = practice.take(LABS, report_type="laboratory")
    async with client_of(practice, work) as client:
        for tool, more in (
            ("summarize", {"sentences": 3, "audience": "patient"}),
            ("diagnose", {}),
            ("anomalies", {}),
            ("ask", {"question": "What is the potassium?"}),
        ):
            result = await client.call_tool(tool, {"report_id": report_id, **more})
            assert not result.is_error, result.content
            answer = Answer.model_validate(result.structured_content)
            assert answer.tool == tool
            assert answer.job is None
            assert any(anomaly.urgency == "critical" for anomaly in answer.anomalies)
            assert json.loads(result.content[0].text) == result.structured_content  # type: ignore[union-attr]


async def test_diagnose_says_for_and_not_for_underscore(practice: Practice, work: Work) -> None:
    async with client_of(practice, work) as client:
        result = await client.call_tool("diagnose", {"report_id": practice.take()})
        assert "for" in result.structured_content["differential"][0]  # type: ignore[index]


async def test_texts_are_compared_without_ids(practice: Practice, work: Work) -> None:
    async with client_of(practice, work) as client:
        result = await client.call_tool(
            "compare", {"text": LABS, "prior_text": LABS.replace("6.9", "4.1").replace(" H", "")}
        )
        answer = Answer.model_validate(result.structured_content)
        assert [report.id for report in answer.reports] in (["prior", "current"], ["current", "prior"])
        assert any(
            change.name.lower() == "potassium" and change.direction == "up" for change in answer.changes
        )


async def test_resources_give_text_and_keep_originals(practice: Practice, work: Work) -> None:
    report_id = practice.take()
    async with client_of(practice, work) as client:
        text = (await client.read_resource(f"report://{report_id}")).contents[0].text  # type: ignore[union-attr]
        assert text == practice.store.report(report_id).text
        with pytest.raises(MCPError, match="Originals do not leave"):
            await client.read_resource(f"report://{report_id}/original")
        with pytest.raises(MCPError, match="no such report"):
            await client.read_resource("report://r-0")


async def test_prompts_tell_which_tools_to_use(practice: Practice, work: Work) -> None:
    async with client_of(practice, work) as client:
        prompts = (await client.list_prompts()).prompts
        assert {prompt.name for prompt in prompts} == {
            "review_report", "patient_course", "differential", "check_draft",
        }  # fmt: skip
        got = await client.get_prompt("review_report", {"report_id": "r-1"})
        assert "r-1" in got.messages[0].content.text  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("tool", "arguments", "words"),
    [
        ("summarize", {"report_id": "r-0"}, "no such report"),
        ("summarize", {}, "either `report_id` or `text`"),
        ("compare", {"report_id": "r-0"}, "no such report"),
        ("ask", {"question": " ", "report_id": "r-0"}, "A question has"),
        ("job", {"job_id": "j-0"}, "no such job"),
        ("find", {"query": "x" * 300}, "A search has"),
        ("ask", {"question": "x", "patient_id": "p-0"}, ""),
    ],
)
async def test_an_error_says_what_to_do(
    practice: Practice, work: Work, tool: str, arguments: dict[str, Any], words: str
) -> None:
    async with client_of(practice, work) as client:
        result = await client.call_tool(tool, arguments)
        assert result.is_error
        assert words in result.content[0].text  # type: ignore[union-attr]


async def test_a_fault_inside_tells_nothing_of_a_report(
    practice: Practice, work: Work, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    report_id = practice.take()

    def broken(report: object, **_: object) -> Answer:
        raise ValueError("Zebulon Quaxworth has a left lower lobe opacity")

    monkeypatch.setattr("mcp_tools.answering.summarize", broken)
    with caplog.at_level(logging.DEBUG):
        async with client_of(practice, work) as client:
            result = await client.call_tool("summarize", {"report_id": report_id})
    assert result.is_error
    everything = result.model_dump_json() + caplog.text
    assert "Quaxworth" not in everything
    assert "opacity" not in everything
    assert "ValueError" in caplog.text


async def test_no_words_of_reports_or_questions_reach_the_log(
    practice: Practice, work: Work, caplog: pytest.LogCaptureFixture
) -> None:
    report_id = practice.take()
    with caplog.at_level(logging.DEBUG, logger="resident"):
        async with client_of(practice, work) as client:
            await client.call_tool("ask", {"report_id": report_id, "question": "Is Quaxworth better?"})
            await client.call_tool("summarize", {"text": CHEST, "sentences": 99})
            await client.call_tool("summarize", {"text": CHEST})
    ours = [record.getMessage() for record in caplog.records if record.name.startswith(("resident", "mcp"))]
    assert not any("Quaxworth" in line or "opacity" in line for line in ours)


async def test_long_work_tells_progress_and_then_gives_a_job_id(
    practice: Practice, work: Work, slow: threading.Event
) -> None:
    report_id = practice.take()
    told: list[float] = []

    async def progress(done: float, total: float | None, message: str | None) -> None:
        told.append(done)

    async with client_of(practice, work, patience=0.2, heartbeat=0.05) as client:
        result = await client.call_tool("summarize", {"report_id": report_id}, progress_callback=progress)
        waiting = Answer.model_validate(result.structured_content)
        assert waiting.job
        assert waiting.abstained
        assert "Not ready" in waiting.warnings[0]
        assert len(told) >= 2
        assert told == sorted(told)
        again = await client.call_tool("job", {"job_id": waiting.job})
        assert Answer.model_validate(again.structured_content).job == waiting.job
        slow.set()
        answer = waiting
        for _ in range(200):  # on a busy machine it may take more than one call's patience
            done = await client.call_tool("job", {"job_id": waiting.job})
            answer = Answer.model_validate(done.structured_content)
            if not answer.job:
                break
        assert answer.mode == "model"
        assert answer.claims


async def test_a_job_belongs_to_the_token_that_started_it(
    practice: Practice, work: Work, slow: threading.Event
) -> None:
    report_id = practice.take()
    mine = build_catalog(practice.desk, work, token=practice.token("a").token, patience=0.1, heartbeat=0.05)
    theirs = build_catalog(practice.desk, work, token=practice.token("b").token)
    async with Client(mine) as client, Client(theirs) as other:
        result = await client.call_tool("summarize", {"report_id": report_id})
        job_id = Answer.model_validate(result.structured_content).job
        slow.set()
        stolen = await other.call_tool("job", {"job_id": job_id})
        assert stolen.is_error


async def test_a_client_that_gives_up_leaves_the_desk_working(
    practice: Practice, work: Work, slow: threading.Event
) -> None:
    report_id = practice.take()
    async with client_of(practice, work, heartbeat=0.05) as client:
        call = asyncio.create_task(client.call_tool("summarize", {"report_id": report_id}))
        await asyncio.sleep(0.2)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        slow.set()
        result = await client.call_tool("anomalies", {"report_id": report_id})
        assert not result.is_error


async def test_without_a_token_nothing_is_answered(practice: Practice, work: Work) -> None:
    async with Client(build_catalog(practice.desk, work)) as client:
        result = await client.call_tool("list_reports", {})
        assert result.is_error
        assert "no token" in result.content[0].text  # type: ignore[union-attr]
