"""The Textual application around the screen."""

from textual.app import App

from docsorter.cli.reviewer.drawing import Looks
from docsorter.cli.reviewer.screen import ReviewScreen
from docsorter.cli.reviewer.tray import Tray
from docsorter.cli.reviewer.viewer import Viewer


class ReviewApp(App[None]):
    """Runs the reviewer's screen.

    Args:
        tray: What lies ready.
        viewer: Opens a file outside.
        looks: How to draw.
    """

    TITLE = "docsorter review"
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, tray: Tray, viewer: Viewer, looks: Looks) -> None:
        super().__init__()
        self.desk = ReviewScreen(tray, viewer, looks)

    def on_mount(self) -> None:
        """Show the screen."""
        self.push_screen(self.desk)
