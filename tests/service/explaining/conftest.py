from tests.service.conftest import desk

__all__ = ["desk"]
