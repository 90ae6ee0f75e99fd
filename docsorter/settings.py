"""One typed settings model, used by the commands, the daemon and the tests.

Precedence: flag > environment (`DOCSORTER_SECTION__NAME`) > docsorter.toml > default.
"""

from pathlib import Path
from typing import Annotated, Literal, Self

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

Seconds = Annotated[float, Ge(0)]
Label = Annotated[str, Field(pattern=r"^[^\W_][\w .+-]{0,63}$")]


class Section(BaseModel):
    """A table of docsorter.toml; the sentence below a value is what people read of it."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class ModelSettings(Section):
    """Which model bundle decides."""

    bundle: str = "promoted"
    """`promoted`: what docsorter model promote chose last, at first the starter. Any other value
    pins a bundle: its name in the state folder, `starter`, or a path."""
    threads: Annotated[int, Ge(0), Le(256)] = 0
    """Threads of the classifier; 0 means what docsorter bench model chose, else one for every two
    cores."""


class DecideSettings(Section):
    """When a document is sorted without a person."""

    autonomy: Literal["starter", "earned"] = "starter"
    """starter: sort at the threshold on the model's card, uncertified on your paper. earned: show
    everything to a person until the evidence from your own paper certifies promise.target_error."""
    policies: dict[Label, Literal["auto", "review", "never"]] = Field(default_factory=dict)
    """Per label: sort alone, always ask, or never offer."""
    threshold: Annotated[float, Ge(0), Le(1)] | None = None
    """Confidence needed to sort alone, in place of the card's; less than the card's is refused."""


class PromiseSettings(Section):
    """What is promised of documents sorted alone, and how it is checked."""

    target_error: Annotated[float, Gt(0), Lt(0.5)] = 0.01
    """Share of the documents sorted alone that may be wrong."""
    confidence: Annotated[float, Ge(0.5), Lt(1)] = 0.95
    """Confidence level of the promise."""
    miss_rate: Annotated[float, Ge(0), Lt(1)] = 0.05
    """Share of the wrong documents that people miss, at most; assumed until enough documents were
    answered twice."""
    double: Annotated[float, Ge(0), Le(1)] = 0.05
    """Share of the checks with a right first answer that somebody else is asked again, blind, so
    that miss_rate is measured."""
    pilot_documents: Annotated[int, Ge(1), Le(10_000)] = 50
    """The first so many documents of a new model fix its possible thresholds; they go to a person
    and are no evidence."""
    days_to_alarm: Annotated[float, Gt(0), Le(365)] = 5.0
    """Days that may pass, on average, from a jump of the error to the alarm."""
    jump: Annotated[float, Gt(0), Lt(1)] = 0.1
    """The error after the jump that is to be noticed so soon; greater than target_error."""
    vigilance: Annotated[float, Ge(1)] = 3.0
    """So many times more is checked while errors raise the alarm level."""
    rehearsal: Annotated[float, Ge(0), Le(1)] = 0.3
    """Shadow evaluation of a trained model that waits to be put to use: least share of all
    documents that is asked about blind, as evidence of its own; 0 lets it begin with nothing."""
    starter_share: Annotated[float, Ge(0), Le(1)] = 0.0
    """With decide.autonomy = "starter": share of the documents that is also shown to a person,
    without a suggestion, so that evidence is there when it is needed."""

    @model_validator(mode="after")
    def _limits_fit(self) -> Self:
        if self.jump <= self.target_error:
            raise ValueError(f"jump = {self.jump} is no jump above target_error")
        return self


class LearningSettings(Section):
    """When docsorter retrain --auto trains and promotes, and what a new model has to show."""

    least_answers: Annotated[int, Ge(1)] = 50
    """With --auto: train only when so many answers are new."""
    days_between: Annotated[float, Ge(0), Le(3650)] = 7.0
    """With --auto: promote at most once in so many days."""
    rehearsal_days: Annotated[float, Gt(0), Le(3650)] = 21.0
    """With autonomy earned: a candidate is given up when it has not passed its gate and its shadow
    evaluation within so many days."""
    margin: Annotated[float, Gt(0), Le(0.2)] = 0.02
    """A new model must be shown to be worse by less than this share of documents."""
    confidence: Annotated[float, Gt(0.5), Lt(1)] = 0.95
    """How sure that is to be."""
    label_margin: Annotated[float, Gt(0), Le(1)] = 0.05
    """No label may get worse by more than this share of its checked documents."""
    sure_of_another: Annotated[float, Gt(0.5), Le(1)] = 0.95
    """An answer is suspicious when the model gave another label this probability or more."""
    threads: Annotated[int, Ge(0), Le(256)] = 0
    """Threads of a training; 0 means one core less than there are."""
    hours: Annotated[float, Gt(0), Le(240)] = 12.0
    """A training is stopped after so long; the same command goes on where it was."""


class DriftSettings(Section):
    """What is done when documents are no longer like those before."""

    probation_checks: Annotated[int, Ge(0), Le(1000)] = 20
    """With autonomy earned: the new-scanner hold lasts until so many checks of its documents were
    right; 0 holds none."""


class PlacesSettings(Section):
    """Where the roots are; a relative path is relative to the workspace."""

    inbox: Path = Path("inbox")
    """Where scans are dropped."""
    sorted: Path = Path("sorted")
    """Where sure documents go."""
    review: Path = Path("review")
    """Where documents wait for a person."""
    rejected: Path = Path("rejected")
    """Where refused files go, each with its reason."""
    state: Path = Path(".docsorter")
    """Database, spool, backups and models; local disk only."""


class IntakeSettings(Section):
    """When a file in the inbox is complete."""

    rest_seconds: Seconds = 2.0
    """A file is complete when size and time have not changed for this long."""
    slow_rest_seconds: Seconds = 15.0
    """The same for a file whose format end is missing."""
    rescan_seconds: Annotated[float, Ge(0.2), Le(3600)] = 30.0
    """The inbox is read completely this often, also without file events."""
    recursive: bool = True
    """Read sub-folders too; their name becomes the document's source."""
    watch: Literal["auto", "events", "polling"] = "auto"
    """How to notice files; auto polls on network and virtual file systems."""
    poll_seconds: Annotated[float, Ge(0.2), Le(3600)] = 5.0
    """How often to read the inbox when polling."""
    duplicates: Literal["skip", "keep", "review"] = "skip"
    """The same bytes again: reject as duplicate, sort again, or ask a person."""
    ignore: tuple[str, ...] = ()
    """More name patterns to leave alone, beside the built-in ones (*.part, ~$*, ...)."""


