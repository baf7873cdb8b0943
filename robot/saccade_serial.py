#!/usr/bin/env python3
"""Receiver for saccade's serial frames; Python 3.8 or newer, standard library only. docs/serial.md is the specification.

As a program it prints one JSON object per frame:

    python3 saccade_serial.py /dev/ttyUSB0 --baud 921600

As a module:

    from saccade_serial import Receiver
    receiver = Receiver()
    for frame in receiver.feed(data):
        if frame["type"] == "detections": ...
"""

import argparse
import json
import os
import struct
import sys

VERSION = 1
MAX_FRAME = 512  # no frame is longer on the wire
DROPS, TRUNCATED, DEGRADED = 1, 2, 4  # flags


def crc16(data):
    """CRC-16/MCRF4XX; 0x6F91 for b"123456789", 0 over a payload and its CRC."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0x8408 if crc & 1 else crc >> 1
    return crc


def cobs_decode(data):
    """What was encoded, or None where a code byte points beyond the end."""
    out = bytearray()
    at = 0
    while at < len(data):
        code = data[at]
        block = data[at + 1 : at + code]
        if len(block) != code - 1:
            return None
        out += block
        at += code
        if code < 0xFF and at < len(data):
            out.append(0)
    return bytes(out)


class Receiver:
    """Splits bytes into frames. What is broken is dropped and counted."""

    def __init__(self):
        self.counts = {"frames": 0, "bad_crc": 0, "too_long": 0, "broken": 0, "unknown": 0}
        self._buffer = bytearray()
        self._too_long = False

    def feed(self, data):
        """Takes bytes as they come; yields the frames that they end, as dicts."""
        for byte in data:
            if byte != 0:
                if len(self._buffer) < MAX_FRAME - 1:
                    self._buffer.append(byte)
                else:
                    self._too_long = True
                continue
            wire, too_long = bytes(self._buffer), self._too_long
            self._buffer.clear()
            self._too_long = False
            if not wire:
                continue
            frame, problem = (None, "too_long") if too_long else parse(wire)
            if frame is None:
                self.counts[problem] += 1
            else:
                self.counts["frames"] += 1
                yield frame


def parse(wire):
    """One frame without its 00: (frame, None) or (None, cause)."""
    raw = cobs_decode(wire)
    if raw is None or len(raw) < 4:
        return None, "broken"
    if crc16(raw) != 0:
        return None, "bad_crc"
    payload = raw[:-2]
    kind = _KINDS.get(payload[0])
    if payload[1] >> 4 != VERSION or kind is None:
        return None, "unknown"
    try:
        return kind(payload), None
    except (struct.error, IndexError):
        return None, "broken"


def _detections(p):
    _, flags, seq, t_us, latency_us, count, drops = struct.unpack_from("<BBHQIBB", p)
    return {
        "type": "detections",
        "flags": flags & 15,
        "seq": seq,
        "t_us": t_us,
        "latency_us": latency_us,
        "drops": drops,
        # class, score 0..255, x, y, w, h in 1/16 pixel, track (0: none)
        "detections": [list(struct.unpack_from("<BBhhHHH", p, 18 + 12 * i)) for i in range(count)],
    }


def _heartbeat(p):
    _, flags, seq, uptime_ms, sent, dropped = struct.unpack_from("<BBHIII", p)
    return {
        "type": "heartbeat",
        "flags": flags & 15,
        "seq": seq,
        "uptime_ms": uptime_ms,
        "sent": sent,
        "dropped": dropped,
    }


def _info(p):
    _, flags, _, width, height, window_us, hop_us, model, classes, listed = struct.unpack_from("<BBHHHII8sHB", p)
    names = []
    at = 27
    for _ in range(listed):
        end = at + 1 + p[at]
        if end > len(p):
            raise IndexError
        names.append(p[at + 1 : end].decode("utf-8", "replace"))
        at = end
    return {
        "type": "info",
        "flags": flags & 15,
        "width": width,
        "height": height,
        "window_us": window_us,
        "hop_us": hop_us,
        "model": model.hex(),
        "classes": classes,
        "names": names,
    }


_KINDS = {1: _detections, 2: _heartbeat, 3: _info}


def open_port(path, baud):
    """A file descriptor that reads raw bytes; a terminal is set to `baud`, 8N1."""
    fd = os.open(path, os.O_RDONLY | os.O_NOCTTY)
    if os.isatty(fd):
        import termios
        import tty

        tty.setraw(fd, termios.TCSANOW)  # what has come already is kept
        speed = getattr(termios, "B%d" % baud, None)
        if speed is None:
            raise SystemExit("%d is not a baud that this system knows" % baud)
        settings = termios.tcgetattr(fd)
        settings[4] = settings[5] = speed
        termios.tcsetattr(fd, termios.TCSANOW, settings)
    return fd


def main():
    parser = argparse.ArgumentParser(description="Print saccade's frames as JSON, one per line.")
    parser.add_argument("port", help="serial port, file, or - for standard input")
    parser.add_argument("--baud", type=int, default=115200)
    options = parser.parse_args()
    fd = 0 if options.port == "-" else open_port(options.port, options.baud)
    receiver = Receiver()
    try:
        while True:
            data = os.read(fd, 4096)
            if not data:
                break
            for frame in receiver.feed(data):
                print(json.dumps(frame, separators=(",", ":"), ensure_ascii=False), flush=True)
    except OSError:
        pass  # unplugged
    except KeyboardInterrupt:
        pass
    print(", ".join("%s %d" % (name.replace("_", " "), n) for name, n in receiver.counts.items()), file=sys.stderr)


if __name__ == "__main__":
    main()
