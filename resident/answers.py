"""``resident summarize|diagnose|anomalies|compare|ask``: the MCP tools for a shell.

Stored reports are answered as they are for a local client: whoever runs this holds the key. Rows are answered
each alone: in extract mode, or with the model named by ``--engine``.
"""

import contextlib
import importlib
import json
from argparse import Namespace
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console

from clinical.answers.answer import Anomaly, Answer, Evidence
from clinical.answers.report import report_from_text
from clinical.errors import SettingsError
from clinical.prompts import Generate
from mcp_tools.answering import Answering
from mcp_tools.injection import neutral
from practice.releases import Releases
from resident.parts import EngineStarter, engine_log
from resident.rows import Row, Work, map_rows, read_rows, write_rows
from resident.setup import Practice, open_practice
from server.client import EngineClient
from server.engine import is_url, start_engine

NEEDED = {"compare": ("prior", "current"), "ask": ("text", "question")}


def run(options: Namespace) -> int:
    """Rows in, rows out; or one stored report, printed with its evidence."""
    if options.jsonl or options.out:
        return _rows(options)
    if not options.report:
        raise SettingsError(
            "Which report?", "Give a report's id (see 'resident status'), or --jsonl IN --out OUT."
        )
    if options.command == "ask" and not options.question:
        raise SettingsError("ask needs a question.", 'Add --question "…".')
    with open_practice(options.practice_home) as practice, _current_engine(practice) as generate:
        answer = _stored(
            options, Answering(practice.store, Releases(practice.home), lambda: generate), practice
        )
    if options.json:
        print(json.dumps(dumped(answer), ensure_ascii=False))
    else:
        print_answer(answer, Console())
    return 0


def _stored(options: Namespace, answering: Answering, practice: Practice) -> Answer:
    reports = [neutral(practice.store.report(report_id)).report for report_id in options.report]
    current = reports[0]
    match options.command:
        case "summarize":
            return answering.summarize(current, options.sentences, options.audience)
        case "diagnose":
            return answering.diagnose(current)
        case "anomalies":
            return answering.anomalies(current)
        case "ask":
            return answering.ask(tuple(reports), options.question)
        case _:
            prior = reports[1] if len(reports) > 1 else practice.store.prior_of(current.id)
            if prior is None:
                raise SettingsError(
                    "No prior of this report is known.", "Give its id after the current one's."
                )
            return answering.compare(prior, current)


@contextlib.contextmanager
def _current_engine(practice: Practice) -> Iterator[Generate | None]:
    """An engine for the release that answers, if there is one that earned a task."""
    release = Releases(practice.home).current()
    if release is None or not release.earned:
        yield None
        return
    engine = EngineStarter(practice.settings, engine_log(practice))(release.gguf)
    client = EngineClient.of(engine)
    try:
        yield client.generate
    finally:
        client.close()
        engine.close()


def _rows(options: Namespace) -> int:
    if not (options.jsonl and options.out):
        raise SettingsError("Rows need both ends.", "Give --jsonl IN and --out OUT.")
    rows = read_rows(options.jsonl, NEEDED.get(options.command, ("text",)))
    make: Callable[..., Work] = _answerer
    choices = (getattr(options, "sentences", None), getattr(options, "audience", "physician"))
    with _row_engine(options.engine) as (url, key):
        arguments = (options.command, url, key, *choices)
        return write_rows(
            options.out, map_rows(rows, make, arguments, options.workers), len(rows), "answered"
        )


@contextlib.contextmanager
def _row_engine(engine: str | None) -> Iterator[tuple[str | None, str]]:
    if engine is None:
        yield None, ""
    elif is_url(engine):
        yield engine, ""
    else:
        running = start_engine(Path(engine))
        try:
            yield running.url, running.key
        finally:
            running.close()


def _answerer(tool: str, url: str | None, key: str, sentences: int | None, audience: str) -> Work:
    function = getattr(importlib.import_module(f"clinical.answers.{tool}"), tool)
    generate = EngineClient(url, key).generate if url else None
    extra = {"sentences": sentences, "audience": audience} if tool == "summarize" else {}

    def work(row: Row) -> Row:
        name = str(row.get("id", "text"))
        if tool == "compare":
            prior = neutral(report_from_text(row["prior"], id=f"{name}:prior")).report
            current = neutral(report_from_text(row["current"], id=f"{name}:current")).report
            return {"answer": dumped(function(prior, current, generate=generate))}
        report = neutral(report_from_text(row["text"], id=name)).report
        if tool == "ask":
            return {"answer": dumped(function([report], row["question"], generate=generate))}
        return {"answer": dumped(function(report, generate=generate, **extra))}

    return work


