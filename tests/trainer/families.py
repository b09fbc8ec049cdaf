"""Each model family in miniature: its configuration, its kind of tokenizer, its chat template, random weights."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sentencepiece
import torch
import transformers
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaTokenizer, PreTrainedTokenizerFast

from tests.trainer.tiny import CHATML, TEXT
from trainer.basemodel import BaseModel, check_base

MISTRAL = (
    "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'system' %}"
    "{{ raise_exception('Only user and assistant roles are supported!') }}{% elif message['role'] == 'user' %}"
    "{{ '[INST] ' + message['content'] + ' [/INST]' }}{% else %}"
    "{{ ' ' + message['content'] + eos_token }}{% endif %}{% endfor %}"
)
LLAMA2 = (
    "{% for message in messages %}{% if message['role'] == 'system' %}{{ bos_token + '[INST] <<SYS>>\n' + "
    "message['content'] + '\n<</SYS>>\n\n' }}{% elif message['role'] == 'user' %}{{ message['content'] + ' [/INST]' }}"
    "{% else %}{{ ' ' + message['content'] + ' ' + eos_token }}{% endif %}{% endfor %}"
)
LLAMA3 = (
    "{{ bos_token }}{% for message in messages %}"
    "{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' }}"
    "{{ message['content'] + '<|eot_id|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
)
ZEPHYR = (
    "{% for message in messages %}{{ '<|' + message['role'] + '|>\n' + message['content'] + eos_token + '\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}"
)
GEMMA = (
    "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'system' %}"
    "{{ raise_exception('System role not supported') }}{% endif %}"
    "{{ '<start_of_turn>' + ('model' if message['role'] == 'assistant' else message['role']) + '\n' + "
    "message['content'] + '<end_of_turn>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"
)
_QWEN2 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_LLAMA3 = _QWEN2.replace(r"\p{N}|", r"\p{N}{1,3}|")
SHAPE: dict[str, Any] = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 2048,
    "initializer_range": 0.08,
}


@dataclass(frozen=True, slots=True)
class Family:
    """How one family is made, and which pre-tokenizer the converter has to be told."""

    name: str
    architecture: str
    tokenizer: Callable[[Path], PreTrainedTokenizerFast]
    template: str
    pre_tokenizer: str | None
    special: dict[str, Any]


def bpe(pattern: str, ends: tuple[str, ...]) -> Callable[[Path], PreTrainedTokenizerFast]:
    """Byte-level BPE over a family's own pattern; the last of ``ends`` ends a turn."""

    def make(folder: Path) -> PreTrainedTokenizerFast:
        tokenizer = Tokenizer(models.BPE(ignore_merges=False))
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Split(Regex(pattern), behavior="isolated"),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            ]
        )
        tokenizer.decoder = decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        trainer = trainers.BpeTrainer(
            vocab_size=400, special_tokens=list(ends), initial_alphabet=alphabet, show_progress=False
        )
        tokenizer.train_from_iterator([TEXT], trainer)
        return PreTrainedTokenizerFast(
            tokenizer_object=tokenizer,
            bos_token=ends[0],
            eos_token=ends[-1],
            pad_token=ends[0],
            clean_up_tokenization_spaces=False,
        )

    return make


def sentence_piece(*turns: str, blank: bool = True) -> Callable[[Path], PreTrainedTokenizerFast]:
    """SentencePiece BPE with byte fallback, which puts a beginning token in front.

    Args:
        turns: control tokens of the chat template.
        blank: whether a text is read as if a blank stood before it.
    """

    def make(folder: Path) -> PreTrainedTokenizerFast:
        folder.mkdir(parents=True, exist_ok=True)
        model = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter((TEXT + " ") * 20 for _ in range(3)),
            model_writer=model,
            vocab_size=420,
            model_type="bpe",
            byte_fallback=True,
            split_digits=True,
            remove_extra_whitespaces=False,
            add_dummy_prefix=blank,
            normalization_rule_name="identity",
            hard_vocab_limit=False,
            max_sentence_length=100_000,
            control_symbols=list(turns),
            minloglevel=2,
        )
        (folder / "tokenizer.model").write_bytes(model.getvalue())
        made = LlamaTokenizer.from_pretrained(str(folder), add_bos_token=True, add_prefix_space=blank)
        made.pad_token = made.unk_token
        return made

    return make


_SP = sentence_piece()
_CHATML = bpe(_QWEN2, ("<|endoftext|>", "<|im_start|>", "<|im_end|>"))
FAMILIES = (
    Family("llama-2", "Llama", _SP, LLAMA2, None, {}),
    Family(
        "llama-3",
        "Llama",
        bpe(_LLAMA3, ("<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")),
        LLAMA3,
        "llama-bpe",
        {"rope_theta": 500000.0},
    ),
    Family("mistral", "Mistral", _SP, MISTRAL, None, {"sliding_window": None}),
    Family("zephyr", "Mistral", _SP, ZEPHYR, None, {"sliding_window": 2048}),
    Family("mixtral", "Mixtral", _SP, MISTRAL, None, {"num_local_experts": 4, "num_experts_per_tok": 2}),
    Family(
        "gemma-2",
        "Gemma2",
        sentence_piece("<start_of_turn>", "<end_of_turn>", blank=False),
        GEMMA,
        None,
        {"head_dim": 16, "query_pre_attn_scalar": 16, "sliding_window": 2048},
    ),
    Family(
        "gemma-3",
        "Gemma3",
        sentence_piece("<start_of_turn>", "<end_of_turn>", blank=False),
        GEMMA,
        None,
        {"head_dim": 16, "query_pre_attn_scalar": 16, "sliding_window": 2048},
    ),
    Family("qwen-1.5", "Qwen2", _CHATML, CHATML, "qwen2", {"num_key_value_heads": 4}),
    Family("qwen-2.5", "Qwen2", _CHATML, CHATML, "qwen2", {}),
    Family("qwen-3", "Qwen3", _CHATML, CHATML, "qwen2", {"head_dim": 16}),
)


def make_base(family: Family, folder: Path) -> BaseModel:
    """The family's base in ``folder``."""
    tokenizer = family.tokenizer(folder)
    tokenizer.chat_template = family.template
    tokenizer.save_pretrained(folder)
    suffix = "TextConfig" if family.architecture == "Gemma3" else "Config"
    config = getattr(transformers, f"{family.architecture}{suffix}")(
        vocab_size=len(tokenizer),
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        **(SHAPE | family.special),
    )
    torch.manual_seed(1)
    model = getattr(transformers, f"{family.architecture}ForCausalLM")(config)
    model.save_pretrained(folder)
    return check_base(folder, family.name)
