"""Lays examples into rows of tokens so that little is computed for nothing.

The report comes first in every prompt, so examples on the same report share a long beginning. In a *shared*
row that
beginning stands once and each example is a branch behind it: a branch sees the beginning and itself, never
another branch. Positions go on as if each example stood alone. Loss and gradient are those of the separate
examples (a test holds this on logits); only the time is less.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from trainer.recipe import Packing

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Tokens:
    """One example as the model reads it: prompt and completion; ``group`` names the report it is about."""

    prompt: tuple[int, ...] = field(repr=False)
    completion: tuple[int, ...] = field(repr=False)
    group: str

    def __len__(self) -> int:
        return len(self.prompt) + len(self.completion)


@dataclass(frozen=True, slots=True)
class Branch:
    """Part of a row: tokens at positions from ``first``, seeing the row's stretch ``sees`` and, causally,
    itself.

    ``loss_from`` is the index of the first token that carries loss, counted within the branch.
    """

    tokens: tuple[int, ...] = field(repr=False)
    first: int
    sees: tuple[int, int] | None
    loss_from: int


@dataclass(frozen=True, slots=True)
class Row:
    """What one forward pass takes."""

    branches: tuple[Branch, ...] = field(repr=False)

    def __len__(self) -> int:
        return sum(len(branch.tokens) for branch in self.branches)

    @property
    def loss_tokens(self) -> int:
        """Tokens that carry loss."""
        return sum(len(branch.tokens) - branch.loss_from for branch in self.branches)


@dataclass(frozen=True, slots=True)
class Arrays:
    """A row as arrays of length n: ``tokens``, ``positions``; ``allowed`` n×n; and where the loss is.

    ``predict`` holds the indices whose next token carries loss, ``labels`` those next tokens.
    """

    tokens: Ints = field(repr=False)
    positions: Ints = field(repr=False)
    allowed: NDArray[np.bool_] = field(repr=False)
    predict: Ints = field(repr=False)
    labels: Ints = field(repr=False)


def lay_out(examples: Sequence[Tokens], row_tokens: int, packing: Packing, seed: int = 0) -> list[Row]:
    """All examples in rows of at most ``row_tokens`` (a longer group or example gets a row of its own).

    Rows are in a seeded random order, best-fit decreasing within: long units first, each into the fullest
    row that still takes it.
    """
    units = _shared_units(examples, row_tokens) if packing == "shared" else [_alone(e) for e in examples]
    if packing == "padded":
        return [Row(unit) for unit in units]
    order = np.random.default_rng(seed).permutation(len(units))
    sized = sorted((units[i] for i in order), key=lambda unit: -_size(unit))
    rows: list[list[tuple[Branch, ...]]] = []
    room: list[int] = []
    for unit in sized:
        size = _size(unit)
        best = min((i for i, free in enumerate(room) if free >= size), key=lambda i: room[i], default=None)
        if best is None:
            rows.append([unit])
            room.append(max(0, row_tokens - size))
        else:
            rows[best].append(unit)
            room[best] -= size
    order = np.random.default_rng(seed + 1).permutation(len(rows))
    return [_join(rows[i]) for i in order]


def arrays(row: Row) -> Arrays:
    """The row as arrays."""
    n = len(row)
    tokens = np.fromiter((t for b in row.branches for t in b.tokens), dtype=np.int64, count=n)
    positions = np.empty(n, dtype=np.int64)
    allowed = np.zeros((n, n), dtype=np.bool_)
    predict: list[Ints] = []
    start = 0
    for branch in row.branches:
        end = start + len(branch.tokens)
        positions[start:end] = np.arange(branch.first, branch.first + len(branch.tokens))
        allowed[start:end, start:end] = np.tri(end - start, dtype=np.bool_)
        if branch.sees is not None:
            allowed[start:end, branch.sees[0] : branch.sees[1]] = True
        predict.append(np.arange(start + branch.loss_from - 1, end - 1, dtype=np.int64))
        start = end
    where = np.concatenate(predict)
    return Arrays(tokens, positions, allowed, where, tokens[where + 1])


def _alone(example: Tokens) -> tuple[Branch, ...]:
    return (Branch(example.prompt + example.completion, 0, None, len(example.prompt)),)


def _shared_units(examples: Sequence[Tokens], row_tokens: int) -> list[tuple[Branch, ...]]:
    groups: dict[str, list[Tokens]] = {}
    for example in examples:
        groups.setdefault(example.group, []).append(example)
    units: list[tuple[Branch, ...]] = []
    for members in groups.values():
        shared = _common(member.prompt for member in members)
        # The last token of each prompt stays in its branch: it is what predicts the completion's first token.
        shared = min(shared, *(len(member.prompt) - 1 for member in members))
        if len(members) == 1 or shared < 16:
            units += [_alone(member) for member in members]
            continue
        units += _branching(members, shared, row_tokens)
    return units


def _branching(members: Sequence[Tokens], shared: int, row_tokens: int) -> list[tuple[Branch, ...]]:
    trunk = Branch(members[0].prompt[:shared], 0, None, shared)
    units = []
    branches: list[Branch] = []
    size = shared
    for member in members:
        tail = member.prompt[shared:] + member.completion
        if branches and size + len(tail) > row_tokens:
            units.append((trunk, *branches))
            branches, size = [], shared
        branches.append(Branch(tail, shared, (0, shared), len(member.prompt) - shared))
        size += len(tail)
    return [*units, (trunk, *branches)]


def _join(units: Iterable[tuple[Branch, ...]]) -> Row:
    """Units end to end: what each branch sees moves with its unit."""
    branches: list[Branch] = []
    start = 0
    for unit in units:
        for branch in unit:
            sees = (branch.sees[0] + start, branch.sees[1] + start) if branch.sees else None
            branches.append(Branch(branch.tokens, branch.first, sees, branch.loss_from))
        start += _size(unit)
    return Row(tuple(branches))


def _size(unit: Iterable[Branch]) -> int:
    return sum(len(branch.tokens) for branch in unit)


def _common(prompts: Iterable[tuple[int, ...]]) -> int:
    """Length of the beginning that all prompts share."""
    first, *others = prompts
    length = len(first)
    for other in others:
        length = min(length, len(other))
        while first[:length] != other[:length]:
            length = next(i for i in range(length) if first[i] != other[i])
    return length
