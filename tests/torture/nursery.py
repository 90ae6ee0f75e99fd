"""The other side of `zygote.Zygote`: forks a child per order, and watches it or waits for it.

python -m tests.torture.nursery DESCRIPTOR...     (sockets; each speaks lines of JSON)
"""

import json
import logging
import os
import random
import select
import signal
import socket
import sys
import threading
import time
import traceback
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from tests.patience import Patience, kept_waiting
from tests.torture import calls, light, supervisor, surroundings
from tests.torture.zygote import CannotWatchError, Order, Outcome

_LOOK: Final = 1.0  # seconds between looks whether it had its time


def main() -> None:
    """Load everything, then fork a zygote per socket and wait until all of them have ended."""
    channels = [socket.socket(fileno=int(number)) for number in sys.argv[1:]]
    logging.disable(logging.WARNING)
    for number in (signal.SIGINT, signal.SIGTERM):  # it is the run that ends, and hangs up
        signal.signal(number, signal.SIG_IGN)
    with light.warmed():
        for channel in channels:
            if os.fork() == 0:
                for other in channels:
                    if other is not channel:
                        other.close()
                try:
                    _serve(channel)
                except BaseException:  # noqa: BLE001 -- said, and the process ends here
                    traceback.print_exc()
                finally:
                    os._exit(0)
        for channel in channels:
            channel.close()
        for _ in channels:
            os.wait()


def _serve(channel: socket.socket) -> None:
    """Carry out orders until the other side hangs up."""
    lines = channel.makefile("rw", encoding="utf-8")
    for line in lines:
        order = Order(**json.loads(line))
        try:
            answer = asdict(_carry_out(order))
        except CannotWatchError as error:
            answer = {"refused": str(error)}
        lines.write(json.dumps(answer) + "\n")
        lines.flush()


def _carry_out(order: Order) -> Outcome:
    ours, theirs = socket.socketpair()
    assert threading.active_count() == 1, "a fork would leave threads behind"
    pid = os.fork()
    if pid == 0:
        ours.close()
        _child(order, theirs)
    theirs.close()
    with ours:
        return _watch(order, pid, ours)


def _watch(order: Order, pid: int, channel: socket.socket) -> Outcome:
    if not order.watched:
        return _wait(order, pid, channel)
    try:
        listener = supervisor.receive(channel)
    except OSError as error:
        os.waitpid(pid, 0)
        raise CannotWatchError(str(error)) from error
    with surroundings.answering(order.surroundings, order.workspace, order.record) as answer:
        watch = supervisor.Supervisor(pid, listener, (order.workspace,), answer)
        ended = watch.watch(kill_at=order.kill_at or None, while_it_runs=order.while_it_runs)
    return _outcome(
        channel,
        ended.status,
        calls=ended.calls,
        at="" if ended.killed_at is None else str(ended.killed_at).replace(order.workspace, ""),
        hung=ended.hung,
        seconds=ended.seconds,
    )


def _wait(order: Order, pid: int, channel: socket.socket) -> Outcome:
    """Let it run unwatched, and kill it when its time has come."""
    began = time.monotonic()
    patience = Patience(pid)
    hung = ""
    ended = os.pidfd_open(pid)
    poll = select.poll()
    poll.register(ended, select.POLLIN)
    left = order.after or _LOOK
    while not poll.poll(1000 * left + 1):
        if order.after:  # counted from when the machine lets it work
            left = order.after - (time.monotonic() - began - kept_waiting(pid))
        else:
            hung = patience.over()
        if left <= 0 or hung:
            os.kill(pid, signal.SIGKILL)
            break
    os.close(ended)
    _, status = os.waitpid(pid, 0)
    seconds = time.monotonic() - began
    return _outcome(channel, status, calls=0, at="", hung=hung, seconds=seconds)


def _outcome(
    channel: socket.socket, status: int, *, calls: int, at: str, hung: str, seconds: float
) -> Outcome:
    code = os.waitstatus_to_exitcode(status)
    channel.settimeout(1)
    text = b""
    with suppress(OSError):
        while part := channel.recv(1 << 16):
            text += part
    notes: dict[str, Any] = {}
    for line in text.decode().splitlines():
        note = json.loads(line)
        if "step" in note:
            notes.setdefault("steps", []).append(note["step"])
        else:
            notes |= note
    killed = code == -signal.SIGKILL and not hung
    at = at or (notes.get("steps") or [""])[-1]
    return Outcome(killed, code, calls, at, hung, seconds, **notes)


def _child(order: Order, channel: socket.socket) -> None:
    """Do what was ordered; never returns."""
    code = 1
    try:
        random.seed(order.seed)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if order.watched:
            try:
                listener = calls.stop_here()
            except OSError as error:
                channel.send(str(error).encode())
                os._exit(2)
            socket.send_fds(channel, [b"-"], [listener])
            os.close(listener)
        light.run(order.task, Path(order.workspace), order.seed, order.step, channel)
        code = 0
    except BaseException:  # noqa: BLE001 -- it is reported, and the process ends here
        channel.sendall(json.dumps({"error": traceback.format_exc()}).encode() + b"\n")
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()
