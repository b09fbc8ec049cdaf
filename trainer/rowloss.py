"""The loss on laid-out rows, inside trl's trainer: logits are computed only for tokens that carry loss."""

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from trl import SFTTrainer

from trainer.batches import Row, arrays


class Collate:
    """Row numbers become tensors of that row; rows are made dense only when they are needed."""

    def __init__(self, training: Sequence[Row], held: Sequence[Row]) -> None:
        self._rows = [*training, *held]

    def __call__(self, batch: Sequence[Mapping[str, int]]) -> dict[str, torch.Tensor]:
        return tensors(self._rows[batch[0]["row"]])


def tensors(laid: Row) -> dict[str, torch.Tensor]:
    """One row as tensors. ``labels`` holds only the tokens that carry loss, so that the trainer counts
    those.
    """
    row = arrays(laid)
    return {
        "input_ids": torch.from_numpy(row.tokens)[None],
        "position_ids": torch.from_numpy(row.positions)[None],
        "allowed": torch.from_numpy(row.allowed)[None, None],
        "predict": torch.from_numpy(row.predict),
        "labels": torch.from_numpy(row.labels)[None],
    }


class RowTrainer(SFTTrainer):  # type: ignore[misc]
    """trl's trainer with the loss computed on rows: logits only for tokens that carry loss."""

    minutes = 0.0

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """Loss of one row."""
        loss, outputs = row_loss(model, inputs, num_items_in_batch)
        if num_items_in_batch is not None and self.args.average_tokens_across_devices:
            # The count is that of all processes, whose gradients are averaged and not summed.
            loss = loss * self.accelerator.num_processes
        return (loss, outputs) if return_outputs else loss

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        """With a time limit the rate falls with the clock where that runs ahead of the steps, so that a run
        which the limit ends has come down all the same.
        """
        if not self.minutes:
            return super().create_scheduler(num_training_steps, optimizer)
        began = time.monotonic()
        warmup = self.args.warmup_steps

        def rate(step: int) -> float:
            if step < warmup:
                return float(step + 1) / float(warmup + 1)
            done = max(step / num_training_steps, (time.monotonic() - began) / (60 * self.minutes))
            return 0.5 + 0.5 * math.cos(math.pi * min(1.0, done))

        self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer or self.optimizer, rate)
        return self.lr_scheduler


def row_loss(model: Any, inputs: Mapping[str, Any], total: Any = None) -> tuple[torch.Tensor, Any]:
    """Cross-entropy of a row, summed and divided by ``total`` loss tokens (default: the row's own)."""
    dtype = next(p.dtype for p in model.parameters() if p.is_floating_point())
    mask = torch.zeros(inputs["allowed"].shape, dtype=dtype, device=inputs["allowed"].device)
    mask.masked_fill_(~inputs["allowed"], torch.finfo(dtype).min)
    outputs = model(
        input_ids=inputs["input_ids"],
        position_ids=inputs["position_ids"],
        attention_mask=mask,
        logits_to_keep=inputs["predict"],
        use_cache=False,
    )
    labels = inputs["labels"][0]
    summed = torch.nn.functional.cross_entropy(outputs.logits[0].float(), labels, reduction="sum")
    return summed / (labels.numel() if total is None else total), outputs
