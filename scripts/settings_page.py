"""Writes docs/settings.md from the settings' own help lines: ``python scripts/settings_page.py``."""

from pathlib import Path

from practice.settings import describe_settings

lines = [
    "# Settings",
    "",
    "All settings of `config.toml` in the practice home, made from the program's own help lines. "
    "Unknown keys are refused.",
    "",
    "| setting | what it does | default |",
    "| --- | --- | --- |",
    *(f"| `{line.key}` | {line.help} | `{line.default}` |" for line in describe_settings()),
    "",
]
Path(__file__).parents[1].joinpath("docs/settings.md").write_text("\n".join(lines), encoding="utf-8")
