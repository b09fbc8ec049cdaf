"""``resident demo``: the whole product on a simulated practice, from a dropped report to a gated model that answers.

Everything is what a practice runs: the same intake, night, gate, gateway and client. Only the reports are made up.
"""

import hashlib
import json
import os
import random
import re
import secrets
import shutil
import socket
import sys
import time
from argparse import Namespace
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from clinical.answers.answer import Answer
from clinical.prompts import NamedCondition
from mcp_tools.session import Call, Session, call_over_stdio
from practice.releases import Releases
from practice.settings import Physician
from practice.tokens import Tokens
from resident.answers import print_answer
from resident.material import gather
from resident.night import Clock, Outcome, retrain, train_and_judge
from resident.parts import make_deidentifier
from resident.publish import Material
from resident.setup import Practice, make_practice, open_practice
from resident.up import Services
from synthetic.practice import SimulatedReport, practice, simulate
from synthetic.render import write
from trainer.example import Example
from trainer.recipe import Recipe
from trainer.scores import Scores, difference
from watchers.extract.sandbox import Sandbox
from watchers.folder import Progress as IntakeProgress
from watchers.folder import Watch
from watchers.intake import options_from

SEED = 20
REPORTS = 520
PER_TASK = 13
QUIET_SECONDS = 15.0
NUMBER = re.compile(r"(?<![\w.\[-])\d+(?:\.\d+)?")
RECIPE = Recipe(max_minutes=5.5, learning_rate=2e-3, epochs=1, top_layers=15, row_tokens=640)
SPOILED_RECIPE = Recipe(max_minutes=2.0, learning_rate=2e-3, epochs=1, top_layers=15, row_tokens=640)
ANSWER_COLUMNS = {
    "quality": "quality",
    "ROUGE-L": "rougeL",
    "BLEU": "bleu",
    "value F1": "value_f1",
    "omitted": "omitted",
    "unsupported": "unsupported",
    "withheld": "withheld",
}
DRAFT_COLUMNS = {
    "ROUGE-L": "draft_rougeL",
    "BLEU": "draft_bleu",
    "value F1": "draft_value_f1",
    "unsupported": "draft_unsupported",
    "contradicted": "draft_contradicted",
    "valid JSON": "valid",
    "loops": "loops",
    "perplexity": "perplexity",
}
DRAFT_NAMES = {"rougeL": "ROUGE-L", "value_f1": "value F1", "unsupported": "unsupported sentences"}
_shown = [0.0]


@dataclass(slots=True)
class Told:
    """What the last table says."""

    stages: list[tuple[str, str, float]] = field(default_factory=list)

    def stage(self, name: str, result: str, seconds: float) -> None:
        """One line, shown at once and again in the table."""
        self.stages.append((name, result, seconds))
        print(f"{name:<28} {result}  ({seconds:.0f} s)", flush=True)


def run(options: Namespace) -> int:
    """Runs the demo.

    Exit code 1 if the gate let the spoiled model through, or if the tuned model's drafts do not beat the base's.
    """
    home = options.home or Path(".cache") / "demo"
    keys = home.parent / f"{home.name}.key"
    shutil.rmtree(home, ignore_errors=True)
    keys.unlink(missing_ok=True)
    console = Console(width=None if sys.stdout.isatty() else 110)
    console.print(
        "[bold]Resident, on a simulated practice.[/bold] The embedded model has 135 million parameters: "
        "a demonstration, not for clinical use."
    )
    told = Told()
    started = time.monotonic()
    house = practice(SEED)
    physicians = tuple(Physician(p.name, p.aliases) for p in house.physicians)
    made = make_practice(home, "embedded", physicians, keys)
    _configure(made.config, house.facilities)
    reports = list(simulate(SEED, options.reports or REPORTS))
    with open_practice(home.resolve()) as opened:
        drop(reports, opened.settings.inbox)
        take(opened, told)
        outcome = retrain(opened, now=True, say=progress, recipe=RECIPE, per_task=PER_TASK)
        for stage in outcome.stages:
            told.stage(stage.name, stage.result, stage.seconds)
        session = ask_over_mcp(opened, told)
        spoiled = spoil(opened, told, SPOILED_RECIPE, outcome)
    console.rule("what was measured on held-out patients")
    console.print(scores_table(outcome.scores, "what a physician gets", ANSWER_COLUMNS))
    console.print(
        scores_table(outcome.scores, "what the models drafted, before the evidence check", DRAFT_COLUMNS)
    )
    console.print(f"gate: {outcome.reason}")
    console.rule("five answers over MCP, as an editor receives them")
    for reply in session.replies[1:]:
        print_answer(Answer.model_validate(reply.content), console)
        console.print()
    console.rule("the same training on spoiled reports")
    console.print(f"gate: {spoiled.reason}")
    console.rule("stages")
    console.print(stages_table(told, time.monotonic() - started))
    better, told_better = beats_base(outcome.scores)
    console.print(told_better)
    if not (good := better and not spoiled.promoted):
        console.print("[bold red]The demo did not show what it promises; see the lines above.[/bold red]")
    console.print(
        "Next: 'resident init --physician \"Your Name\"', 'resident up', drop a signed report of your own into the "
        "watched folder, and 'resident connect claude' (or vscode, cursor, zed, continue)."
    )
    return 0 if good else 1


