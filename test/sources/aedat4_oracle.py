# What two other readers make of AEDAT 4 files: a JSON line for each file and reader, with a sha256 over all t (int64), x and y
# (uint16) and p (uint8), as `info --digest` has it.
import hashlib
import json
import sys

import numpy


def digest(parts):
    columns = zip(("<i8", "<u2", "<u2", "u1"), zip(*parts)) if parts else ()
    sha = hashlib.sha256()
    for dtype, arrays in columns:
        for array in arrays:
            sha.update(numpy.ascontiguousarray(array).astype(dtype).tobytes())
    return sha.hexdigest()


def with_dv(path):
    import dv_processing

    reader = dv_processing.io.MonoCameraRecording(path)
    parts = []
    while (batch := reader.getNextEventBatch()) is not None:
        events = batch.numpy()
        parts.append((events["timestamp"], events["x"], events["y"], events["polarity"]))
    triggers = []
    while (batch := reader.getNextTriggerBatch()) is not None:
        triggers += [[t.timestamp, int(t.type.value)] for t in batch]
    return parts, reader.getEventResolution(), triggers


def with_faery(path):
    import faery

    stream = faery.events_stream_from_file(path)
    parts = [(events["t"], events["x"], events["y"], events["on"]) for events in stream]
    return parts, stream.dimensions(), None


for path in sys.argv[1:]:
    for name, read in (("dv_processing", with_dv), ("faery", with_faery)):
        parts, size, triggers = read(path)
        told = {
            "reader": name,
            "events": sum(len(part[0]) for part in parts),
            "size": list(size),
            "digest": digest(parts),
            "triggers": triggers,
        }
        print(json.dumps(told))
