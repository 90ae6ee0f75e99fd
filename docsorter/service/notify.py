"""Tell systemd how we are: sd_notify(3) in a few lines, silent where there is no systemd."""

import os
import socket
from collections.abc import Mapping

_PATIENCE = 0.2  # seconds


class Notifier:
    """Sends state lines to the socket named by NOTIFY_SOCKET.

    Args:
        environment: Where NOTIFY_SOCKET and WATCHDOG_USEC are looked up.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        # "@" marks the abstract namespace, which the kernel writes as a leading NUL.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        microseconds = environment.get("WATCHDOG_USEC", "")
        self.ping_seconds: float | None = (
            int(microseconds) / 2_000_000 if microseconds.isdigit() else None
        )

    def send(self, *lines: str) -> bool:
        """Send state lines such as "READY=1"; return whether somebody listens."""
        if not self._address:
            return False
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
            sender.settimeout(_PATIENCE)  # one that does not read must not hold the daemon up
            try:
                sender.connect(self._address)
                sender.sendall("\n".join(lines).encode())
            except OSError:  # a service manager that went away must not take us along
                return False
        return True

    def ready(self, status: str) -> None:
        """Start-up is over."""
        self.send("READY=1", f"STATUS={status}")

    def status(self, status: str) -> None:
        """Say in a line what is going on."""
        self.send(f"STATUS={status}")

    def ping(self) -> None:
        """Say that watcher, workers and store all moved."""
        self.send("WATCHDOG=1")

    def stopping(self) -> None:
        """Draining has begun."""
        self.send("STOPPING=1", "STATUS=finishing what was begun")
