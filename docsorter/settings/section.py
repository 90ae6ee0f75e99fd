"""What every section of the settings is."""

from typing import Annotated

from annotated_types import Ge
from pydantic import BaseModel, ConfigDict, Field

Seconds = Annotated[float, Ge(0)]
Label = Annotated[str, Field(pattern=r"^[^\W_][\w .+-]{0,63}$")]


class Section(BaseModel):
    """A table of docsorter.toml; the sentence below a value is what people read of it."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
