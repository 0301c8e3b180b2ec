"""What the environment sets."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from qa.settings import Settings


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
    monkeypatch.delenv("QA_STORE", raising=False)
    if variable is not None:
        monkeypatch.setenv("QA_STORE", variable)
    assert Settings.from_env() == Settings(store=store)


def test_settings_do_not_change() -> None:
    settings = Settings()
    with pytest.raises(FrozenInstanceError):
        settings.store = Path("x")  # type: ignore[misc]
