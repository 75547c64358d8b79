"""A client that speaks REST to an open studio."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from aistudio.api.app import create_api
from aistudio.studio import Studio


@pytest.fixture
def client(studio: Studio) -> Iterator[TestClient]:
    client = TestClient(create_api(studio), raise_server_exceptions=False, follow_redirects=False)
    yield client
    client.close()
