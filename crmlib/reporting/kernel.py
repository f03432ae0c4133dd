"""The kernel a report runs in: this very Python, this very workbench, and nothing of the user's own set-up."""

import os
import sys
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager

# IPython's history would be written to, and read by, nobody.
_ARGUMENTS = ["-m", "ipykernel_launcher", "-f", "{connection_file}", "--HistoryManager.enabled=False"]


def kernel_class(*, workspace: Path, database: str, profile: Path) -> type[AsyncKernelManager]:
    """A kernel manager that starts `sys.executable` with CRM_WORKSPACE and CRM_DATABASE set.

    No kernelspec is looked up, for one called python3 in a home folder may start any Python; `profile` is an empty
    folder in place of the user's IPython profile, whose start-up files would change what a report says.
    """
    ours = {
        "CRM_WORKSPACE": str(workspace),
        "CRM_DATABASE": database,
        "IPYTHONDIR": str(profile),
        # A checkout that is not installed is found too.
        "PYTHONPATH": os.pathsep.join(
            filter(None, [str(Path(__file__).resolve().parents[2]), os.environ.get("PYTHONPATH", "")])
        ),
        "PYTHONHASHSEED": "0",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }

    class ReportKernel(AsyncKernelManager):
        """Starts as described above, and talks over sockets in `profile` that nobody else on this machine can open."""

        def __init__(self, **named: Any) -> None:
            super().__init__(**named)
            if os.name == "posix":
                profile.mkdir(mode=0o700, exist_ok=True)
                self.transport = "ipc"
                self.connection_file = str(profile / "kernel.json")

        @property
        def kernel_spec(self) -> KernelSpec:
            return KernelSpec(argv=[sys.executable, *_ARGUMENTS], display_name="Report", language="python")

        async def start_kernel(self, **named: Any) -> None:  # type: ignore[override]  # as its parent does
            named["env"] = {**(named.get("env") or os.environ), **ours}
            await super().start_kernel(**named)

    return ReportKernel
