"""Runs the pinned converter in a process of its own; started by `trainer.llamacpp`, not by people.

    python convert_entry.py CONVERTER_FOLDER PRE_TOKENIZER|- SCRIPT ARGUMENTS…

A tokenizer that the converter does not know by hash is taken to be of the named pre-tokenizer kind, where
one is given; parity with the Hugging Face tokenizer is checked on the finished GGUF, so a wrong name cannot
pass unseen.
"""

import runpy
import sys
from pathlib import Path


def main() -> None:
    folder, pre_tokenizer, script, *arguments = sys.argv[1:]
    sys.path[:0] = [folder, str(Path(folder) / "gguf-py")]
    if pre_tokenizer != "-":
        from conversion import base  # type: ignore[import-not-found]

        known = base.TextModel.get_vocab_base_pre

        def name_of(self, tokenizer):  # type: ignore[no-untyped-def]
            try:
                return known(self, tokenizer)
            except NotImplementedError:
                return pre_tokenizer

        base.TextModel.get_vocab_base_pre = name_of
    sys.argv = [script, *arguments]
    runpy.run_path(str(Path(folder) / script), run_name="__main__")


if __name__ == "__main__":
    main()
