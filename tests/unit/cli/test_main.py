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


def test_a_group_is_built_alone_and_an_unknown_one_with_all() -> None:
    assert ["site"] == [group.name for group in build("site").registered_groups]
    everything = [group.name for group in build().registered_groups]
    assert {"doctor", "site"} < set(everything)
    assert everything == [group.name for group in build("--help").registered_groups]
