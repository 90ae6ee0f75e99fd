"""One typed settings model, used by the commands, the daemon and the tests.

Precedence: flag > environment (`DOCSORTER_SECTION__NAME`) > docsorter.toml > default.
"""

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from docsorter.settings.judging import (
    DecideSettings,
    DriftSettings,
    LearningSettings,
    ModelSettings,
    PromiseSettings,
)
from docsorter.settings.paper import (
    DeliverSettings,
    IntakeSettings,
    PagesSettings,
    PlacesSettings,
    RetentionSettings,
)
from docsorter.settings.section import Label, Seconds
from docsorter.settings.working import (
    ReviewSettings,
    ServiceSettings,
    StoreSettings,
)

__all__ = [
    "DecideSettings",
    "DeliverSettings",
    "DriftSettings",
    "IntakeSettings",
    "Label",
    "LearningSettings",
    "ModelSettings",
    "PagesSettings",
    "PlacesSettings",
    "PromiseSettings",
    "RetentionSettings",
    "ReviewSettings",
    "Seconds",
    "ServiceSettings",
    "Settings",
    "StoreSettings",
]


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