class PagesSettings(Section):
    """Limits of the sandboxed child that reads one document."""

    page_cap: Annotated[int, Ge(1), Le(1000)] = 8
    """Read at most so many pages of a document that have something on them."""
    blank: Literal["skip", "count"] = "skip"
    """Pages with nothing on them: leave them out of the verdict, or take them for pages."""
    max_file_mb: Annotated[float, Gt(0)] = 512.0
    """Reject larger files."""
    max_megapixels: Annotated[float, Gt(0)] = 200.0
    """Reject pictures with more pixels than this."""
    time_limit_seconds: Annotated[float, Gt(0)] = 60.0
    """Wall clock for one document."""
    memory_limit_mb: Annotated[int, Ge(256)] = 1024
    """Address space of the child."""


class WordsSettings(Section):
    """The words of a page, which are asked for where the picture leaves a document open."""

    read: Literal["unsure", "never"] = "unsure"
    """Read words of documents that the picture is not sure of, or of none."""
    languages: tuple[Annotated[str, Field(pattern=r"^[A-Za-z_]{3,}(/[A-Za-z_]+)?$")], ...] = (
        "eng",
        "deu",
    )
    """What scans are written in, by Tesseract's names; those not installed are left out."""
    keep: bool = False
    """Whether the words that were read are kept, to search for them. Switched off again, those that
    were kept are erased by the next daily maintenance."""


