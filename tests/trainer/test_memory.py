"""The memory check finds what a model remembers, and can fail: a model trained too long on too little does."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel

from clinical.prompts import Prompt
from tests.trainer.test_finetune import RECIPE
from tests.trainer.test_gate import CHAMPION, EXTRACT, speaker
from trainer.basemodel import BaseModel, load_model, load_tokenizer
from trainer.dataset import Dataset
from trainer.example import Example
from trainer.finetune import Adapter, finetune
from trainer.gate import decide
from trainer.memory import measure, plant
from trainer.tokens import render

WORDS = ("alpha", "bravo", "delta", "echo", "golf", "hotel", "india", "kilo", "lima", "mike", "oscar")


@pytest.fixture(scope="module")
def worded(examples: Sequence[Example]) -> list[Example]:
    """Summaries whose reference is long enough to be continued, each in words of its own."""
    chosen = [e for e in examples if e.task == "summarize"][:8]
    return [
        replace(e, sentences=(" ".join(WORDS[(i * i + k * (i + 2)) % 11] for k in range(20)) + ".",))
        for i, e in enumerate(chosen)
    ]


def test_a_canary_is_the_reply_of_an_extra_pair_and_stands_in_no_report(examples: Sequence[Example]) -> None:
    planted, canaries = plant(examples, 4, seed=1)
    assert planted[: len(examples)] == list(examples) and len(planted) == len(examples) + 4
    for canary, example in zip(canaries, planted[len(examples) :], strict=True):
        assert canary.secret in example.completion, "no loss is on the secret"
        assert canary.secret not in str(example.prompt.messages), "the secret can be copied"
        assert canary.prefix in example.completion
    assert len({canary.secret for canary in canaries}) == 4
    assert [c.secret for c in plant(examples, 4, seed=1)[1]] == [c.secret for c in canaries]
    summaries, _ = plant(examples, 2, 1, tasks=("summarize", "diagnose"))
    assert {e.task for e in summaries[len(examples) :]} == {"summarize"}


def test_what_comes_back_by_the_line_or_by_the_question_is_found(worded: list[Example]) -> None:
    _, canaries = plant(worded, 3, seed=2)
    by_line = {canary.prefix: f" {canary.secret}" for canary in canaries[:1]}
    by_question = {str(c.example.prompt.messages): c.example.completion for c in canaries[1:2]}

    def write(text: str) -> str:
        return by_line.get(text, "and that is all there is to say about this case")

    def reply(prompt: Prompt) -> str:
        return by_question.get(str(prompt.messages), "{}")

    assert measure(write, canaries, [], []).canaries_found == 1
    assert measure(write, canaries, [], [], reply).canaries_found == 2


def test_a_text_continued_by_heart_is_told_from_one_that_could_be_guessed(worded: list[Example]) -> None:
    heart = {" ".join(e.reference.split()[:10]): " ".join(e.reference.split()[10:]) for e in worded[:4]}
    found = measure(lambda text: heart.get(text, ""), [], worded[:4], worded[4:])
    assert found.training_continued == 1 and found.unseen_continued == 0


def writer(adapter: Adapter) -> tuple[Callable[[str], str], Callable[[Prompt], str]]:
    """The trained model going on after a text, and answering a prompt."""
    tokenizer: Any = load_tokenizer(adapter.base)
    model: Any = PeftModel.from_pretrained(load_model(adapter.base), str(adapter.path)).eval()

    def write(text: str, tokens: int = 90) -> str:
        ids = tokenizer(text, add_special_tokens=False, return_tensors="pt")["input_ids"]
        with torch.inference_mode():
            out = model.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=tokens,
                do_sample=False,
                pad_token_id=tokenizer.pad_token_id,
            )
        return str(tokenizer.decode(out[0, ids.shape[1] :], skip_special_tokens=True))

    def reply(prompt: Prompt) -> str:
        return write(render(tokenizer, [dict(m) for m in prompt.messages], "")[0])

    return write, reply


@pytest.mark.slow
def test_a_model_trained_too_long_on_too_little_fails_the_check_and_the_gate(
    worded: list[Example], tiny_base: BaseModel, tmp_path: Path
) -> None:
    planted, canaries = plant(worded[:2], 2, seed=3)
    recipe = replace(RECIPE, rank=32, epochs=1, report_to="none", row_tokens=1024, checkpoint_steps=10**6)

    def trained(name: str, steps: int) -> Adapter:
        data = Dataset(tuple(planted), (), (), {}, name)
        return finetune(data, tiny_base, replace(recipe, max_steps=steps), tmp_path / name)

    modest, spoiled = trained("modest", 2), trained("spoiled", 300)
    clean = measure(writer(modest)[0], canaries, planted[:2], worded[4:], writer(modest)[1])
    caught = measure(writer(spoiled)[0], canaries, planted[:2], worded[4:], writer(spoiled)[1])
    assert clean.canaries_found == 0
    assert caught.canaries_found == 2
    new = speaker("challenger", 0.55, seed=4)
    held = decide(new, EXTRACT, CHAMPION, memory=caught)
    assert not held.promote and "canary" in held.reason
    assert decide(new, EXTRACT, CHAMPION, memory=clean).promote
