"""Computes the answers: by the model where the current release earned the task, else in extract mode.

An answer that was computed before (after intake, or for another client) is taken from the store. What is kept
there is what the report says; who may see what of it is decided later, for each token (``mcp_tools.desk``).
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

from clinical.answers.anomalies import anomalies
from clinical.answers.answer import Answer, Tool
from clinical.answers.ask import ask
from clinical.answers.compare import compare
from clinical.answers.diagnose import diagnose
from clinical.answers.summarize import summarize
from clinical.errors import EngineError
from clinical.prompts import Audience, Generate, Prompt
from clinical.report import Report
from mcp_tools.injection import Flagged, Neutral, neutral, rules_id
from practice.releases import Releases
from practice.store import Store

TEXT_ID = "text"
PASTED = frozenset({TEXT_ID, "prior", "current"})  # ids of reports that are not in the store
NO_ENGINE = "The model is not running: answered from the report's own words."


@dataclass(frozen=True, slots=True)
class _Model:
    """Who answers: a model with its release, or nobody (extract mode)."""

    release: str | None = None
    generate: Generate | None = None
    missing: bool = False


class _Watched:
    """A ``Generate`` that remembers whether the engine failed: such an answer is not kept."""

    def __init__(self, generate: Generate) -> None:
        self._generate = generate
        self.failed = False

    def __call__(self, prompt: Prompt) -> str:
        try:
            return self._generate(prompt)
        except EngineError:
            self.failed = True
            raise


@dataclass(frozen=True, slots=True)
class Answering:
    """Answers on reports of the store and on texts.

    Attributes:
        releases: which release answers, and what it earned.
        generate: the engine of that release when one runs, else None.
    """

    store: Store
    releases: Releases
    generate: Callable[[], Generate | None]

    def read(self, report_id: str) -> Neutral:
        """A stored report without the words of orders to software; where those stand is looked for once."""
        report = self.store.report(report_id)
        key = f"orders:{rules_id()}"
        kept = self.store.answer(report_id, key, None)
        if kept is not None:
            return neutral(report, tuple(Flagged(*part) for part in json.loads(kept)))
        cleaned = neutral(report)
        found = [(part.start, part.end, part.kind) for part in cleaned.flagged]
        self.store.put_answer(report_id, key, None, json.dumps(found))
        return cleaned

    def summarize(
        self, report: Report, sentences: int | None = None, audience: Audience = "physician"
    ) -> Answer:
        """Key findings; see ``clinical.answers.summarize``."""
        return self._kept(
            "summarize",
            (report,),
            f"summarize:{sentences or ''}:{audience}",
            lambda m: summarize(
                report, generate=m.generate, release=m.release, sentences=sentences, audience=audience
            ),
        )

    def diagnose(self, report: Report) -> Answer:
        """Differential considerations; see ``clinical.answers.diagnose``."""
        return self._kept(
            "diagnose",
            (report,),
            "diagnose",
            lambda m: diagnose(report, generate=m.generate, release=m.release),
        )

    def anomalies(self, report: Report) -> Answer:
        """What deviates; see ``clinical.answers.anomalies``."""
        return self._kept(
            "anomalies",
            (report,),
            "anomalies",
            lambda m: anomalies(report, generate=m.generate, release=m.release),
        )

    def compare(self, prior: Report, current: Report) -> Answer:
        """What changed; see ``clinical.answers.compare``."""
        return self._kept(
            "compare",
            (current, prior),
            f"compare:{prior.id}",
            lambda m: compare(prior, current, generate=m.generate, release=m.release),
        )

    def ask(self, reports: tuple[Report, ...], question: str) -> Answer:
        """A question; see ``clinical.answers.ask``. Not kept: questions hardly repeat."""
        model = self._model("ask", reports)
        return _said(model, ask(reports, question, generate=model.generate, release=model.release))

    def prepare(self, report_id: str) -> int:
        """Compute and keep what is usually asked of a report; how many answers are ready.

        Raises:
            NotFound: no such report.
        """
        if self.store.status_of(report_id).state in ("superseded", "retracted"):
            return 0
        report = self.read(report_id).report
        prior = self.store.prior_of(report_id)
        self.summarize(report)
        self.diagnose(report)
        self.anomalies(report)
        if prior is None:
            return 3
        self.compare(self.read(prior.id).report, report)
        return 4

    def _kept(
        self, tool: Tool, reports: tuple[Report, ...], key: str, compute: Callable[[_Model], Answer]
    ) -> Answer:
        """The answer under ``key`` of the first report: from the store, or computed and then kept there."""
        model = self._model(tool, reports)
        stored = not any(report.id in PASTED for report in reports)
        if stored:
            kept = self.store.answer(reports[0].id, key, model.release)
            if kept is not None:
                return _said(model, Answer.model_validate_json(kept))
        watched = _Watched(model.generate) if model.generate else None
        answer = compute(_Model(model.release, watched))
        if stored and not (watched and watched.failed):
            told = answer.model_dump_json(by_alias=True)
            self.store.put_answer(reports[0].id, key, model.release, told, of=reports)
        return _said(model, answer)

    def _model(self, tool: Tool, reports: tuple[Report, ...]) -> _Model:
        """The model, if the current release earned ``tool`` for each of the reports and an engine runs."""
        release = self.releases.current()
        if release is None or not all(release.answers(tool, report.report_type) for report in reports):
            return _Model()
        generate = self.generate()
        return _Model(missing=True) if generate is None else _Model(release.id, generate)


def _said(model: _Model, answer: Answer) -> Answer:
    """The answer, saying so where a model should have answered and none runs."""
    return answer.model_copy(update={"warnings": (*answer.warnings, NO_ENGINE)}) if model.missing else answer
