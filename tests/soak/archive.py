"""The history killed again and again while it keeps readings, on SQLite and PostgreSQL: `archive=rounds,seed`."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from infra.local.postgres import PrivateDatabase
from tests.integration.conftest import start_broker
from tests.integration.history.process import HistoryProcess, kill_again_and_again
from tests.soak.job import Job

ROUNDS = 100


def run(arguments: Sequence[str]) -> bool:
    rounds, seed = (*(int(text) for text in arguments), *(ROUNDS, 1)[len(arguments) :])
    with tempfile.TemporaryDirectory() as directory:
        brokers = start_broker(Path(directory) / "broker", 2)
        cluster = PrivateDatabase(Path(directory) / "postgres")
        cluster.start()
        try:
            well = True
            for url in (None, cluster.database_url):
                folder = Path(directory) / ("sqlite" if url is None else "postgresql")
                folder.mkdir()
                history = HistoryProcess(folder, brokers.uri(brokers.new_vhost()), url)
                came, kept, told = kill_again_and_again(history, rounds, seed)
                lost, twice = len(set(told) - set(kept)), came - len(told)
                print(
                    f"{folder.name}: {rounds} kills, {len(told):,} readings told, {lost} lost, {twice} kept twice",
                    flush=True,
                )
                well = well and kept == told and not twice
            return well
        finally:
            cluster.remove()
            brokers.node.stop()


JOB = Job("archive", "the history killed while it keeps readings: none lost, none twice", run)
