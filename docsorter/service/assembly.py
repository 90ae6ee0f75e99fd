"""Everything a running docsorter is made of, opened in the right order."""

from dataclasses import dataclass

from docsorter.clock import Clock, SystemClock
from docsorter.configuration import Configuration
from docsorter.deliver.mover import Mover
from docsorter.deliver.recovery import RecoveryReport, recover
from docsorter.disk import Disk
from docsorter.documents import Place
from docsorter.resources import usable_cores
from docsorter.service.destinations import Destinations
from docsorter.service.due_work import DueWork
from docsorter.service.earning import Earning
from docsorter.service.engine import open_engine
from docsorter.service.migration import migrate_workspace, open_workspace_store
from docsorter.service.pipeline import Pipeline
from docsorter.service.probation import Probation
from docsorter.service.rehearsing import Rehearsing
from docsorter.service.roots import MountMemory, check_roots
from docsorter.service.switching import SwitchingEngine
from docsorter.service.unfinished import longest_wait
from docsorter.service.workspace import prepare_private
from docsorter.store import Store


@dataclass(frozen=True, slots=True)
class Assembly:
    """The parts that the daemon and `sort` share.

    Attributes:
        configuration: The settings of the workspace.
        store: The database.
        mover: Moves bytes between the places.
        engine: From a file to a verdict, with the model in use.
        pipeline: From the spool to a folder.
        due: What is due in the store.
        earning: What the evidence from the user's own paper allows.
        recovered: What had to be finished from an earlier run.
        workers: Documents read at the same time.
    """

    configuration: Configuration
    store: Store
    mover: Mover
    engine: SwitchingEngine
    pipeline: Pipeline
    due: DueWork
    earning: Earning
    recovered: RecoveryReport
    workers: int

    def close(self) -> None:
        """End the page reader and close the database."""
        self.engine.close()
        self.store.close()


def open_mover(configuration: Configuration, store: Store, clock: Clock) -> Mover:
    """Return what moves bytes between the places of a workspace."""
    roots = {place: configuration.root(place) for place in Place}
    return Mover(store, Disk(), roots, configuration.settings, clock)


def assemble(configuration: Configuration, clock: Clock | None = None) -> Assembly:
    """Open a workspace for work: migrate, recover, load the model.

    The caller holds the workspace's lock.

    Raises:
        DocsorterError: Something it stands on is missing or damaged, with the remedy.
    """
    clock = clock or SystemClock()
    settings = configuration.settings
    check_roots(configuration)
    MountMemory(configuration).check()
    prepare_private(configuration)
    migrate_workspace(configuration, clock)
    store = open_workspace_store(configuration, clock)
    mover = open_mover(configuration, store, clock)
    store.hasten(longest_wait(configuration, clock))  # the clock may have been set meanwhile
    recovered = recover(store, mover)
    workers = settings.service.workers or usable_cores()
    engine = SwitchingEngine(open_engine(configuration, workers), settings.pages, workers)
    rehearsing = Rehearsing(configuration, store, clock)
    earning = Earning(store, settings.decide, settings.promise, clock, rehearsal=rehearsing.share)
    if earning.is_earned:  # checks may have been settled while nothing ran
        earning.position(engine.model.rule_key, engine.card.name)
    pipeline = Pipeline(
        store=store,
        engine=engine,
        mover=mover,
        destinations=Destinations(configuration),
        intake=settings.intake,
        spool=configuration.root(Place.SPOOL),
        disk=Disk(),
        clock=clock,
        earning=earning,
        probation=Probation(configuration.state, store, settings.drift.probation_checks),
    )
    return Assembly(
        configuration=configuration,
        store=store,
        mover=mover,
        engine=engine,
        pipeline=pipeline,
        due=DueWork(store, clock),
        earning=earning,
        recovered=recovered,
        workers=workers,
    )
