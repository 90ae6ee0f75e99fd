"""How docsorter stands load: a full inbox, many writers, a million documents, care beside work.

    python -m bench.load [--waiting 100000] [--writers 50] [--documents 1000000] [--json FILE]

Every figure comes from one run on one machine; compare ratios, not seconds, between machines.
"""

import argparse
import json
import os
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.million import fill
from docsorter.clock import ManualClock, SystemClock
from docsorter.configuration import Configuration
from docsorter.documents import State
from docsorter.intake.inbox import Inbox
from docsorter.service.upkeep.maintenance import Maintenance
from docsorter.service.workspace.layout import create, migrate_workspace, open_workspace_store
from docsorter.settings import IntakeSettings
from docsorter.store import Arrival, DocumentFilter, ReviewFilter, ReviewOrder, Store

Figures = dict[str, float]
AIMS = {
    "waiting_longest_tick_cpu_s": 1.0,
    "waiting_growth_percent": 5.0,
    "writers_failed": 1,
    "query_status_ms": 100,
    "query_review_list_ms": 100,
    "query_review_list_unsure_ms": 100,
    "query_history_ms": 100,
    "query_history_label_ms": 100,
    "query_history_since_ms": 100,
    "query_history_text_common_ms": 100,
    "query_history_text_rare_ms": 100,
    "query_history_text_nowhere_ms": 100,
    "query_history_text_pair_common_ms": 100,
    "query_history_text_pair_nowhere_ms": 100,
    "query_history_text_pair_rare_ms": 100,
    "query_history_text_pair_in_label_ms": 100,
    "query_history_text_character_nowhere_ms": 100,
    "query_history_text_in_label_ms": 100,
    "query_review_text_common_ms": 100,
    "query_review_text_rare_ms": 100,
    "query_review_text_pair_common_ms": 100,
    "query_review_text_pair_nowhere_ms": 100,
    "query_review_text_pair_rare_ms": 100,
    "care_longest_wait_ms": 50,
}


