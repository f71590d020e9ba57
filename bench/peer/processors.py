"""Where engines run. Processors may differ by a tenth for seconds at a time, so engines that are compared on
fewer threads than there are processors share the same ones in a round, and others in the next."""
import contextlib
import os


def of_turn(count, turn):
    """The `count` processors of that round."""
    ordered = sorted(os.sched_getaffinity(0))
    return {ordered[(turn * count + i) % len(ordered)] for i in range(count)}


@contextlib.contextmanager
def kept(count, turn, running=()):
    """Keeps the processes that are started meanwhile on the round's processors, and of the `running` ones
    (process ids) the main threads, which call the engine: their helpers may go where there is room."""
    usable = os.sched_getaffinity(0)
    chosen = of_turn(count, turn)
    if chosen == usable:
        yield
        return
    everyone = (0, *running)
    try:
        for process in everyone:
            os.sched_setaffinity(process, chosen)
        yield
    finally:
        for process in everyone:
            with contextlib.suppress(ProcessLookupError):
                os.sched_setaffinity(process, usable)
