"""The training jobs of the groups and the adapter that each has activated, in the database."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from sqlalchemy import Float, String, UniqueConstraint, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.hub.accounting.database import Base, Database

#: States of a job; one that is waiting or running is unfinished.
WAITING, RUNNING, STOPPED, FAILED, DONE = "waiting", "running", "stopped", "failed", "done"


class TrainingJob(Base):
    """A job of a group; its progress is in its directory."""

    __tablename__ = "training_job"
    __table_args__ = (UniqueConstraint("service", "group", "name"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    service: Mapped[str] = mapped_column(String(32))
    group: Mapped[str] = mapped_column(String(255))
    name: Mapped[str] = mapped_column(String(64))
    user: Mapped[str] = mapped_column(String(255))
    state: Mapped[str] = mapped_column(String(16))
    created: Mapped[str] = mapped_column(String(32))
    ended: Mapped[str] = mapped_column(String(32), default="")
    #: Seconds for which it has run.
    seconds: Mapped[float] = mapped_column(Float, default=0.0)

    @property
    def is_finished(self) -> bool:
        """Whether it neither runs nor waits."""
        return self.state not in (WAITING, RUNNING)


class ActiveAdapter(Base):
    """The adapter that a group has activated, and the one before it; empty: none."""

    __tablename__ = "team_adapter"
    service: Mapped[str] = mapped_column(String(32), primary_key=True)
    group: Mapped[str] = mapped_column(String(255), primary_key=True)
    adapter: Mapped[str] = mapped_column(String(64))
    previous: Mapped[str] = mapped_column(String(64), default="")


class TrainingStore:
    """Jobs and active adapters of all groups.

    Parameters
    ----------
    database
        The database.
    service
        Name of the service that has their files: several may share a database, but not their disks.
    """

    def __init__(self, database: Database, service: str) -> None:
        self._engine = database.engine
        self._service = service
        own = select(ActiveAdapter).filter_by(service=service)
        with self._session() as session:
            # Cached: each request for a completion needs the adapter of its group.
            self._active = {row.group: row for row in session.scalars(own)}

    def add(self, group: str, name: str, user: str) -> TrainingJob:
        """Add a waiting job.

        Parameters
        ----------
        group
            The group that it is for.
        name
            Name of the job within the group.
        user
            The recorded name of the user who submitted it.

        Raises
        ------
        FinetuneError
            If the group has a job of that name.
        """
        job = TrainingJob(
            service=self._service,
            group=group,
            name=name,
            user=user,
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
                "Use another name, or delete that job and its adapter.",
            ) from None
        return job

    def jobs(self, group: str) -> list[TrainingJob]:
        """Return the jobs of a group, the oldest first."""
        query = select(TrainingJob).filter_by(service=self._service, group=group)
        with self._session() as session:
            return list(session.scalars(query.order_by(TrainingJob.id)))

    def unfinished(self) -> list[TrainingJob]:
        """Return the waiting and running jobs of all groups, the oldest first."""
        own = select(TrainingJob).filter_by(service=self._service)
        query = own.where(TrainingJob.state.in_((WAITING, RUNNING)))
        with self._session() as session:
            return list(session.scalars(query.order_by(TrainingJob.id)))

    def set_state(self, job: TrainingJob, state: str) -> None:
        """Set the state of a job."""
        job.state = state
        self._update(job, state=state, ended=_now() if job.is_finished else "")

    def add_runtime(self, job: TrainingJob, seconds: float) -> None:
        """Add to the time for which a job has run."""
        self._update(job, seconds=TrainingJob.seconds + seconds)

    def remove(self, job: TrainingJob) -> None:
        """Remove a job."""
        with self._session() as session, session.begin():
            session.delete(job)

    def active_adapter(self, group: str) -> str:
        """Return the adapter that a group has activated; empty: none."""
        found = self._active.get(group)
        return found.adapter if found else ""

    def previous_adapter(self, group: str) -> str:
        """Return the adapter that a group had active before; empty: none."""
        found = self._active.get(group)
        return found.previous if found else ""

    def set_active_adapter(self, group: str, adapter: str) -> None:
        """Set the active adapter of a group; the one until now becomes the previous one."""
        if (active := self.active_adapter(group)) == adapter:
            return
        row = ActiveAdapter(service=self._service, group=group, adapter=adapter, previous=active)
        with self._session() as session, session.begin():
            row = session.merge(row)
        self._active[group] = row

    def _update(self, job: TrainingJob, **values: Any) -> None:
        with self._engine.begin() as connection:
            connection.execute(update(TrainingJob).filter_by(id=job.id).values(**values))

    def _session(self) -> Session:
        return Session(self._engine, expire_on_commit=False)


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
