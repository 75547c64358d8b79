"""Folders of the server, as they are offered to choose from."""

from pydantic import Field

from aistudio.schema.base import Document


class Folder(Document):
    name: str
    path: str


class FolderList(Document):
    """`path` is None for the list of folders to begin with. `more`: folders left out. `files`: how many, some named."""

    path: str | None = None
    parent: str | None = None
    folders: list[Folder] = Field(default_factory=list)
    more: int = 0
    files: int = 0
    examples: list[str] = Field(default_factory=list)
