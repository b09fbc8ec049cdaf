"""Training replies keep what the report bears out; held-out replies and corrections stay as they were written."""

from dataclasses import replace

from clinical.answers.report import report_from_text
from tests.trainer.conftest import SECRET, radiograph
from trainer.dataset import freeze
from trainer.example import Example
from trainer.grounding import Grounding
from trainer.pairs import build_pairs

REPORT = report_from_text(
    "FINDINGS: There is a 5 mm nodule in the left upper lobe. No pleural effusion.", "r1"
)
SAID = ("There is a 5 mm nodule in the left upper lobe.", "She was very frightened by the news.")


def test_a_sentence_that_the_report_does_not_bear_out_does_not_train() -> None:
    example = Example("summarize", (REPORT,), "p1", sentences=SAID)
    grounded = Grounding()(example)
    assert grounded is not None and grounded.sentences == SAID[:1]
    assert Grounding()(replace(example, sentences=SAID[1:])) is None


def test_corrections_questions_that_a_report_cannot_answer_and_conditions_stay() -> None:
    for example in (
        Example("summarize", (REPORT,), "p1", sentences=SAID, source="feedback"),
        Example("ask", (REPORT,), "p1", question="What is the potassium?"),
    ):
        assert Grounding()(example) is example


def test_only_what_trains_is_cut() -> None:
    examples = build_pairs([radiograph(number) for number in range(60)])
    whole = freeze(examples, SECRET)
    cut = freeze(examples, SECRET, for_training=Grounding())
    assert cut.test == whole.test and cut.validation == whole.validation
    assert cut.sha256 != whole.sha256
    said = {example.id: example.sentences for example in whole.train}
    assert all(set(example.sentences) <= set(said[example.id]) for example in cut.train)
    assert sum(len(e.sentences) for e in cut.train) < sum(len(e.sentences) for e in whole.train)
