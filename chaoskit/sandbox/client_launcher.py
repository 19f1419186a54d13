"""The launcher of an experiment's clients: ``python -I -S client_launcher.py PLAN PROGRAM ARGUMENT…``.

It puts the program into the sandbox by the plan in the file ``PLAN`` (JSON, see ``inside.py``), with its own environment, folder and
streams, waits for it, and ends as it ended, by the same signal or exit code. Both are in one process group, which is signalled as a whole.
"""

import contextlib
import json
import os
import resource
import signal
import sys

sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
from chaoskit.sandbox.inside import start_inside  # `python -I` knows no other way to it

NOT_STARTED = 126


def complain(error: OSError, what: str = "get into the sandbox") -> None:
    """Say on standard error what the system would not do."""
    os.write(2, f"cannot {what}: {error.strerror or error}\n".encode())


def main() -> None:
    """Start the program inside, and end as it does."""
    argv, folder = sys.argv[2:], os.getcwd()
    with open(sys.argv[1], "rb") as file:
        plan = json.load(file)

    def become() -> None:
        os.chdir(folder)
        for number in (
            signal.SIGPIPE,
            signal.SIGXFSZ,
            signal.SIGINT,
        ):  # what Python does with these, a child would inherit
            signal.signal(number, signal.SIG_DFL)
        try:
            os.execvp(argv[0], argv)  # noqa: S606
        except OSError as error:
            complain(error, f"start {argv[0]}")

    try:
        child = start_inside(plan, become, complain)
    except OSError as error:
        complain(error)
        sys.exit(NOT_STARTED)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # the client's own core dump is enough
        with contextlib.suppress(OSError):  # SIGKILL has no other
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(abs(code))


if __name__ == "__main__":
    main()
