"""Examples as the model reads and writes them: the base's own chat template, then token ids."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from trainer.batches import Tokens
from trainer.example import Example


@dataclass(frozen=True, slots=True)
class Tokenized:
    """Examples as tokens; ``too_long`` counts those left out."""

    examples: tuple[Tokens, ...] = field(repr=False)
    too_long: int


def tokenize(examples: Sequence[Example], tokenizer: Any, max_length: int) -> Tokenized:
    """Prompt and completion as the engine reads and writes them, by the base's own chat template.

    The completion is tokenized apart from the prompt, as an engine does that reads the one and writes the
    other.
    """
    made: list[Tokens] = []
    too_long = 0
    for example in examples:
        messages = [dict(message) for message in example.prompt.messages]
        prompt, rest = render(tokenizer, messages, example.completion)
        tokens = Tokens(
            tuple(tokenizer(prompt, add_special_tokens=False)["input_ids"]),
            tuple(tokenizer(rest, add_special_tokens=False)["input_ids"]),
            "+".join(report.id for report in example.reports),
        )
        if len(tokens) > max_length:
            too_long += 1
        else:
            made.append(tokens)
    return Tokenized(tuple(made), too_long)


def render(tokenizer: Any, messages: list[dict[str, str]], completion: str) -> tuple[str, str]:
    """Text that the model reads, and text that it shall write, end of turn included.

    A template that knows no system turn gets it in front of the user's.
    """
    try:
        prompt = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
    except Exception:  # templates raise what they like for a role they do not know
        if messages[0]["role"] != "system":
            raise
        joined = f"{messages[0]['content']}\n\n{messages[1]['content']}"
        messages = [{"role": "user", "content": joined}, *messages[2:]]
        prompt = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
    whole = tokenizer.apply_chat_template(
        [*messages, {"role": "assistant", "content": completion}], tokenize=False
    )
    rest = whole[len(prompt) :] if whole.startswith(prompt) else ""
    if not rest.startswith(completion):
        rest = completion + (tokenizer.eos_token or "")
    return prompt, rest.rstrip("\n")
