"""Which jobs the groups have, and which adapter each is served with: kept in the database."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from sqlalchemy import Float, String, UniqueConstraint, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.hub.accounting.database import Base, Database

#: States of a job: the first two are not over.
WAITING, RUNNING, STOPPED, FAILED, DONE = "waiting", "running", "stopped", "failed", "done"


class TrainingJob(Base):
    """A job of a group; where it stands, its directory says."""

    __tablename__ = "training_job"
    __table_args__ = (UniqueConstraint("service", "group", "name"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    service: Mapped[str] = mapped_column(String(32))
    group: Mapped[str] = mapped_column(String(255))
    name: Mapped[str] = mapped_column(String(64))
    person: Mapped[str] = mapped_column(String(255))
    state: Mapped[str] = mapped_column(String(16))
    created: Mapped[str] = mapped_column(String(32))
    ended: Mapped[str] = mapped_column(String(32), default="")
    #: Seconds for which it has run.
    seconds: Mapped[float] = mapped_column(Float, default=0.0)

    @property
    def over(self) -> bool:
        """Whether it neither runs nor waits."""
        return self.state not in (WAITING, RUNNING)


class ActiveAdapter(Base):
    """The adapter that a group has chosen, and the one before; empty: none."""

    __tablename__ = "team_adapter"
    service: Mapped[str] = mapped_column(String(32), primary_key=True)
    group: Mapped[str] = mapped_column(String(255), primary_key=True)
    adapter: Mapped[str] = mapped_column(String(64))
    before: Mapped[str] = mapped_column(String(64), default="")


class TrainingStore:
    """Jobs and choices of all groups.

    Parameters
    ----------
    database
        Where they are kept.
    service
        Whose they are: several may share a database, but not their disks.
    """

    def __init__(self, database: Database, service: str) -> None:
        self._engine = database.engine
        self._service = service
        mine = select(ActiveAdapter).filter_by(service=service)
        with self._session() as session:
            # Each completion asks for it: it is here, too.
            self._chosen = {row.group: row for row in session.scalars(mine)}

    def add(self, group: str, name: str, person: str) -> TrainingJob:
        """Note a job that waits.

        Raises
        ------
        FinetuneError
            If the group has one of that name.
        """
        job = TrainingJob(
            service=self._service,
            group=group,
            name=name,
            person=person,
            state=WAITING,
            created=_now(),
            ended="",
            seconds=0.0,
        )
        try:
            with self._session() as session, session.begin():
                session.add(job)
        except IntegrityError:
            raise FinetuneError(
                f"Your group has a job named {name} already.",
                "Take another name, or delete that one, with its adapter.",
            ) from None
        return job

    def jobs(self, group: str) -> list[TrainingJob]:
        """Return the jobs of a group, the oldest first."""
        wanted = select(TrainingJob).filter_by(service=self._service, group=group)
        with self._session() as session:
            return list(session.scalars(wanted.order_by(TrainingJob.id)))

    def unfinished(self) -> list[TrainingJob]:
        """Return the jobs of all groups that are not over, the oldest first."""
        mine = select(TrainingJob).filter_by(service=self._service)
        wanted = mine.where(TrainingJob.state.in_((WAITING, RUNNING)))
        with self._session() as session:
            return list(session.scalars(wanted.order_by(TrainingJob.id)))

    def change(self, job: TrainingJob, state: str) -> None:
        """Note that a job is in another state now."""
        job.state = state
        self._note(job, state=state, ended=_now() if job.over else "")

    def spend(self, job: TrainingJob, seconds: float) -> None:
        """Note that a job has run so long since the last note."""
        self._note(job, seconds=TrainingJob.seconds + seconds)

    def remove(self, job: TrainingJob) -> None:
        """Forget a job."""
        with self._session() as session, session.begin():
            session.delete(job)

    def chosen(self, group: str) -> str:
        """Return the adapter that a group has chosen; empty: none."""
        found = self._chosen.get(group)
        return found.adapter if found else ""

    def before(self, group: str) -> str:
        """Return what a group had before that; empty: none."""
        found = self._chosen.get(group)
        return found.before if found else ""

    def choose(self, group: str, adapter: str) -> None:
        """Note which adapter a group has from now on."""
        if (now := self.chosen(group)) == adapter:
            return
        row = ActiveAdapter(service=self._service, group=group, adapter=adapter, before=now)
        with self._session() as session, session.begin():
            row = session.merge(row)
        self._chosen[group] = row

    def _note(self, job: TrainingJob, **values: Any) -> None:
        with self._engine.begin() as connection:
            connection.execute(update(TrainingJob).filter_by(id=job.id).values(**values))

    def _session(self) -> Session:
        return Session(self._engine, expire_on_commit=False)


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
