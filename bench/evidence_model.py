"""Learn the paraphrase model of the evidence check from labelled sentences: ``python -m bench.evidence_model``.

Run ``python -m bench.evidence_pair`` first: it learns the network over claim and lines, and leaves the scores that
each row had while its report was left out (``evidence_scores.npy``). Rows are ``clinical/evidence/data/train_*.jsonl``;
those that only measure are never read. Prints what cross-validation by report gives, then writes
``clinical/evidence/weights/paraphrase.json``.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from bench.evidence_rows import Row, load_rows
from clinical.answers.report import report_from_text
from clinical.evidence.alignment import Alignment
from clinical.evidence.index import Index, index_of, line_of
from clinical.evidence.judge import Judgement, align
from clinical.evidence.paraphrase import FEATURES, SOFT, features

OUT = Path(__file__).parents[1] / "clinical" / "evidence" / "weights" / "paraphrase.json"


def prepared(rows: list[Row]) -> list[tuple[Alignment, Index]]:
    """Each row's alignment; reports are prepared once."""
    indexes: dict[str, Index] = {}
    found = []
    for row in rows:
        if row.text not in indexes:
            indexes[row.text] = index_of((report_from_text(row.text),))
        index = indexes[row.text]
        found.append((align(line_of(row.sentence, 0, len(row.sentence)), index), index))
    return found


def curve(judgements: list[Judgement], supported: list[bool]) -> None:
    """Print what the check would catch and pass at other working points, rules alone first."""
    y = np.array(supported)
    hard = np.array([j.likely is None for j in judgements])
    clean = np.array([j.clean for j in judgements])
    p = np.array([j.likely or 0.0 for j in judgements])
    print(f"  rules alone          {_figures(clean, y)}")
    for trust in (0.95, 0.9, 0.8, 0.7, 0.65, 0.6, 0.55, 0.5, 0.4, 0.3):
        print(f"  trusted from {trust:.2f}    {_figures(~hard & (clean | (p >= trust)), y)}")


def main() -> None:
    """Train, cross-validate, write."""
    from sklearn.ensemble import GradientBoostingClassifier
    from sklearn.model_selection import GroupKFold, cross_val_predict

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--caught", type=float, default=0.915, help="share of false sentences to catch")
    parser.add_argument("--scores", type=Path, default=Path("evidence_scores.npy"))
    arguments = parser.parse_args()
    rows = load_rows("train")
    pairs = prepared(rows)
    scores = np.load(arguments.scores)
    if len(scores) != len(rows):
        raise SystemExit("scores of other rows: run bench.evidence_pair again")
    x = np.array([[*features(a, i), float(s)] for (a, i), s in zip(pairs, scores, strict=True)])
    y = np.array([row.supported for row in rows])
    groups = np.array([row.source_id for row in rows])
    hard = np.array([any(f.kind not in SOFT for f in a.faults) for a, _ in pairs])
    clean = np.array([not a.faults for a, _ in pairs])

    model = GradientBoostingClassifier(
        n_estimators=300,
        max_depth=4,
        learning_rate=0.03,
        subsample=0.6,
        max_features=6,
        min_samples_leaf=15,
        random_state=0,
    )
    p = cross_val_predict(model, x, y, groups=groups, cv=GroupKFold(5), method="predict_proba")[:, 1]
    print(f"{len(rows)} rows, {len(set(groups))} reports; rules alone: {_figures(clean, y)}")
    best = (0.0, 1.0, 0.0)
    for trust in np.arange(0.3, 1.01, 0.01):
        for doubt in (0.0, 0.1, 0.2, 0.3, 0.4, 0.5):
            kept = ~hard & np.where(clean, p >= doubt, p >= trust)
            caught = 1 - kept[~y].mean()
            passed = kept[y].mean()
            if caught >= arguments.caught and passed > best[0]:
                best = (passed, trust, doubt)
    for target in (0.99, 0.98, 0.97, 0.95, 0.93, 0.9, 0.85):
        trust = min(
            (t for t in np.arange(0, 1.01, 0.005) if 1 - (~hard & (clean | (p >= t)))[~y].mean() >= target),
            default=1.01,
        )
        print(f"  caught ≥ {target}: {_figures(~hard & (clean | (p >= trust)), y)} at {trust:.2f}")
    passed, trust, doubt = best
    print(
        f"working point: {_figures(~hard & np.where(clean, p >= doubt, p >= trust), y)} trust {trust:.2f} doubt {doubt}"
    )
    model.fit(x, y)
    prior = float(np.log(y.mean() / (1 - y.mean())))
    OUT.write_text(
        json.dumps(
            {
                "features": [*FEATURES, "network"],
                "rows": len(rows),
                "trust_above": round(float(trust), 3),
                "doubt_below": doubt,
                "prior": round(prior, 6),
                "trees": [_tree(tree, model.learning_rate) for tree in model.estimators_[:, 0]],
            },
            separators=(",", ":"),
        )
        + "\n",
        encoding="utf-8",
    )


def _tree(fitted: Any, rate: float) -> list[list[float]]:
    """Nodes of a regression tree: [feature, threshold, left, right], or [-1, value] for a leaf."""
    tree = fitted.tree_
    nodes: list[list[float]] = []
    for n in range(tree.node_count):
        if tree.children_left[n] < 0:
            nodes.append([-1, round(float(tree.value[n][0][0]) * rate, 6)])
        else:
            left, right = int(tree.children_left[n]), int(tree.children_right[n])
            nodes.append([int(tree.feature[n]), round(float(tree.threshold[n]), 6), left, right])
    return nodes


def _figures(kept: np.ndarray, y: np.ndarray) -> str:
    return f"caught {1 - kept[~y].mean():.3f} passed {kept[y].mean():.3f}"


if __name__ == "__main__":
    main()
