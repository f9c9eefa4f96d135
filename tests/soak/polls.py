"""100,000 faulty polls a framing, each framing in a process of its own, and the table of what became of them.

Arguments: how many polls a framing, a seed, and how many processes at a time; names of framings, when not all of them.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from tests.faults.device import Fault
from tests.faults.polls import Tally, run_polls
from tests.faults.rig import FAULTS, FRAMINGS
from tests.soak.job import Job

POLLS = 100_000
SEED = 1
OUTCOMES = ("good", "bad.timeout", "bad.decode", "bad.not_connected", "bad.exception(2)")


def run(arguments: Sequence[str]) -> bool:
    given = [int(text) for text in arguments if text.isdecimal()]
    framings = [framing for framing in FRAMINGS if framing in arguments] or FRAMINGS
    polls, seed, processes = (*given, *(POLLS, SEED, min(2, os.cpu_count() or 1))[len(given) :])
    print(f"{polls:,} polls a framing, seed {seed}, {processes} at a time; every number can be had again but the times")
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        tallies = list(pool.map(run_polls, framings, [polls] * len(framings), [seed] * len(framings)))
    for tally in tallies:
        _show(tally)
    _show_sums(tallies)
    return all(is_well(tally) for tally in tallies)


def is_well(tally: Tally) -> bool:
    return not (tally.misassigned or tally.sent_twice or tally.confirmed_unheard) and tally.share("none", "good") > 0.99


def _show(tally: Tally) -> None:
    print(f"\n{tally.framing}: what became of each fault")
    print(f"  {'fault':<18}{'polls':>9}" + "".join(f"{outcome:>19}" for outcome in OUTCOMES))
    faults: tuple[Fault, ...] = ("none", *FAULTS[tally.framing])
    for fault in faults:
        counts = [tally.outcomes[fault, outcome] for outcome in OUTCOMES]
        total = sum(count for (each, _), count in tally.outcomes.items() if each == fault)
        print(f"  {fault:<18}{total:>9,}" + "".join(f"{count or '':>19}" for count in counts))


def _show_sums(tallies: Sequence[Tally]) -> None:
    columns = (
        "polls",
        "faulty",
        "writes",
        "misassigned",
        "void",
        "written twice",
        "confirmed unheard",
        "outage",
        "polls/s",
    )
    print(f"\n  {'framing':<12}" + "".join(f"{column:>18}" for column in columns))
    for tally in tallies:
        clean = sum(count for (fault, _), count in tally.outcomes.items() if fault == "none")
        figures = (
            tally.polls,
            tally.polls - clean,
            tally.writes,
            len(tally.misassigned),
            tally.void,
            len(tally.sent_twice),
            len(tally.confirmed_unheard),
            tally.longest_outage,
            round(tally.polls / tally.seconds),
        )
        print(f"  {tally.framing:<12}" + "".join(f"{figure:>18,}" for figure in figures))
        for text in (*tally.misassigned[:5], *tally.sent_twice[:5], *tally.confirmed_unheard[:5]):
            print(f"    {text}")
    print("  void: an answer that came later than timeout and quiet time, because this machine stood still")
    print("  outage: the most polls in a row that failed without a fault of their own\n")


JOB = Job("polls", "faulty polls over every framing: nobody deceived, nothing written twice", run)