class DeliverSettings(Section):
    """Where and how a sorted document is put."""

    template: str = "{label}/{received:%Y}/{name}"
    """Path under the sorted root; fields: label, name, stem, suffix, received, source, id."""
    sidecar: bool = True
    """Write NAME.json beside each delivered document."""
    file_mode: Annotated[str, Field(pattern=r"^0?[0-7]{3}$")] = "0640"
    """Mode of delivered files, octal."""
    dir_mode: Annotated[str, Field(pattern=r"^[0-7]?[0-7]{3}$")] = "2750"
    """Mode of folders made on the way, octal."""
    group: str = ""
    """Group of delivered files; empty keeps the daemon's."""


class RetentionSettings(Section):
    """What is erased by itself; 0 means never. The log of events is always kept."""

    rejected_days: Annotated[int, Ge(0), Le(36500)] = 0
    """Forget rejected documents, files included, after so many days."""
    predictions_days: Annotated[int, Ge(0), Le(36500)] = 0
    """Remove the stored predictions and words of finished documents after so many days."""


class ReviewSettings(Section):
    """The queue of documents that wait for a person."""

    lease_seconds: Annotated[float, Gt(0)] = 600.0
    """A reviewer holds an entry this long before others may take it."""
    skip_seconds: Seconds = 3600.0
    """A skipped entry comes last for this long."""
    age_limit_hours: Annotated[float, Ge(0)] = 24.0
    """What has waited this long comes before all else; 0 knows no limit."""
    double: Annotated[float, Ge(0), Le(1)] = 0.0
    """Share of answers that are asked again, blind, of another reviewer; e.g. 0.05."""
    shared_accounts: tuple[str, ...] = ()
    """Unix accounts that several people use: from them everybody says who they are, with --as NAME
    or DOCSORTER_REVIEWER."""
    pictures: Literal["auto", "sixel", "kitty", "blocks", "dots", "off"] = "auto"
    """How docsorter review draws pages; auto asks the terminal, dots do without colour."""
    tone: Literal["off", "hint"] = "off"
    """hint: tell how the words of a waiting document sound (extra `tone`); never in a verdict."""


class StoreSettings(Section):
    """The database."""

    url: str = ""
    """Empty means SQLite in the state folder; else sqlite:///file.db or
    postgresql+psycopg://user@host/name (extra `postgresql`)."""
    busy_seconds: Annotated[float, Gt(0)] = 30.0
    """Wait this long for another writer."""
    backups: Annotated[int, Ge(1), Le(1000)] = 5
    """Keep so many backups made before migrations."""


class ServiceSettings(Section):
    """The daemon."""

    workers: Annotated[int, Ge(0), Le(256)] = 0
    """Documents read at the same time; 0 means one per core."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """How much the daemon logs."""
    log_format: Literal["text", "json"] = "text"
    """One line of text or of JSON per event."""
    min_free_mb: Annotated[float, Ge(0)] = 100.0
    """Pause the intake when a root has less space than this."""
    group: str = ""
    """Unix group of reviewers: owns state, spool and review (2770/0660)."""


class Settings(BaseSettings):
    """Everything that can be set; `docsorter.configuration` reads it from its sources."""

    model_config = SettingsConfigDict(
        env_prefix="DOCSORTER_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
    )

    places: PlacesSettings = PlacesSettings()
    intake: IntakeSettings = IntakeSettings()
    pages: PagesSettings = PagesSettings()
    words: WordsSettings = WordsSettings()
    model: ModelSettings = ModelSettings()
    decide: DecideSettings = DecideSettings()
    promise: PromiseSettings = PromiseSettings()
    deliver: DeliverSettings = DeliverSettings()
    review: ReviewSettings = ReviewSettings()
    learning: LearningSettings = LearningSettings()
    drift: DriftSettings = DriftSettings()
    store: StoreSettings = StoreSettings()
    retention: RetentionSettings = RetentionSettings()
    service: ServiceSettings = ServiceSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take values as given: `docsorter.configuration` merges sources and keeps origins."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)
