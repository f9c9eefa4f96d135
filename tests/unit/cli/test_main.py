"""How parts hang their commands on `urbanops`."""

from importlib.metadata import EntryPoint

from typer.testing import CliRunner

from shared.cli.main import GROUP, assemble, build

RUN = CliRunner()


def test_a_single_command_joins_the_group_of_another_folder() -> None:
    group = EntryPoint("profile", "shared.cli.profile:app", GROUP)
    joined = EntryPoint("profile.simulate", "infra.simulator.profiled.command:simulate", GROUP)
    told = RUN.invoke(assemble([group, joined]), ["profile", "--help"]).output
    assert all(command in told for command in ("lint", "doc", "decode", "simulate"))
    assert "simulate" not in RUN.invoke(assemble([group]), ["profile", "--help"]).output


def test_every_part_of_the_house_can_be_asked_for_help() -> None:
    app = build()
    for part in ("doctor", "field", "profile", "site", "sim"):
        done = RUN.invoke(app, [part, "--help"])
        assert 0 == done.exit_code, done.output