def main() -> None:
    """Measure, print a table, and write the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--waiting", type=int, default=100_000, help="files in the inbox at start")
    parser.add_argument("--writers", type=int, default=50, help="concurrent writers")
    parser.add_argument("--documents", type=int, default=1_000_000, help="documents in the store")
    parser.add_argument("--json", type=Path, default=Path("bench/out/load.json"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="docsorter-load-") as name:
        figures = {
            **waiting(Path(name) / "waiting", options.waiting),
            **writers(Path(name) / "writers", options.writers, 20),
            **million(Path(name) / "million", options.documents),
        }
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    table = Table("figure", "value", "aim")
    for key, value in figures.items():
        table.add_row(key, str(value), f"under {AIMS[key]}" if key in AIMS else "")
    Console().print(table)


def waiting(folder: Path, files: int) -> Figures:
    """Let the intake find a full inbox, and hand it out 500 at a time as the daemon does."""
    folder.mkdir(parents=True)
    for number in range(files):
        (folder / f"scan-{number:06}.pdf").write_bytes(b"%PDF-1.4\n%%EOF\n")
    clock = ManualClock()
    inbox = Inbox(folder, IntakeSettings(), clock)
    ticks, work, given, walked, seen_all, empty = [], [], 0, 0, 0, resident()
    while given < files:
        began, worked = time.perf_counter(), time.process_time()
        seen = inbox.tick(500)
        ticks.append(time.perf_counter() - began)
        work.append(time.process_time() - worked)
        for observation in seen:
            inbox.forget(observation.path)
            (folder / observation.path).unlink()
        given += len(seen)
        if not seen:
            clock.advance(1.0)
        if not seen_all and inbox.last_rescan is not None:
            seen_all = resident()
        walked += 1
    return {
        "waiting_files": files,
        "waiting_ticks": walked,
        "waiting_longest_tick_s": round(max(ticks), 3),
        "waiting_longest_tick_cpu_s": round(max(work), 3),
        "waiting_all_ticks_s": round(sum(ticks), 2),
        "waiting_kb_per_file": round((seen_all - empty) / files / 1024, 2),
        "waiting_growth_percent": round(100 * (resident() - seen_all) / seen_all, 2),
        "waiting_resident_mb": round(resident() / 2**20, 1),
    }


def writers(folder: Path, count: int, each: int) -> Figures:
    """Let stores of their own, as of so many processes, write to one database side by side."""
    configuration = _workspace(folder)
    waits: list[float] = []
    failed: list[Exception] = []
    ready = threading.Barrier(count)

    def write(number: int) -> None:
        with open_workspace_store(configuration) as store:
            ready.wait()
            for turn in range(each):
                name = f"{number}-{turn}.pdf"
                began = time.perf_counter()
                try:
                    store.documents.plan_claim(Arrival(name, "", name, 1, 1), actor="bench")
                except Exception as error:  # noqa: BLE001 -- counted
                    failed.append(error)
                waits.append(time.perf_counter() - began)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(count)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    with open_workspace_store(configuration) as store:
        assert store.documents.counts().total == count * each - len(failed)
    waits.sort()
    return {
        "writers": count,
        "writers_failed": len(failed),
        "writers_per_s": round(count * each / seconds, 1),
        "writers_median_wait_ms": _ms(waits[len(waits) // 2]),
        "writers_longest_wait_ms": _ms(waits[-1]),
    }


def million(folder: Path, documents: int) -> Figures:
    """Ask a big store what people ask, and let writers wait for its care."""
    configuration = _workspace(folder)
    with open_workspace_store(configuration) as store:
        began = time.perf_counter()
        fill(store, documents)
        filled = time.perf_counter() - began
        care = Maintenance(configuration, store, SystemClock())
        began = time.perf_counter()
        undisturbed = max(_writing(store, lambda: time.sleep(2.0)))
        waits = _writing(store, lambda: care.maintain(check=True))
        took = time.perf_counter() - began - 2.0
        since = store.documents.find(limit=1)[0].arrived_at
        label, text = DocumentFilter(label="claim"), f"scan-{documents // 3}."
        questions: dict[str, Callable[[], object]] = {
            "status": lambda: (
                store.documents.counts(),
                store.review.stats(),
                store.documents.waiting_reasons(),
            ),
            "review_list": store.review.entries,
            "review_list_unsure": lambda: store.review.entries(order=ReviewOrder.UNSURE),
            "history": store.documents.find,
            "history_label": lambda: store.documents.find(label),
            "history_state": lambda: store.documents.find(DocumentFilter(state=State.REJECTED)),
            "history_since": lambda: store.documents.find(DocumentFilter(since=since)),
            "history_text_common": lambda: store.documents.find(DocumentFilter(text="scan")),
            "history_text_rare": lambda: store.documents.find(DocumentFilter(text=text)),
            "history_text_nowhere": lambda: store.documents.find(DocumentFilter(text="lost")),
            "history_text_pair_common": lambda: store.documents.find(DocumentFilter(text="an")),
            "history_text_pair_nowhere": lambda: store.documents.find(DocumentFilter(text="qz")),
            "history_text_pair_rare": lambda: store.documents.find(DocumentFilter(text="ox")),
            "history_text_pair_in_label": lambda: store.documents.find(
                DocumentFilter(text="99", label="claim")
            ),
            "history_text_character_nowhere": lambda: store.documents.find(
                DocumentFilter(text="q")
            ),
            "history_text_in_label": lambda: store.documents.find(
                DocumentFilter(text=f"{documents // 3}", label="claim")
            ),
            "review_text_common": lambda: store.review.entries(filter=ReviewFilter(text="scan")),
            "review_text_rare": lambda: store.review.entries(filter=ReviewFilter(text=text)),
            "review_text_pair_common": lambda: store.review.entries(filter=ReviewFilter(text="99")),
            "review_text_pair_rare": lambda: store.review.entries(filter=ReviewFilter(text="ox")),
            "review_text_pair_nowhere": lambda: store.review.entries(
                filter=ReviewFilter(text="qz")
            ),
            "document": lambda: store.documents.events(document_id=documents // 2),
        }
        timed = {f"query_{name}_ms": _time(ask) for name, ask in questions.items()}
        size = store.upkeep.size()
        began = time.perf_counter()
        forgetting = _writing(store, lambda: store.upkeep.forget(documents // 2, actor="bench"))
        forgot = time.perf_counter() - began
    return {
        "documents": documents,
        "documents_fill_s": round(filled, 1),
        "documents_database_mb": round(size / 2**20),
        **timed,
        "care_s": round(took, 1),
        "care_writes_meanwhile": len(waits),
        "care_longest_wait_ms": _ms(max(waits)),
        "care_longest_wait_without_ms": _ms(undisturbed),
        "forget_s": round(forgot, 1),
        "forget_longest_wait_ms": _ms(max(forgetting)),
    }


def resident() -> int:
    """Return the resident memory of this process, bytes."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _writing(store: Store, act: Callable[[], object]) -> list[float]:
    """Return how long writers had to wait, one after the other, while something else went on."""
    waits: list[float] = []
    done = threading.Event()

    def write() -> None:
        while not done.is_set():
            began = time.perf_counter()
            store.upkeep.check_writable()
            waits.append(time.perf_counter() - began)
            time.sleep(0.02)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        act()
    finally:
        done.set()
        writer.join()
    return waits


def _time(ask: Callable[[], object]) -> float:
    """Return the median of five, milliseconds."""
    times = []
    for _ in range(5):
        began = time.perf_counter()
        ask()
        times.append(time.perf_counter() - began)
    return _ms(sorted(times)[2])


def _ms(seconds: float) -> float:
    return round(1000 * seconds, 1)


def _workspace(folder: Path) -> Configuration:
    configuration, _ = create(folder)
    migrate_workspace(configuration)
    return configuration


if __name__ == "__main__":
    main()
