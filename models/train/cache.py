"""Arrays that take long to make, laid down under .state. A folder has its name when it is whole: two runs may begin at once."""
import os
import shutil
from pathlib import Path

import numpy as np


def lay_down(folder: Path, arrays: dict[str, np.ndarray]) -> None:
    """NAME.npy each. When another run was first, its folder stays: it holds the same."""
    part = folder.with_name(f"{folder.name}.{os.getpid()}")
    part.mkdir(parents=True, exist_ok=True)
    for name, values in arrays.items():
        np.save(part / f"{name}.npy", values)
    try:
        part.rename(folder)
    except OSError:
        shutil.rmtree(part)
        if not folder.exists():
            raise
