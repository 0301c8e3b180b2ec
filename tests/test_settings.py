"""What the environment sets."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from qa.errors import QAError, SettingsError
from qa.settings import Settings, open_library

SECRET = "sk-very-secret"


@pytest.mark.parametrize(
    ("variable", "store"),
    [
        (None, Path(".qa")),
        ("", Path(".qa")),
        ("elsewhere", Path("elsewhere")),
        ("/srv/a b/ü", Path("/srv/a b/ü")),
    ],
)
def test_the_store_is_where_the_environment_says_or_here(
    variable: str | None, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if variable is not None:
        monkeypatch.setenv("QA_STORE", variable)
    assert Settings.from_env() == Settings(store=store)


def test_settings_do_not_change() -> None:
    settings = Settings()
    with pytest.raises(FrozenInstanceError):
        settings.store = Path("x")  # type: ignore[misc]


EVERYTHING = {
    "QA_STORE": "elsewhere",
    "QA_EMBEDDING": "https://models.example/v1",
    "QA_EMBEDDING_MODEL": "small",
    "QA_EMBEDDING_KEY": f"{SECRET}-1\n",  # as it is copied
    "QA_LLM": "http://localhost:8000/v1",
    "QA_LLM_MODEL": "large",
    "QA_LLM_KEY": f"{SECRET}-2",
    "QA_LLM_DEADLINE_S": "7.5",
    "QA_LLM_SECOND_OPINION": "Yes",
}


def test_every_setting_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in EVERYTHING.items():
        monkeypatch.setenv(name, value)
    settings = Settings.from_env()
    assert settings == Settings(
        store=Path("elsewhere"),
        embedding="https://models.example/v1",
        embedding_model="small",
        embedding_key=f"{SECRET}-1",
        llm="http://localhost:8000/v1",
        llm_model="large",
        llm_key=f"{SECRET}-2",
        llm_deadline_s=7.5,
        llm_second_opinion=True,
    )
    assert SECRET not in repr(settings)


def test_an_empty_variable_counts_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in EVERYTHING:
        monkeypatch.setenv(name, "")
    assert Settings.from_env() == Settings()


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"QA_EMBEDDING": "http://host/v1"}, "set QA_EMBEDDING_MODEL to the name of a model"),
        ({"QA_EMBEDDING_MODEL": "small"}, "QA_EMBEDDING_MODEL is 'small', .* set that to the"),
        ({"QA_EMBEDDING": "a/folder", "QA_EMBEDDING_MODEL": "small"}, "QA_EMBEDDING is 'a/folder'"),
        ({"QA_LLM": "http://host/v1"}, "set QA_LLM_MODEL to the name of one"),
        ({"QA_LLM_MODEL": "large"}, "QA_LLM_MODEL is set, but no language model; set QA_LLM"),
        ({"QA_LLM_SECOND_OPINION": "1"}, "QA_LLM_SECOND_OPINION is set, but no language model"),
        ({"QA_LLM_SECOND_OPINION": "maybe"}, "QA_LLM_SECOND_OPINION is 'maybe'; set it to 1 or 0"),
        ({"QA_LLM_DEADLINE_S": "soon"}, "QA_LLM_DEADLINE_S is 'soon'; set it to a number"),
        ({"QA_LLM_DEADLINE_S": "0"}, "QA_LLM_DEADLINE_S is 0.0; set it to a number"),
        ({"QA_LLM_DEADLINE_S": "-1"}, "QA_LLM_DEADLINE_S is -1.0"),
        ({"QA_LLM_DEADLINE_S": "nan"}, "QA_LLM_DEADLINE_S is nan"),
        ({"QA_LLM_DEADLINE_S": "inf"}, "QA_LLM_DEADLINE_S is inf"),
    ],
    ids=str,
)
def test_what_cannot_be_or_not_together_is_one_sentence(
    environment: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=said) as caught:
        Settings.from_env()
    assert isinstance(caught.value, QAError | ValueError)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "on"), [("1", True), ("TRUE", True), ("on", True), ("0", False), ("no", False)]
)
def test_a_second_opinion_is_asked_for_in_words_or_numbers(
    text: str, on: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("QA_LLM", "QA_LLM_MODEL"):
        monkeypatch.setenv(name, EVERYTHING[name])
    monkeypatch.setenv("QA_LLM_SECOND_OPINION", text)
    assert Settings.from_env().llm_second_opinion is on


def test_a_password_in_an_address_is_not_repeated() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings(embedding=f"https://me:{SECRET}@host/v1")
    assert SECRET not in str(caught.value)


def test_a_library_is_opened_where_it_is_set_or_named(seed_store: Path, tmp_path: Path) -> None:
    settings = Settings(store=seed_store)
    assert open_library(settings).store == seed_store
    assert open_library(settings, tmp_path).store == tmp_path
    assert len(open_library(settings).documents()) == 5
