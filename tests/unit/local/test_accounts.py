import stat
from pathlib import Path

from infra.local.accounts import ACCOUNTS, make_accounts


def test_accounts_are_made_once_and_only_their_owner_can_read_them(tmp_path: Path) -> None:
    path = tmp_path / "var" / "accounts"
    made = make_accounts(path)
    assert tuple(made) == ACCOUNTS
    assert len(set(made.values())) == len(ACCOUNTS)
    assert all(len(password) >= 15 for password in made.values())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text().splitlines() == [f"{account} {password}" for account, password in made.items()]
    assert make_accounts(path) == made


def test_two_cities_have_different_passwords(tmp_path: Path) -> None:
    assert make_accounts(tmp_path / "a") != make_accounts(tmp_path / "b")
