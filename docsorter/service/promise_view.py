"""What was promised and earned, read from the store for people; changes nothing."""

from docsorter.configuration import Configuration
from docsorter.decide.rule_key import rule_key
from docsorter.documents import SortRule
from docsorter.model.bundle import CARD
from docsorter.model.card import ModelCard, read_card
from docsorter.model.registry import ModelRegistry, refuse_changed
from docsorter.service import earning_words as words
from docsorter.service.position import Position, read
from docsorter.service.sort_rule import sort_rule
from docsorter.store import PromiseMove, Store, Why

_RECENT = 200


class Viewer:
    """Looks at the evidence about the model in use, without loading the model.

    Args:
        configuration: The workspace.
        store: Its database.

    Raises:
        ModelError: The model in use has no readable card, or was replaced since its promotion.
        SettingsError: The settings do not fit the model.
    """

    def __init__(self, configuration: Configuration, store: Store) -> None:
        settings = configuration.settings
        used = ModelRegistry(configuration.state / "models").in_use(settings.model.bundle)
        self._store = store
        self._promise = settings.promise
        self.card: ModelCard = read_card(used.path / CARD)
        """Of the model in use."""
        self.rule: SortRule = sort_rule(
            self.card, settings.decide.threshold, settings.decide.policies
        )
        """Its rule as the settings make it."""
        self.rule_key: str = rule_key(refuse_changed(used), self.rule, self.card.labels)
        """What evidence about it belongs to."""

    def brief(self) -> str:
        """Return what the threshold in use rested on when it last changed; reads one row."""
        history = self._store.promises(self.rule_key, limit=1)
        if history and history[0].threshold is not None:
            return words.changed_statement(history[0])
        return words.nothing_yet(None, self._promise.target_error, self._promise.confidence)

    def position(self) -> Position:
        """Return where the evidence stands, as the daemon has last moved the threshold."""
        return read(self._store, self.rule_key, self._promise.pilot_documents)


def last_alarm(store: Store) -> PromiseMove | None:
    """Return the alarm that the threshold in use was moved by last; None when that was no alarm."""
    for moved in reversed(store.promises(limit=_RECENT)):
        if moved.why is not Why.SAMPLING:
            return moved if moved.why is Why.ALARM else None
    return None


def alarm_words(alarm: PromiseMove) -> str:
    """Say what raised an alarm and what came of it."""
    wrong, checked = alarm.detail.get("alarm_errors"), alarm.detail.get("alarm_checked")
    before, now = alarm.detail.get("before"), alarm.threshold
    above = f" above {before:.4f}" if isinstance(before, float) else ""
    then = "nothing is sorted alone now" if now is None else f"the threshold is {now:.4f} now"
    return f"{wrong} of {checked} checks{above} were wrong; {then}"
