"""Reads MAVLink with pymavlink, for mavlink.test.ts: hex on stdin, one JSON object per message on stdout."""
import json
import math
import os
import sys

os.environ["MAVLINK20"] = "1"
from pymavlink.dialects.v20 import common

link = common.MAVLink(None)
link.robust_parsing = True
found = []
for message in link.parse_buffer(bytes.fromhex(json.load(sys.stdin))) or []:
    fields = message.to_dict()
    for name, value in fields.items():
        if isinstance(value, float) and math.isnan(value):
            fields[name] = None
    fields["from"] = [message.get_srcSystem(), message.get_srcComponent(), message.get_seq()]
    fields["v2"] = message.get_msgbuf()[0] == 0xFD
    found.append(fields)
json.dump({"messages": found, "errors": link.total_receive_errors}, sys.stdout)
