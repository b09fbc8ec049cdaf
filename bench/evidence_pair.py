"""Learn the network of the evidence check over claim and lines: ``python -m bench.evidence_pair``.

Rows are ``clinical/evidence/data/train_*.jsonl``; those that only measure are never read. Prints what each fold, left
out by report, gives; writes ``clinical/evidence/weights/pair.npz`` and, for ``bench.evidence_model``, the scores that
each row had while its report was left out (``--scores``).
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from bench.evidence_model import prepared
from bench.evidence_rows import load_rows
from clinical.evidence.encoder import WEIGHTS
from clinical.evidence.pair import MARKS, Pair, pair_of, reduced
from clinical.evidence.paraphrase import best_lines, features

WIDTH, INNER, HIDDEN, DROP = 128, 96, 64, 0.35
FOLDS = 5
RATE, DECAY, BATCH = 1.5e-3, 2e-2, 32


class Network(nn.Module):
    """``clinical.evidence.pair`` in a form that can learn."""

    def __init__(self, whole: int) -> None:
        super().__init__()
        seen = 4 * INNER + 2 * MARKS + 1
        self.reduce = nn.Linear(WIDTH, INNER)
        self.ask, self.tell = nn.Linear(INNER + MARKS, INNER), nn.Linear(INNER + MARKS, INNER)
        self.claim, self.line = (
            nn.Sequential(
                nn.Linear(seen, HIDDEN), nn.ReLU(), nn.Dropout(DROP), nn.Linear(HIDDEN, out), nn.ReLU()
            )
            for out in (HIDDEN, HIDDEN // 2)
        )
        self.whole = nn.Sequential(nn.Linear(whole, 32), nn.ReLU())
        self.out = nn.Sequential(
            nn.Dropout(DROP), nn.Linear(3 * HIDDEN + 32, 48), nn.ReLU(), nn.Dropout(DROP), nn.Linear(48, 1)
        )
        self.drop, self.sharp = nn.Dropout(DROP), nn.Parameter(torch.tensor(3.0))

    def _side(self, a: Any, am: Any, b: Any, bm: Any, match: Any, mask: Any, part: nn.Module) -> list[Any]:
        share = match.softmax(-1)
        found = share @ b
        best = match.max(-1).values.unsqueeze(-1)
        hidden = part(torch.cat([a, found, a - found, a * found, am, share @ bm, best], -1))
        m = mask.unsqueeze(-1)
        return [(hidden * m).sum(1) / m.sum(1), (hidden + (m - 1) * 1e4).max(1).values]

    def forward(
        self, c: Any, cm: Any, c_is: Any, p: Any, pm: Any, p_is: Any, first: Any, x: Any
    ) -> torch.Tensor:
        a, b = torch.tanh(self.drop(self.reduce(c))), torch.tanh(self.drop(self.reduce(p)))
        match = self.sharp.exp() / 2 * (F.normalize(c, dim=-1) @ F.normalize(p, dim=-1).transpose(1, 2))
        asked, told = self.ask(torch.cat([a, cm], -1)), self.tell(torch.cat([b, pm], -1))
        match = match + asked @ told.transpose(1, 2) / INNER**0.5
        there = match + (p_is.unsqueeze(1) - 1) * 1e4
        back = (match + (c_is.unsqueeze(2) - 1) * 1e4).transpose(1, 2)
        n = first.shape[1]
        parts = self._side(a, cm, b, pm, there, c_is, self.claim)
        parts += self._side(b[:, :n], pm[:, :n], a, cm, back[:, :n], first, self.line)
        found: torch.Tensor = self.out(torch.cat([*parts, self.whole(x)], -1)).squeeze(-1)
        return found


def batch_of(pairs: list[Pair], x: np.ndarray, rows: np.ndarray) -> list[torch.Tensor]:
    """Padded tensors of some rows."""
    part = [pairs[i] for i in rows]
    sizes = [(len(p.claim), len(p.lines), p.first) for p in part]
    n, m, first = (max(s[k] for s in sizes) for k in range(3))
    out = [
        np.zeros((len(part), *shape), np.float32)
        for shape in ((n, WIDTH), (n, MARKS), (n,), (m, WIDTH), (m, MARKS), (m,), (first,))
    ]
    for row, (p, (i, j, k)) in enumerate(zip(part, sizes, strict=True)):
        out[0][row, :i], out[1][row, :i], out[2][row, :i] = p.claim, p.claim_marks, 1
        out[3][row, :j], out[4][row, :j], out[5][row, :j] = p.lines, p.line_marks, 1
        out[6][row, :k] = 1
    return [torch.from_numpy(o) for o in (*out, x[rows])]


def learn(
    pairs: list[Pair], x: np.ndarray, y: np.ndarray, rows: np.ndarray, epochs: int, seed: int
) -> Network:
    """A network learned from some rows."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = Network(x.shape[1])
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)
    lengths = np.array([len(p.lines) for p in pairs])
    target = torch.tensor(y * 0.96 + 0.02, dtype=torch.float32)
    steps, step = epochs * -(-len(rows) // BATCH), 0
    network.train()
    for _ in range(epochs):
        order = rng.permutation(rows)
        parts = np.array_split(order, max(1, len(order) // 512))
        order = np.concatenate([part[np.argsort(lengths[part])] for part in parts])
        batches = [order[at : at + BATCH] for at in range(0, len(order), BATCH)]
        rng.shuffle(batches)  # type: ignore[arg-type]
        for batch in batches:
            for group in optimizer.param_groups:
                group["lr"] = (
                    RATE * min(1.0, step / 50) * (0.5 + 0.5 * np.cos(np.pi * min(1.0, step / steps)))
                )
            loss = F.binary_cross_entropy_with_logits(network(*batch_of(pairs, x, batch)), target[batch])
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            step += 1
    return network.eval()


def scores_of(network: Network, pairs: list[Pair], x: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Log odds of some rows."""
    found = np.zeros(len(rows), np.float32)
    order = np.argsort([len(pairs[i].lines) for i in rows])
    with torch.no_grad():
        for at in range(0, len(order), 64):
            part = order[at : at + 64]
            found[part] = network(*batch_of(pairs, x, rows[part])).numpy()
    return found


def principal(vectors: np.ndarray) -> dict[str, np.ndarray]:
    """Mean, spread and the leading directions (of even spread) of vectors."""
    mean, spread = vectors.mean(0), vectors.std(0) + 1e-6
    values, directions = np.linalg.eigh(np.cov(((vectors - mean) / spread).T))
    leading = directions[:, ::-1][:, :WIDTH] / np.sqrt(values[::-1][:WIDTH])
    return {"mean": mean, "spread": spread, "directions": leading.astype(np.float32)}


def main() -> None:
    """Lay out, left-out folds, all rows, write."""
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import GroupKFold

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--seeds", type=int, default=1, help="members a fold; a row's score is their mean")
    parser.add_argument("--scores", type=Path, default=Path("evidence_scores.npy"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rows = load_rows("train")
    prepared_rows = prepared(rows)
    y = np.array([row.supported for row in rows])
    groups = np.array([row.source_id for row in rows])
    x = np.array([features(a, i) for a, i in prepared_rows], np.float32)
    raw = [pair_of(a, best_lines(a, i), i) for a, i in prepared_rows]
    kept = np.array([i for i, p in enumerate(raw) if p is not None])
    sample = np.concatenate([p.lines for p in raw[:: max(1, len(raw) // 400)] if p is not None])
    weights = principal(sample)
    pairs = [
        Pair(reduced(p.claim, weights), p.claim_marks, reduced(p.lines, weights), p.line_marks, p.first)
        if p is not None
        else Pair(*(np.zeros((1, w), np.float32) for w in (WIDTH, MARKS, WIDTH, MARKS)), 1)
        for p in raw
    ]
    weights["features_mean"], weights["features_spread"] = x.mean(0), x.std(0) + 1e-6
    x = np.clip((x - weights["features_mean"]) / weights["features_spread"], -4, 4)
    print(f"{len(rows)} rows laid out", flush=True)
    scores = np.full(len(rows), -6.0, np.float32)
    for fold, (train, left) in enumerate(GroupKFold(FOLDS).split(x, y, groups)):
        train, left = np.intersect1d(train, kept), np.intersect1d(left, kept)
        told = np.zeros(len(left), np.float32)
        for seed in range(arguments.seeds):
            network = learn(pairs, x, y, train, arguments.epochs, fold + 100 * seed)
            told += scores_of(network, pairs, x, left) / arguments.seeds
            member = fold * arguments.seeds + seed
            state = {f"{member}.{k}": v.numpy() for k, v in network.state_dict().items()}
            weights.update({k: v.astype(np.float16) if v.ndim == 2 else v for k, v in state.items()})
        scores[left] = told
        print(f"  fold {fold}: area under the curve {roc_auc_score(y[left], told):.4f}", flush=True)
    print(f"all folds: {roc_auc_score(y, scores):.4f}", flush=True)
    np.save(arguments.scores, scores)
    weights["members"] = np.array(FOLDS * arguments.seeds)
    np.savez_compressed(WEIGHTS / "pair.npz", **weights)
    print(f"pair.npz: {(WEIGHTS / 'pair.npz').stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
