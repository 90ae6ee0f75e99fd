"""What the flow of documents needs of a screen, and nothing more."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from docsorter.cli.reviewer.page_view import PageView


@dataclass(frozen=True, slots=True)
class Told:
    """A line for the person.

    Attributes:
        text: What happened.
        bad: Whether something did not work.
    """

    text: str
    bad: bool = False


class Face(Protocol):
    """What a flow needs of the screen."""

    @property
    def page_view(self) -> "PageView":
        """The page."""
        ...

    def tell(self, told: Told) -> None:
        """Show what happened."""
        ...

    def draw(self) -> None:
        """Show everything but the page anew."""
        ...

    def run_worker(self, work: Coroutine[Any, Any, None]) -> object:
        """Do something beside."""
        ...

    def call_after_refresh(self, callback: Callable[[], None]) -> object:
        """Do something once the screen shows what was asked for so far."""
        ...
