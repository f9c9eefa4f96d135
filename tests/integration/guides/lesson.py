"""A guide whose fenced blocks are files, commands and answers, followed from top to bottom.

A block's first word says what it is: `csv NAME`, `yaml NAME` a file; `sh` commands for a shell, `text` what they
answer; `sh second-terminal` one command that stays, `console second-terminal` what is typed into it. `…`: anything.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

SECOND = "second-terminal"
_FENCE = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMAND_S_MAX = 60.0


@dataclass(frozen=True)
class Block:
    kind: str
    name: str
    text: str


def blocks(guide: Path, replaced: dict[str, str]) -> list[Block]:
    """`replaced`: what a test must choose itself, like a port that is free."""
    text = guide.read_text(encoding="utf-8")
    for before, after in replaced.items():
        assert before in text
        text = text.replace(before, after)
    return [Block(kind, name or "", body) for kind, name, body in _FENCE.findall(text)]


def answers(expected: str, given: str) -> bool:
    """Line by line, white space apart; a line `…` stands for any number of lines, elsewhere for the rest of some."""
    pattern = ""
    for line in _plain(expected):
        pattern += r"(?:.*\n)*?" if line == "…" else re.escape(line).replace("…", ".*?") + r"\n"
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in _plain(given))) is not None


def _plain(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


class Follower:
    """Whoever reads the guide: a folder, a shell, and a second terminal."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONUNBUFFERED": "1",
        }
        self._told = ""
        self.second: subprocess.Popen[str] | None = None

    def follow(self, block: Block) -> None:
        match block:
            case Block("csv" | "yaml", name, text) if name:
                (self._folder / name).write_text(text, encoding="utf-8")
            case Block("sh", "", text):
                self._told = self._run(text)
            case Block("text", "", text):
                assert answers(text, self._told), f"the guide says:\n{text}\nand this came:\n{self._told}"
            case Block("sh", "second-terminal", text):
                self.second = subprocess.Popen(
                    ["/bin/sh", "-c", f"exec {text}"], cwd=self._folder, env=self._environment, text=True,
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                )  # fmt: skip
            case Block("console", "second-terminal", text):
                assert self.second is not None
                assert self.second.stdin is not None
                self.second.stdin.write(text)
                self.second.stdin.flush()
            case Block("text", "second-terminal", text):
                assert self.second is not None
                assert self.second.stdout is not None
                told = "".join(self.second.stdout.readline() for _ in text.splitlines())
                assert answers(text, told), f"the guide says:\n{text}\nand this came:\n{told}"
            case _:
                raise AssertionError(f"a block of an unknown kind: {block.kind} {block.name}")

    def close(self) -> None:
        if self.second is not None:
            self.second.kill()
            self.second.wait()
            for pipe in (self.second.stdin, self.second.stdout):
                assert pipe is not None
                pipe.close()

    def _run(self, text: str) -> str:
        done = subprocess.run(
            ["/bin/sh", "-e", "-c", text], cwd=self._folder, env=self._environment, text=True, capture_output=True,
            timeout=_COMMAND_S_MAX, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{text}\n{done.stdout}{done.stderr}"
        return done.stdout
