"""Who acts when a page calls a service."""

from aistudio.studio import Actor

PAGE = Actor(origin="page")
