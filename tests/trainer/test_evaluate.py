"""Evaluation asks through the tools' own functions; drafts and answers are measured apart."""

import json
from collections.abc import Sequence

from clinical.errors import EngineError
from clinical.prompts import Prompt
from trainer.evaluate import answer, evaluate
from trainer.example import Example


def oracle(examples: Sequence[Example]) -> dict[str, str]:
    """The reference reply of each prompt."""
    return {str(example.prompt.messages): example.completion for example in examples}


def test_a_model_that_says_the_reference_beats_extract_mode_and_the_first_line(
    examples: Sequence[Example],
) -> None:
    known = oracle(examples)
    model = evaluate(examples, "oracle", lambda prompt: known[str(prompt.messages)])
    extract = evaluate(examples, "extract")
    first = evaluate(examples, "first line")
    assert model.value("draft_rougeL") == 1
    assert model.value("valid") == 1 and model.value("loops") == 0
    quality = [scores.value("quality") for scores in (model, extract, first)]
    assert quality[0] is not None and quality[1] is not None and quality[2] is not None
    assert quality[0] > quality[1] > 0 and quality[0] > quality[2]


def test_an_inventing_model_is_seen_in_its_drafts_and_withheld_in_its_answers(
    examples: Sequence[Example],
) -> None:
    asked = [e for e in examples if e.task == "summarize"]
    lie = json.dumps({"sentences": ["The spleen measures 99 cm.", "There is a large pleural effusion."]})
    scores = evaluate(asked, "liar", lambda prompt: lie)
    assert scores.value("draft_unsupported") == 1
    assert (scores.value("draft_contradicted") or 0) > 0
    assert scores.value("draft_wrong_numbers") == 1
    assert scores.value("wrong_numbers") == 0
    assert (scores.value("withheld") or 0) > 0.3


def test_a_model_that_breaks_its_schema_is_counted_and_extract_mode_answers(
    examples: Sequence[Example],
) -> None:
    scores = evaluate(examples[:5], "broken", lambda prompt: "I am sorry, I")
    assert scores.value("valid") == 0
    assert answer(examples[0], lambda prompt: "I am sorry, I").mode == "extract"


def test_an_engine_that_dies_does_not_end_the_evaluation(examples: Sequence[Example]) -> None:
    def dead(prompt: Prompt) -> str:
        raise EngineError("gone")

    assert len(evaluate(examples[:5], "dead", dead).rows) == 5


def test_perplexity_is_that_of_the_reference(examples: Sequence[Example]) -> None:
    scores = evaluate(examples[:3], "extract", score=lambda example: [-1.0, -3.0])
    assert abs((scores.value("perplexity") or 0) - 7.389) < 0.001


def test_several_questions_at_once_give_the_same_scores(examples: Sequence[Example]) -> None:
    known = oracle(examples)
    one = evaluate(examples[:12], "oracle", lambda prompt: known[str(prompt.messages)])
    four = evaluate(examples[:12], "oracle", lambda prompt: known[str(prompt.messages)], workers=4)
    assert one.rows == four.rows
