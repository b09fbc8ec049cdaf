"""After the tuning, where the settings ask for it: towards what physicians made of drafts, or what the check bears out.

Only reports of the training part take part, with the replies that train; a draft that the second sweep finds fault
with is left out before it comes here (``resident.material``).
"""

import os
from dataclasses import replace
from pathlib import Path

from resident.measuring import Say
from resident.publish import Material
from trainer.finetune import Adapter
from trainer.preference import dpo, grpo
from trainer.reward import Preference, by_correction

AT_LEAST = 8
"""Corrections below which preferences would only repeat what the tuning learned from them."""


def prefer(how: str, adapter: Adapter, material: Material, out: Path, say: Say) -> Adapter:
    """The adapter after ``how`` (``off``, ``dpo``, ``grpo``); where nothing can be done the one given, and why is said.

    Raises:
        TrainingError: a loss that is no number.
    """
    if how == "off":
        return adapter
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        say("preferences: they train in one process only: left out")
        return adapter
    if how == "grpo":
        after = grpo(adapter, material.dataset.train, out / "grpo")
    else:
        preferences = preferences_of(material)
        if len(preferences) < AT_LEAST:
            say(
                f"preferences: {len(preferences)} corrections on training patients, {AT_LEAST} are needed: left out"
            )
            return adapter
        after = dpo(adapter, preferences, out / "dpo")
    done = {f"{how}_{name}": value for name, value in after.figures.items()}
    say(f"preferences: {how}, {after.figures.get('steps', 0):.0f} steps")
    return replace(adapter, path=after.path, figures={**adapter.figures, **done})


def preferences_of(material: Material) -> list[Preference]:
    """Corrections against drafts, on patients that train; the preferred reply is the one that trains."""
    trains = {example.id: example for example in material.dataset.train}
    return [
        replace(preference, example=known, chosen=known.completion)
        for preference in by_correction(material.corrections)
        if (known := trains.get(preference.example.id)) is not None
        and known.completion != preference.rejected
    ]
