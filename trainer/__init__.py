"""From signed reports to a gated release: pairs, fine-tuning, export, evaluation, gate."""
