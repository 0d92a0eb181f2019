"""Where a call goes and which token signs it, from the environment and `.env`."""

from pathlib import Path

import pytest

from twilio_bridge.errors import SettingError
from twilio_bridge_cli.commands.call import tokens
from twilio_bridge_cli.environment import find_base_url, is_local, read_environment
from twilio_bridge_cli.errors import CommandError

FAR = "https://bridge.example.com"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("TWILIO_AUTH_TOKEN", "AUTH_TOKEN", "PUBLIC_BASE_URL", "PORT"):
        monkeypatch.delenv(name, raising=False)


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`.env` counts where the environment says nothing; empty is nothing."""
    (tmp_path / ".env").write_text("AUTH_TOKEN=of-the-file\nPORT=4000\nPUBLIC_BASE_URL=\n")
    monkeypatch.setenv("PORT", "5000")
    monkeypatch.setenv("AUTH_TOKEN", "")
    environment = read_environment()
    assert (environment["AUTH_TOKEN"], environment["PORT"]) == ("of-the-file", "5000")
    assert "PUBLIC_BASE_URL" not in environment


def test_a_call_goes_to_the_option_then_the_setting_then_the_local_stack() -> None:
    """A final slash does not count; which local stack is found is tested with tests/integration/cli."""
    assert find_base_url(f"{FAR}/", {"PUBLIC_BASE_URL": "https://other.example.com"}) == FAR
    assert find_base_url(None, {"PUBLIC_BASE_URL": FAR}) == FAR
    with pytest.raises(CommandError, match=r"^The local stack is not running\.$"):
        find_base_url(None, {})
    assert find_base_url(None, {"PORT": "4000"}) == "http://127.0.0.1:4000"


@pytest.mark.parametrize("url", ["bridge.example.com", "ftp://x", f"{FAR}?a=1", "https://user:hidden@example.com"])
def test_what_is_no_base_url_is_refused(url: str) -> None:
    """The sentence says what it should be and does not repeat a password."""
    with pytest.raises(CommandError) as caught:
        find_base_url(url, {})
    assert "hidden" not in str(caught.value) + caught.value.remedy


def test_wrong_settings_are_named() -> None:
    """PORT and PUBLIC_BASE_URL say what they should be."""
    with pytest.raises(CommandError, match="PORT"):
        find_base_url(None, {"PORT": "http"})
    with pytest.raises(SettingError, match="PUBLIC_BASE_URL"):
        find_base_url(None, {"PUBLIC_BASE_URL": "bridge"})


def test_a_file_that_is_no_text_is_an_error(tmp_path: Path) -> None:
    """`.env` in another encoding is named, not guessed at."""
    (tmp_path / ".env").write_bytes(b"A=\xff\xfe\n")
    with pytest.raises(CommandError, match="cannot be read"):
        read_environment()


@pytest.mark.parametrize("url", ["http://127.0.0.1:3000", "http://localhost", "http://[::1]:3000", "http://127.1.2.3"])
def test_this_machine_is_known_by_its_names(url: str) -> None:
    """Loopback addresses are local."""
    assert is_local(url)


@pytest.mark.parametrize(
    "url", [FAR, "http://localhost.example.com", "http://127.0.0.1.example.com", "http://10.0.0.1"]
)
def test_nothing_else_is_local(url: str) -> None:
    """A name that begins alike is somebody else's."""
    assert not is_local(url)


def test_the_made_up_token_signs_local_calls_only() -> None:
    """Elsewhere a missing token is an error that names its places."""
    found = tokens.find_token("http://127.0.0.1:3000", {}, None, None)
    assert (found.value, found.made_up) == (tokens.LOCAL_TOKEN, True)
    with pytest.raises(CommandError) as caught:
        tokens.find_token(FAR, {}, None, None)
    assert "TWILIO_AUTH_TOKEN" in caught.value.remedy
    assert "--secret" in caught.value.remedy


def test_the_first_of_several_tokens_signs(tmp_path: Path) -> None:
    """While a token is rotated the first is in force; the alias counts; where it stood is said."""
    assert tokens.find_token(FAR, {"TWILIO_AUTH_TOKEN": " first, second"}, None, None).value == "first"
    assert tokens.find_token(FAR, {"AUTH_TOKEN": "alias"}, None, None).source == "AUTH_TOKEN in the environment"
    (tmp_path / ".env").write_text("AUTH_TOKEN=alias\n")
    assert tokens.find_token(FAR, {"AUTH_TOKEN": "alias"}, None, None).source == "AUTH_TOKEN in .env"
    with pytest.raises(SettingError):
        tokens.find_token(FAR, {"TWILIO_AUTH_TOKEN": " , "}, None, None)


def test_a_token_does_not_show_itself() -> None:
    """What is printed of it says where it is from."""
    assert "hidden" not in repr(tokens.Token("hidden", "the environment"))
