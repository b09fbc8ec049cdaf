"""Learn the paraphrase model of the evidence check from labelled sentences: ``python -m bench.evidence_model``.

Rows are ``clinical/evidence/data/train_*.jsonl``. Prints what cross-validation by report gives, then writes
``clinical/evidence/weights/paraphrase.json``. The rows that only measure are never read here.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from bench.evidence_rows import Row, load_rows
from clinical.answers.report import report_from_text
from clinical.evidence.alignment import Alignment
from clinical.evidence.index import Index, index_of, line_of
from clinical.evidence.judge import align
from clinical.evidence.paraphrase import FEATURES, SOFT, features, probability

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


def curve(rows: list[Row]) -> None:
    """Print what the check would catch and pass at other working points, rules alone first."""
    pairs = prepared(rows)
    y = np.array([row.supported for row in rows])
    hard = np.array([any(f.kind not in SOFT for f in a.faults) for a, _ in pairs])
    clean = np.array([not a.faults for a, _ in pairs])
    p = np.array([probability(a, i) for a, i in pairs])
    print(f"  rules alone          {_figures(clean, y)}")
    for trust in (0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3):
        print(f"  trusted from {trust:.2f}    {_figures(~hard & (clean | (p >= trust)), y)}")


def main() -> None:
    """Train, cross-validate, write."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--caught", type=float, default=0.92, help="share of false sentences to catch")
    parser.add_argument("--strength", type=float, default=0.3, help="inverse of the regularisation")
    arguments = parser.parse_args()
    rows = load_rows("train")
    pairs = prepared(rows)
    x = np.array([features(a, i) for a, i in pairs])
    y = np.array([row.supported for row in rows])
    groups = np.array([row.source_id for row in rows])
    hard = np.array([any(f.kind not in SOFT for f in a.faults) for a, _ in pairs])
    clean = np.array([not a.faults for a, _ in pairs])

    def model() -> object:
        clip = FunctionTransformer(np.clip, kw_args={"a_min": -4, "a_max": 4})
        return make_pipeline(StandardScaler(), clip, LogisticRegression(C=arguments.strength, max_iter=5000))

    p = cross_val_predict(model(), x, y, groups=groups, cv=GroupKFold(8), method="predict_proba")[:, 1]
    print(f"{len(rows)} rows, {len(set(groups))} reports; rules alone: {_figures(clean, y)}")
    best = (0.0, 1.0, 0.0)
    for trust in np.arange(0.3, 1.01, 0.01):
        for doubt in (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4):
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
    fitted = model()
    fitted.fit(x, y)  # type: ignore[attr-defined]
    scaler, _, regression = (step for _, step in fitted.steps)  # type: ignore[attr-defined]
    OUT.write_text(
        json.dumps(
            {
                "features": list(FEATURES),
                "mean": [round(v, 5) for v in scaler.mean_.tolist()],
                "scale": [round(v, 5) for v in scaler.scale_.tolist()],
                "weights": [round(v, 5) for v in regression.coef_[0].tolist()],
                "bias": round(float(regression.intercept_[0]), 5),
                "trust_above": round(float(trust), 3),
                "doubt_below": doubt,
                "rows": len(rows),
            },
            indent=1,
        )
        + "\n",
        encoding="utf-8",
    )


def _figures(kept: np.ndarray, y: np.ndarray) -> str:
    return f"caught {1 - kept[~y].mean():.3f} passed {kept[y].mean():.3f}"


if __name__ == "__main__":
    main()
