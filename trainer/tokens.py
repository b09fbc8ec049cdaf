"""Examples as the engine reads and writes them: the base's own chat template, then token ids.

Training must see what the engine will see. Where Hugging Face and llama.cpp part, this follows llama.cpp: the beginning
token is there exactly if the tokenizer adds one, text behind a special token is tokenized as if it stood alone (which
puts a blank before it in SentencePiece vocabularies), and a system turn that a template does not know stands in front
of the user's. ``pytest -m family`` holds both to the same ids.
"""

import re
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
    """All examples with their own completions; those of more than ``max_length`` tokens are left out."""
    made: list[Tokens] = []
    too_long = 0
    for example in examples:
        tokens = read(example, example.completion, tokenizer)
        if len(tokens) > max_length:
            too_long += 1
        else:
            made.append(tokens)
    return Tokenized(tuple(made), too_long)


def read(example: Example, reply: str, tokenizer: Any) -> Tokens:
    """The example's prompt and a reply to it as the engine reads and writes them, by the base's own chat template.

    The reply is tokenized apart from the prompt, as an engine does that reads the one and writes the other.
    """
    messages = [dict(message) for message in example.prompt.messages]
    prompt, rest = render(tokenizer, messages, reply)
    about = "+".join(report.id for report in example.reports)
    return Tokens(tuple(begun(tokenizer, prompt)), tuple(encode(tokenizer, rest)), about)


def begun(tokenizer: Any, prompt: str) -> list[int]:
    """Token ids of a rendered prompt, the beginning token included if the tokenizer adds one to a text."""
    if not begins(tokenizer):
        return encode(tokenizer, prompt)
    return [tokenizer.bos_token_id, *encode(tokenizer, prompt.removeprefix(tokenizer.bos_token))]


def encode(tokenizer: Any, text: str) -> list[int]:
    """Token ids of a text in which special tokens are recognised; nothing is added."""
    special: dict[str, int] = tokenizer.added_tokens_encoder
    if not special:
        return list(tokenizer(text, add_special_tokens=False)["input_ids"])
    names = "|".join(re.escape(name) for name in sorted(special, key=len, reverse=True))
    ids: list[int] = []
    for part in re.split(f"({names})", text):
        if part in special:
            ids.append(special[part])
        elif part:
            ids += tokenizer(part, add_special_tokens=False)["input_ids"]
    return ids


def begins(tokenizer: Any) -> bool:
    """Whether the tokenizer puts a beginning token before a text."""
    return tokenizer.bos_token is not None and tokenizer("a")["input_ids"][0] == tokenizer.bos_token_id


def render(tokenizer: Any, messages: list[dict[str, str]], completion: str) -> tuple[str, str]:
    """Text that the model reads, and text that it shall write, end of turn included.

    A template that knows no system turn gets it in front of the user's.
    """
    try:
        prompt = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
    except Exception:  # templates raise what they like for a role they do not know
        if messages[0]["role"] != "system":
            raise
        joined = f"{messages[0]['content']}\n{messages[1]['content']}"
        messages = [{"role": "user", "content": joined}, *messages[2:]]
        prompt = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
    whole = tokenizer.apply_chat_template(
        [*messages, {"role": "assistant", "content": completion}], tokenize=False
    )
    rest = whole[len(prompt) :] if whole.startswith(prompt) else ""
    if not rest.startswith(completion):
        rest = completion + (tokenizer.eos_token or "")
    return prompt, rest.rstrip("\n")
