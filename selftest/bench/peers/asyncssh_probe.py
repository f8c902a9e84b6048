# SPDX-License-Identifier: Apache-2.0
"""A bare asyncssh client: one script on many nodes, the answers in files; run with a peer's own Python."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

import asyncssh  # type: ignore[import-not-found]  # it lives in the peer's own environment


async def one(place: str, chosen: argparse.Namespace, script: bytes, room: asyncio.Semaphore) -> None:
    async with (
        room,
        asyncssh.connect(
            place, username="root", client_keys=[chosen.key], known_hosts=chosen.known_hosts, config=None
        ) as connection,
    ):
        done = await connection.run("/bin/sh -s", input=script, encoding=None, check=True)
    (chosen.out / place).write_bytes(done.stdout)


async def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("--key", "--known-hosts"):
        parser.add_argument(name, required=True)
    for name in ("--places", "--script", "--out"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--at-once", type=int, required=True)
    chosen = parser.parse_args()
    room, script = asyncio.Semaphore(chosen.at_once), chosen.script.read_bytes()
    await asyncio.gather(*(one(place, chosen, script, room) for place in chosen.places.read_text().split()))


if __name__ == "__main__":
    asyncio.run(main())
