"""State that Keras's layout has no place for, in a group of its own that old readers ignore.

Keras does not save, for instance, the step count of RMSprop or the corrections of
BatchNormalization's averages, so training that is resumed from its files goes on differently.
Here each array is an attribute of the group `kir_state`, because a reader that lists a file's data
sets must find Keras's only.
"""

from __future__ import annotations

from collections.abc import Mapping

import h5py
import numpy as np

from kir.errors import FileFormatError
from runtime.hdf5.opening import reporting_damage
from runtime.hdf5.reading import member
from runtime.hdf5.safety import check_attributes

STATE = "kir_state"


def write_state(group: h5py.Group, state: Mapping[str, np.ndarray]) -> None:
    """Writes named arrays; an empty mapping leaves no trace."""
    if not state:
        return
    # A group that tracks the order of its attributes keeps them outside its header, which is the
    # only way to have attributes of more than 64 kB.
    attributes = group.create_group(STATE, track_order=True).attrs
    for name, array in state.items():
        attributes.create(name, np.asarray(array))


def read_state(group: h5py.Group) -> dict[str, np.ndarray]:
    """The named arrays of `write_state`; none if there are none."""
    with reporting_damage(group):
        if STATE not in group:
            return {}
        stored = member(group, STATE, h5py.Group)
        check_attributes(stored)
        state = {name: np.asarray(value) for name, value in stored.attrs.items()}
    for name, array in state.items():
        if array.dtype.kind not in "biufc":
            raise FileFormatError(
                f"Attribute {name!r} of {STATE!r} in {group.file.filename!r} holds {array.dtype}, "
                "not numbers; the file is damaged. Save the model again."
            )
    return state
