"""Settings: documented, defaulted, and refused with the setting that was meant."""

import re
from dataclasses import FrozenInstanceError, replace

import pytest

from clinical.errors import SettingsError
from practice.settings import Physician, describe_settings, load_settings, write_default


def load(tmp_path, text):
    (tmp_path / "config.toml").write_text(text)
    return load_settings(tmp_path)


def test_without_a_file_all_is_at_its_default(tmp_path):
    settings = load_settings(tmp_path)
    assert settings.home == tmp_path and settings.inbox == tmp_path / "inbox"
    assert settings.gateway.host == "127.0.0.1" and settings.intake.mllp_port == 0
    assert settings.gateway.raw_generation is False
    with pytest.raises(FrozenInstanceError):
        settings.inbox = tmp_path


def test_the_written_file_explains_every_setting_and_changes_none(tmp_path):
    write_default(tmp_path)
    text = (tmp_path / "config.toml").read_text()
    written = load_settings(tmp_path)
    (tmp_path / "config.toml").unlink()
    assert written == load_settings(tmp_path)
    for line in describe_settings():
        assert line.help and line.help in text, line.key
        name = line.key.rsplit(".", 1)[-1]
        assert re.search(rf"^(# )?\[?{name}( = |\])", text, re.MULTILINE), line.key


def test_the_defaults_that_the_written_file_shows_are_the_defaults(tmp_path):
    defaults = load_settings(tmp_path)
    write_default(tmp_path)
    text = (tmp_path / "config.toml").read_text()
    shown = re.sub(r"^# (?=\w+ = |\[)", "", text, flags=re.MULTILINE)
    settings = load(tmp_path, shown.replace('name = ""', 'name = "Anna Weber"'))
    assert settings.physicians == (Physician("Anna Weber"),)
    assert settings.critical_limits == {"potassium": (2.5, 6.5)}
    assert replace(settings, physicians=(), critical_limits=defaults.critical_limits) == defaults


def test_the_base_is_written_and_an_existing_file_is_left_alone(tmp_path):
    write_default(tmp_path, "org/model-7b")
    assert load_settings(tmp_path).training.base == "org/model-7b"
    write_default(tmp_path, "other")
    assert load_settings(tmp_path).training.base == "org/model-7b"


def test_values_are_read(tmp_path):
    settings = load(
        tmp_path,
        """
        inbox = "/srv/reports"
        facilities = ["North Clinic"]
        [[physicians]]
        name = "Anna M. Weber"
        aliases = ["A. Weber"]
        [[physicians]]
        name = "Bo Chen"
        [training]
        learning_rate = 1
        at = ""
        [critical_limits]
        Potassium = [2.5, 6.5]
        """,
    )
    assert str(settings.inbox) == "/srv/reports" and settings.facilities == ("North Clinic",)
    assert settings.physician("dr. anna m weber, MD").name == "Anna M. Weber"
    assert settings.physician("A Weber").name == "Anna M. Weber"
    assert settings.physician("Anna Weber") is settings.physician("") is settings.physician(None) is None
    assert settings.training.learning_rate == 1.0
    assert settings.critical_limits["potassium"] == (2.5, 6.5)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("inbx = 'x'", "inbox"),
        ("[trainig]\nrank = 8", "training"),
        ("[training]\nlearningrate = 1", "learning_rate"),
        ("port = 1", "gateway.port"),
        ("[[physicians]]\nnam = 'x'", "name"),
        ("zzz = 1", "Known here"),
    ],
)
def test_an_unknown_setting_is_refused_with_the_one_that_was_meant(tmp_path, text, said):
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, text)
    assert said in caught.value.remedy


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("inbox = 5", "inbox"),
        ("inbox = ", "TOML"),
        ("training = 5", r"\[training\]|table"),
        ("[training]\nrank = '8'", "training.rank"),
        ("[training]\nrank = true", "training.rank"),
        ("[training]\nrank = 0", "above 0"),
        ("[training]\nat = '25:00'", "training.at"),
        ("[training]\nat = '2'", "training.at"),
        ("[training]\nmethod = 'magic'", "lora, qlora"),
        ("[intake]\nocr = 1", "true or false"),
        ("[intake]\nmllp_port = 70000", "port"),
        ("[deidentify]\nhold_above = 2", "between 0 and 1"),
        ("[deidentify]\nallow = 'x'", "list"),
        ("[deidentify]\nallow = [5]", "deidentify.allow"),
        ("[[physicians]]\naliases = ['x']", "physicians"),
        ("[critical_limits]\npotassium = [6.5, 2.5]", "critical_limits"),
        ("[critical_limits]\npotassium = [1]", "potassium"),
        ("[critical_limits]\npotassium = 1", "potassium"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused(tmp_path, text, said):
    with pytest.raises(SettingsError, match=said):
        load(tmp_path, text)


def test_a_file_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "config.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError):
        load_settings(tmp_path)


def test_every_setting_has_its_own_help_line():
    lines = describe_settings()
    assert len({line.help for line in lines}) == len(lines) > 25
    assert all(line.help.endswith(".") and len(line.help) < 110 for line in lines)
