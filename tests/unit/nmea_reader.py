#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What nmea_drive says, read by a library that is not Dyno's: pynmea2. Exit status 77: it is not here.

usage: nmea_reader.py NMEA_DRIVE
"""
import datetime
import subprocess
import sys

try:
    import pynmea2
except ImportError:
    print("pynmea2 is not installed (Debian: python3-nmea2)")
    sys.exit(77)

EPOCH = datetime.datetime(1970, 1, 1)
faults = []


class Truth:
    def __init__(self, line):
        w = line.split()[1:]
        ms = int(w[0]) // 1000000
        self.utc = EPOCH + datetime.timedelta(milliseconds=ms)
        self.fix = w[1] == "1"
        self.lat, self.lon = float(w[2]), float(w[3])
        self.altitude = float(w[5]) - float(w[6]) if w[4] == "1" and self.fix else None
        self.speed = float(w[8]) if w[7] == "1" and self.fix else None
        self.course = float(w[10]) % 360 if w[9] == "1" and self.fix else None
        self.satellites = int(w[11]) if self.fix else 0


def near(what, got, want, tolerance):
    if (got is None) != (want is None) or (want is not None and abs(float(got) - want) > tolerance):
        faults.append(f"{what}: read {got}, meant {want}")


def time_of(t, m):
    if m.timestamp.replace(tzinfo=None) != t.utc.time():
        faults.append(f"{m}: time is not {t.utc.time()}")


def place(t, m):
    if t.fix:
        near(f"{m}: latitude", m.latitude, t.lat, 1e-7)
        near(f"{m}: longitude", m.longitude, t.lon, 1e-7)
    elif m.lat or m.lon:
        faults.append(f"{m}: a place without a fix")


def rmc(t, m):
    time_of(t, m)
    place(t, m)
    if m.datestamp != t.utc.date() or m.status != ("A" if t.fix else "V"):
        faults.append(f"{m}: date or status")
    near(f"{m}: knots", m.spd_over_grnd, t.speed and t.speed * 3600 / 1852, 0.006)
    course(m, m.true_course, t)


def course(m, got, t):
    want = t.course
    if got is not None and want is not None and want - float(got) > 359:
        want -= 360
    near(f"{m}: course", got, want, 0.051)


def gga(t, m):
    time_of(t, m)
    place(t, m)
    if m.gps_qual != int(t.fix) or int(m.num_sats) != t.satellites:
        faults.append(f"{m}: quality or satellites")
    near(f"{m}: altitude", m.altitude, t.altitude, 0.051)


def vtg(t, m):
    near(f"{m}: km/h", m.spd_over_grnd_kmph, t.speed and t.speed * 3.6, 0.006)
    course(m, m.true_track, t)


def gsa(t, m):
    kind = 1 if not t.fix else 2 if t.altitude is None else 3
    used = [s for s in m.data[2:14] if s]
    if int(m.mode_fix_type) != kind or len(used) != t.satellites:
        faults.append(f"{m}: kind of fix or satellites")


def main():
    out = subprocess.run([sys.argv[1]], stdout=subprocess.PIPE, timeout=30, check=True).stdout.decode("ascii")
    kinds = {"RMC": rmc, "GGA": gga, "VTG": vtg, "GSA": gsa}
    truth, in_view, n = None, 0, dict.fromkeys([*kinds, "GSV"], 0)
    for line in out.split("\n"):
        if line.startswith("#"):
            if truth and in_view != truth.satellites:
                faults.append(f"{truth.utc}: GSV has {in_view} satellites of {truth.satellites}")
            truth, in_view = Truth(line), 0
        elif line:
            if len(line) + 1 > 82 or not line.endswith("\r"):
                faults.append(f"{line!r}: too long, or without its end")
            m = pynmea2.parse(line.strip(), check=True)
            n[m.sentence_type] += 1
            if m.sentence_type == "GSV":
                in_view += len([s for s in m.data[3::4] if s])
            else:
                kinds[m.sentence_type](truth, m)
    print(n)
    if min(n.values()) < 400:
        faults.append(f"sentences are missing: {n}")
    for f in faults[:20]:
        print("FAULT", f)
    return bool(faults)


sys.exit(main())