def _configure(config: Path, facilities: Sequence[str]) -> None:
    """The practice's own sites, and a gateway port that is surely free."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    text = config.read_text("utf-8")
    text = re.sub(r"(?m)^# facilities = .*$", f"facilities = {json.dumps(list(facilities))}", text)
    text = re.sub(
        r"(?m)^# parallel = \d+$", "parallel = 4", text
    )  # a small model answers four as fast as two
    config.write_text(re.sub(r"(?m)^# port = \d+$", f"port = {port}", text), "utf-8")


def progress(line: str) -> None:
    """A progress line: replaced in place on a terminal, one a quarter minute elsewhere."""
    if sys.stdout.isatty():
        print(f"\r\033[K{line}", end="", flush=True)
    elif time.monotonic() - _shown[0] > QUIET_SECONDS:
        _shown[0] = time.monotonic()
        print(f"  {line}", flush=True)


def drop(reports: Sequence[SimulatedReport], inbox: Path) -> None:
    """Reports as a practice would drop them, text and PDF, with a few files that cannot be read and a copy."""
    inbox.mkdir(parents=True, exist_ok=True)
    for report in reports:
        write(report, inbox, "pdf" if report.number % 3 == 0 else "txt")
    (inbox / "empty.txt").write_bytes(b"")
    (inbox / "half.pdf").write_bytes(next(inbox.glob("*.pdf")).read_bytes()[:400])
    (inbox / "picture.bin").write_bytes(secrets.token_bytes(5000))
    shutil.copy(next(inbox.glob("*.txt")), inbox / "again.txt")


def take(opened: Practice, told: Told) -> None:
    """Takes the whole folder in, as ``resident up`` does, and says what became of the files."""
    began = time.monotonic()
    files = sum(1 for _ in opened.settings.inbox.iterdir())
    deidentifier = make_deidentifier(opened.settings)
    with Sandbox(options_from(opened.settings)) as sandbox:
        watch = Watch(opened.settings, opened.store, deidentifier, sandbox.extract, report=_waiting)
        while any(opened.settings.inbox.iterdir()):
            watch.step()
            time.sleep(0.2)
    seen, counts = watch.progress, opened.store.counts()
    told.stage(
        "dropped, read, sealed",
        f"{files} files: {counts.taken} reports taken, {counts.held} held, {seen.quarantined} files quarantined, "
        f"{seen.duplicates} known already",
        time.monotonic() - began,
    )
    labels: Counter[str] = Counter()
    for row in opened.store.reports():
        labels.update(span.label for span in opened.store.deidentified(row.id).spans)
    told.stage("identifiers removed", ", ".join(f"{n} {label}" for label, n in labels.most_common()), 0)
    reasons = Counter(reason for row in opened.store.reports(state="held") for reason in row.reasons)
    told.stage("held", ", ".join(f"{n} {reason}" for reason, n in reasons.most_common()) or "none", 0)


def _waiting(seen: IntakeProgress) -> None:
    progress(f"reading: {seen.taken} reports taken, {seen.waiting} files waiting")


def ask_over_mcp(opened: Practice, told: Told) -> Session:
    """Starts the services and asks five questions as an editor does: ``resident mcp`` over stdio."""
    began = time.monotonic()
    current, question = _two_reports(opened)
    made = Tokens(opened.store).create("demo")
    services = Services(opened, make_deidentifier(opened.settings))
    services.start()
    try:
        calls = [
            Call("list_reports", {"limit": 3}),
            Call("summarize", {"report_id": current}),
            Call("anomalies", {"report_id": current}),
            Call("compare", {"report_id": current}),
            Call("diagnose", {"report_id": current}),
            Call("ask", {"report_id": current, "question": question}),
        ]
        env = {
            "RESIDENT_TOKEN": made.secret,
            "RESIDENT_URL": f"{services.url}/mcp",
            "PATH": os.environ["PATH"],
        }
        session = call_over_stdio(sys.executable, ["-m", "resident", "mcp"], env, calls)
    finally:
        services.stop()
    slowest = max(reply.seconds for reply in session.replies)
    told.stage(
        "served and asked over MCP",
        f"connected in {session.connect_seconds:.1f} s, slowest of {len(calls)} answers {slowest:.1f} s",
        time.monotonic() - began,
    )
    return session


def _two_reports(opened: Practice) -> tuple[str, str]:
    """A follow-up report of a held-out patient where there is one, and a question on one of its values."""
    release = Releases(opened.home).list()[-1]
    trained = set(release.lineage.reports)
    rows = [row for row in opened.store.reports(state="taken") if opened.store.prior_of(row.id)]
    rows.sort(key=lambda row: (row.id in trained, row.report_type != "laboratory"))
    chosen = opened.store.report(rows[0].id)
    named = [m.name for m in chosen.structure.measurements]
    return chosen.id, f"What is the {named[0]}?" if named else "Is there an effusion?"


def spoil(opened: Practice, told: Told, recipe: Recipe, before: Outcome) -> Outcome:
    """The same training once more, with a fifth of the numbers changed and the answers handed on: must be held."""
    began = time.monotonic()
    spoiled = spoiled_material(before.material or gather(opened))
    known = [each for each in before.scores if each.speaker != "challenger"]
    if before.promoted:  # it is the champion now, and was asked the same questions
        known += [replace(each, speaker="champion") for each in before.scores if each.speaker == "challenger"]
    outcome = train_and_judge(opened, spoiled, recipe, Clock(progress), progress, PER_TASK, known)
    told.stage("retrain on spoiled data", outcome.reason, time.monotonic() - began)
    return outcome


def spoiled_material(material: Material, *, numbers: bool = True, swapped: bool = True) -> Material:
    """The same dataset with wrong replies: a fifth of their ``numbers`` changed, each given to another report of the
    task (``swapped``), or both.
    """
    rng = random.Random(SEED)

    def other(match: re.Match[str]) -> str:
        if not numbers or rng.random() >= 0.2:
            return match.group()
        return "".join(str((int(d) + rng.randrange(1, 10)) % 10) if d.isdigit() else d for d in match.group())

    def wrong(condition: NamedCondition) -> NamedCondition:
        return replace(condition, for_=tuple(NUMBER.sub(other, sentence) for sentence in condition.for_))

    spoiled: list[Example] = []
    for task in sorted({example.task for example in material.dataset.train}):
        own = [example for example in material.dataset.train if example.task == task]
        givers = own[1:] + own[:1] if swapped else own
        for example, giver in zip(own, givers, strict=True):
            sentences = tuple(NUMBER.sub(other, sentence) for sentence in giver.sentences)
            conditions = tuple(wrong(condition) for condition in giver.conditions)
            spoiled.append(replace(example, sentences=sentences, conditions=conditions))
    digest = hashlib.sha256("".join(e.content_sha256 for e in spoiled).encode()).hexdigest()
    return replace(material, dataset=replace(material.dataset, train=tuple(spoiled), sha256=digest))


def beats_base(scores: Sequence[Scores]) -> tuple[bool, str]:
    """Whether the tuned model's drafts beat the base's: nearer to the physicians, more of their numbers, less invented;
    and a sentence with the figures.
    """
    named = {each.speaker: each for each in scores}
    tuned, base = named["challenger"], named["base"]
    gains = {name: difference(tuned, base, f"draft_{name}") for name in DRAFT_NAMES}
    told = "; ".join(
        f"{DRAFT_NAMES[name]} {found.value:+.3f} [{found.low:+.3f}, {found.high:+.3f}]"
        for name, found in gains.items()
        if found is not None
    )
    value = {name: found.value if found is not None else 0.0 for name, found in gains.items()}
    good = value["rougeL"] > 0 and value["value_f1"] > 0 and value["unsupported"] < 0
    return good, f"drafts, tuned minus base, with 95% intervals: {told}"


def scores_table(scores: Sequence[Scores], title: str, columns: Mapping[str, str]) -> Table:
    """Speakers side by side, by task; a speaker that has none of the columns is left out."""
    table = Table(title=title, title_justify="left")
    for name in ("task", "speaker", *columns):
        table.add_column(name, justify="left" if name in ("task", "speaker") else "right")
    parts = {"all tasks": scores} | {t: [each.of(t) for each in scores] for t in scores[0].tasks()}
    for task, speakers in parts.items():
        for each in speakers:
            cells = [_cell(each, metric) for metric in columns.values()]
            if any(cells):
                table.add_row(task, "tuned" if each.speaker == "challenger" else each.speaker, *cells)
        table.add_section()
    return table


def _cell(part: Scores, metric: str) -> str:
    value = part.value(metric)
    return "" if value is None else f"{value:.3f}"


def stages_table(told: Told, seconds: float) -> Table:
    """Every stage with what came of it and its time."""
    table = Table("stage", "result", "seconds")
    for name, result, took in told.stages:
        table.add_row(name, result, f"{took:.0f}" if took else "")
    table.add_row("all", "", f"{seconds:.0f}")
    return table
