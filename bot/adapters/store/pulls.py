"""The PullRows port: the local forge's pull requests and comments of one repository."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row
from sqlalchemy.exc import IntegrityError

from bot.adapters.store.schema import Database, comments, pulls
from bot.changes.change import PullRequest
from bot.errors import Stale
from bot.refs import Sha


class SqlPullRows:
    """Git is the truth of them: a step saves its incident after them, and where they are lost, it is taken again and makes them anew."""

    def __init__(self, database: Database, repository: str) -> None:
        self._database, self._repository = database, repository

    def pull(self, branch: str) -> PullRequest | None:
        here = sa.and_(pulls.c.repository == self._repository, pulls.c.branch == branch)
        with self._database.reading() as connection:
            row = connection.execute(pulls.select().where(here).order_by(pulls.c.number.desc()).limit(1)).first()
        return None if row is None else _pull(row)

    def save_pull(self, pull: PullRequest) -> PullRequest:
        values: dict[str, Any] = {
            "repository": self._repository,
            "number": pull.number,
            "branch": pull.branch,
            "target": pull.target,
            "head": pull.head,
            "state": pull.state,
            "merge": pull.merge,
            "url": pull.url,
        }
        try:
            with self._database.writing(lasting=False) as connection:
                if pull.number:
                    connection.execute(self._database.upsert(pulls, ("repository", "number"), values))
                else:
                    here = pulls.c.repository == self._repository
                    last = connection.execute(sa.select(sa.func.max(pulls.c.number)).where(here)).scalar()
                    values["number"] = (last or 0) + 1
                    connection.execute(pulls.insert().values(**values))
        except IntegrityError as error:
            raise Stale(f"pull request {values['number']} was taken by somebody else") from error
        return PullRequest(values["number"], pull.branch, pull.target, pull.head, pull.state, pull.merge, pull.url)

    def save_comment(self, number: int, key: str, text: str) -> None:
        values = {"repository": self._repository, "pull": number, "key": key, "text": text}
        with self._database.writing(lasting=False) as connection:
            connection.execute(self._database.upsert(comments, ("repository", "pull", "key"), values))

    def comments(self, number: int) -> Mapping[str, str]:
        here = sa.and_(comments.c.repository == self._repository, comments.c.pull == number)
        with self._database.reading() as connection:
            rows = connection.execute(comments.select().where(here).order_by(comments.c.number)).all()
        return {row.key: row.text for row in rows}


def _pull(row: Row[tuple[object, ...]]) -> PullRequest:
    merge = None if row.merge is None else Sha(row.merge)
    return PullRequest(row.number, row.branch, row.target, Sha(row.head), row.state, merge, row.url)
