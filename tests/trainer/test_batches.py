"""Rows compute less and change nothing: loss and gradient are those of the separate examples."""

import numpy as np
import pytest
import torch

from trainer.basemodel import BaseModel, load_model
from trainer.batches import Arrays, Tokens, arrays, lay_out
from trainer.rowloss import row_loss, tensors


def some_examples(seed: int = 0) -> list[Tokens]:
    """Three reports, three questions on each, of several lengths."""
    random = np.random.default_rng(seed)

    def words(count: int) -> tuple[int, ...]:
        return tuple(random.integers(3, 300, count).tolist())

    made = []
    for group in range(3):
        report = words(40 + 7 * group)
        made += [Tokens(report + words(5 + k), words(4 + 3 * k), str(group)) for k in range(3)]
    return made


def separate_losses(model: torch.nn.Module, examples: list[Tokens]) -> torch.Tensor:
    """Loss of every completion token, each example alone."""
    losses = []
    for example in examples:
        ids = torch.tensor([example.prompt + example.completion])
        logits = model(input_ids=ids).logits[0]
        first = len(example.prompt)
        losses.append(
            torch.nn.functional.cross_entropy(logits[first - 1 : -1], ids[0, first:], reduction="none")
        )
    return torch.cat(losses)


@pytest.mark.parametrize("packing", ["shared", "packed", "padded"])
def test_the_loss_of_rows_is_that_of_separate_examples(tiny_base: BaseModel, packing: str) -> None:
    model = load_model(tiny_base).eval()
    examples = some_examples()
    rows = lay_out(examples, 256, packing)  # type: ignore[arg-type]
    assert sum(row.loss_tokens for row in rows) == sum(len(e.completion) for e in examples)
    total = sum(row_loss(model, tensors(row), 1)[0] for row in rows)
    assert torch.allclose(total, separate_losses(model, examples).sum(), rtol=1e-5)


def test_the_gradient_of_rows_is_that_of_separate_examples(tiny_base: BaseModel) -> None:
    examples = some_examples(1)
    model = load_model(tiny_base)
    separate_losses(model, examples).sum().backward()
    wanted = {name: p.grad.clone() for name, p in model.named_parameters()}
    model.zero_grad()
    for row in lay_out(examples, 256, "shared"):
        row_loss(model, tensors(row), 1)[0].backward()
    for name, parameter in model.named_parameters():
        assert torch.allclose(parameter.grad, wanted[name], atol=2e-4, rtol=1e-3), name


def test_a_leak_between_packed_examples_would_be_seen(tiny_base: BaseModel) -> None:
    # The same rows with an ordinary causal mask, as packing without care has: the losses must differ.
    model = load_model(tiny_base).eval()
    examples = some_examples(2)
    (row, *_) = lay_out(examples, 4096, "packed")
    batch = tensors(row)
    clean = row_loss(model, batch, 1)[0].item()
    n = batch["input_ids"].shape[1]
    leaking = row_loss(model, {**batch, "allowed": torch.tril(torch.ones(1, 1, n, n, dtype=torch.bool))}, 1)[
        0
    ]
    assert abs(clean - leaking) > 1e-3


def test_a_shared_report_is_computed_once() -> None:
    examples = some_examples()
    shared = sum(map(len, lay_out(examples, 256, "shared")))
    alone = sum(map(len, lay_out(examples, 256, "packed")))
    assert alone == sum(map(len, examples))
    assert shared == alone - 2 * (40 + 47 + 54)


def test_rows_keep_to_their_length_and_every_example_is_there_once() -> None:
    examples = some_examples()
    for packing in ("shared", "packed"):
        rows = lay_out(examples, 100, packing)  # type: ignore[arg-type]
        assert all(len(row) <= 100 for row in rows)
        labels = sorted(label for row in rows for label in arrays(row).labels.tolist())
        assert labels == sorted(token for e in examples for token in e.completion)


def test_identical_prompts_with_different_answers_stay_apart(tiny_base: BaseModel) -> None:
    model = load_model(tiny_base).eval()
    examples = [Tokens(tuple(range(5, 40)), (50, 51), "g"), Tokens(tuple(range(5, 40)), (60, 61, 62), "g")]
    (row,) = lay_out(examples, 256, "shared")
    made: Arrays = arrays(row)
    assert sorted(made.labels.tolist()) == [50, 51, 60, 61, 62]
    assert torch.allclose(
        row_loss(model, tensors(row), 1)[0], separate_losses(model, examples).sum(), rtol=1e-5
    )
