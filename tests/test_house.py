"""The house: what the top-level files promise."""

import re
import subprocess
from pathlib import Path

import pytest

from clinical.prompts import SYSTEM
from practice.settings import describe_settings

ROOT = Path(__file__).parents[1]


def tracked_files() -> list[Path]:
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout
    files = [ROOT / name for name in names.split("\0") if name]
    if not files:
        pytest.skip("not a git checkout")
    return [file for file in files if file.is_file()]


def test_readme_gives_the_two_commands_and_ci_runs_the_second() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert "make demo" in readme and "make test" in readme
    assert "make test" in (ROOT / ".ci/run").read_text("utf-8")


def test_every_setting_is_in_the_documentation_with_its_help_line() -> None:
    page = (ROOT / "docs/settings.md").read_text("utf-8")
    missing = [
        line.key for line in describe_settings() if f"`{line.key}`" not in page or line.help not in page
    ]
    assert missing == []


def test_the_modelfile_holds_the_system_prompt_that_training_and_tools_use() -> None:
    modelfile = (ROOT / "Modelfile").read_text("utf-8")
    assert re.search(r"^FROM \S+", modelfile, re.M)
    assert re.search(r"^TEMPLATE ", modelfile, re.M)
    assert re.search(r"^PARAMETER temperature 0", modelfile, re.M)
    assert f'SYSTEM """{SYSTEM}"""' in modelfile


def test_every_package_and_file_says_what_it_is_for() -> None:
    silent = []
    for path in tracked_files():
        if path.suffix == ".py":
            lines = [line for line in path.read_text("utf-8").splitlines() if not line.startswith("#")]
            if lines and not "\n".join(lines).lstrip().startswith(('"""', 'r"""')):
                silent.append(str(path.relative_to(ROOT)))
    assert silent == []


def test_every_package_is_pinned_in_the_constraints() -> None:
    pins = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    loose = [line for line in pins if line and not line.startswith("#") and "==" not in line]
    assert loose == []
    assert "torch==2.13.0" in pins
