from tests.deploy.conftest import python

__all__ = ["python"]