def dumped(answer: Answer) -> Row:
    """The answer exactly as the MCP tool returns it."""
    return answer.model_dump(mode="json", by_alias=True)


def _worded(anomaly: Anomaly) -> str:
    value = f" {anomaly.value} {anomaly.unit or ''}".rstrip() if anomaly.value else ""
    return f"{anomaly.name}{value} {anomaly.flag or ''}".rstrip()


def print_answer(answer: Answer, console: Console) -> None:
    """An answer for a person at a terminal: sentences, each with the words behind it."""

    def line(text: str, style: str = "") -> None:
        console.print(text, style=style, highlight=False, markup=False, soft_wrap=True)

    def source(said: str, each: Evidence) -> None:
        """The words behind a sentence; where they are the sentence itself, only their place."""
        quote = " ".join(each.quote.split())
        words = "" if quote.strip(" .") == " ".join(said.split()).strip(" .") else f"“{quote}”  "
        line(f"    {words}{each.report_id}:{each.start}-{each.end}", "dim")

    spoke = f"model {answer.release}" if answer.mode == "model" else "extract mode"
    about = ", ".join(
        f"{r.type or 'report'} {r.id} ({r.status}{f', {r.observed_at[:10]}' if r.observed_at else ''})"
        for r in answer.reports
    )
    line(f"{answer.tool} · {about} · {spoke}", "bold")
    for warning in answer.warnings:
        line(f"! {warning}", "yellow")
    if answer.abstained:
        line(
            "The report does not say."
            if answer.tool == "ask"
            else "No statement: nothing in the report supports one."
        )
    listed = answer.tool == "anomalies" and answer.mode == "extract"  # its sentences are the list below
    for claim in () if listed else answer.claims:
        line(f"• {claim.text}")
        for each in claim.evidence:
            source(claim.text, each)
    current = answer.reports[-1].id if answer.reports else None
    found = [a for a in answer.anomalies if any(e.report_id == current for e in a.evidence)]
    if answer.tool == "anomalies":
        for anomaly in found:
            line(f"• {anomaly.urgency}: {_worded(anomaly)}")
            for each in anomaly.evidence:
                source(anomaly.name, each)
    elif found:
        urgent = [a for a in found if a.urgency == "critical"]
        for name, few in (("critical", urgent), ("out of range", [a for a in found if a not in urgent])):
            if few:
                line(f"{name}: {'; '.join(_worded(a) for a in few)}")
    claimed = {(e.report_id, e.start) for claim in answer.claims for e in claim.evidence}
    for change in answer.changes:
        if change.evidence and all((e.report_id, e.start) in claimed for e in change.evidence):
            continue  # a sentence above says it
        values = f" {change.prior or '–'} → {change.current or '–'} {change.unit}".rstrip()
        after = f" in {change.interval_days} days" if change.interval_days is not None else ""
        line(f"• {change.name}:{values} ({change.direction}{after})")
    reasons: dict[str, list[str]] = {}
    for missing in answer.not_compared:
        reasons.setdefault(missing.reason, []).append(missing.name)
    for reason, names in reasons.items():
        line(f"not compared ({reason}): {', '.join(names)}", "dim")
    for consideration in answer.differential:
        origin = "" if consideration.origin == "report" else " (not named by the report)"
        line(f"• {consideration.condition}{origin}")
        for mark, claims in (("+", consideration.for_), ("−", consideration.against)):
            for claim in claims:
                line(f"    {mark} {claim.text}", "dim")
    for follow_up in answer.follow_ups:
        line(f"→ {follow_up.what}{f' ({follow_up.due})' if follow_up.due else ''}")
    for withheld in answer.withheld:
        line(f"withheld: {withheld.count} × {withheld.reason}", "yellow")
    cover = answer.coverage
    unread = f", {cover.unread_pages} pages unread" if cover.unread_pages else ""
    line(
        f"read {len(cover.sections_read)} sections; "
        f"judged {cover.values_judged} of {cover.values_found} values{unread}",
        "dim",
    )
