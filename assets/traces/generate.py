#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the synthetic drive: a candump log computed from a small longitudinal vehicle model.

Nothing in it was recorded. The layout of the frames is invented too; scenarios/maps/synthetic.yaml
describes it. The output is the same on every machine: basic arithmetic and a seeded generator only.

    generate.py > synthetic-drive.log
"""

import random
import sys

START_US = 1735716060_000000  # 2025-01-01 07:21:00 UTC, an arbitrary beginning
DURATION_MS = 90_000
BUS = "can0"
SEED = 20250101

# --- the vehicle ------------------------------------------------------------------------------

MASS = 1380.0  # kg
WHEEL_R = 0.312  # m
DRAG = 0.5 * 1.2 * 0.30 * 2.1  # N/(m/s)^2
ROLL = 0.011 * MASS * 9.81  # N
RATIOS = [0.0, 3.62, 2.19, 1.54, 1.16, 0.91, 0.77]
FINAL = 4.10
IDLE = 820.0
SHIFT_MS = 280
# Full-load torque, Nm, by engine speed.
TORQUE = [(700, 110), (1500, 165), (2500, 198), (3800, 212), (5200, 205), (6400, 180), (7200, 120)]

# What the driver wants: (from ms, km/h, how briskly 0..1). Driven until the next line.
PLAN = [
    (0, 0, 0.0),
    (2_000, 54, 1.0),
    (8_800, 55, 0.5),
    (11_200, 24, 0.6),  # brakes for a corner
    (15_600, 96, 1.0),
    (27_500, 70, 0.5),  # brakes again
    (31_500, 72, 0.4),
    (36_000, 131, 0.9),
    (52_000, 128, 0.4),
    (60_000, 84, 0.5),
    (67_000, 82, 0.4),
    (73_000, 48, 0.5),
    (79_000, 0, 0.45),
]
# (name, from ms, to ms)
EVENTS = [
    ("seat_belt", 0, 1_100),
    ("door_fl", 0, 600),
    ("park_brake", 0, 1_500),
    ("turn_left", 1_200, 5_200),
    ("turn_right", 10_200, 15_000),
    ("high_beam", 21_000, 23_400),
    ("turn_left", 35_200, 39_000),
    ("check_engine", 44_000, 52_000),
    ("turn_right", 68_500, 76_500),
    ("park_brake", 86_500, 90_000),
    ("door_fl", 88_000, 90_000),
]


def full_torque(rpm):
    if rpm <= TORQUE[0][0]:
        return TORQUE[0][1]
    for (r0, t0), (r1, t1) in zip(TORQUE, TORQUE[1:]):
        if rpm <= r1:
            return t0 + (t1 - t0) * (rpm - r0) / (r1 - r0)
    return 0.0


class Car:
    def __init__(self):
        self.v = 0.0  # m/s
        self.accel = 0.0
        self.rpm = IDLE
        self.gear = 0
        self.shift_left = 0  # ms until the clutch is closed again
        self.throttle = 0.0
        self.brake = 0.0
        self.coolant = 57.0
        self.oil = 49.0
        self.fuel_l = 31.6  # of 50
        self.odometer_m = 48_213_400.0
        self.rng = random.Random(SEED)
        self.shimmer = 0.0

    def driver(self, t):
        """Pedals and gear for what the plan wants now."""
        want, brisk = 0.0, 0.0
        for at, kmh, how in PLAN:
            if t >= at:
                want, brisk = kmh / 3.6, how
        error = want - self.v
        if error >= 0 and want > 0:
            self.brake += (0.0 - self.brake) * 0.05
            target = min(1.0, 0.10 + self.v * 0.0045 + error * 0.16) * (0.55 + 0.45 * brisk)
            self.throttle += (target - self.throttle) * 0.012
        else:
            self.throttle += (0.0 - self.throttle) * 0.03
            if want == 0 and self.v < 0.05:
                target = 0.25
            else:
                target = min(0.7, max(0.0, -error - 0.5) * 0.06 + (0.10 if error < -1.0 else 0.0))
            self.brake += (target - self.brake) * 0.008
        self.gears(want, brisk)

    def gears(self, want, brisk):
        if self.shift_left > 0:
            self.shift_left -= 1
            return
        gear = self.gear
        if want == 0 and self.v < 2.2:
            gear = 0
        elif gear == 0:
            gear = 1 if want > 0 else 0
        elif gear < 6 and self.rpm > (3000 + 3100 * self.throttle if want > self.v else 2500):
            gear += 1
        elif gear > 1 and self.rpm < 1250 + 300 * brisk:
            gear -= 1
        elif gear > 2 and self.rpm < 2600 and self.throttle > 0.85:  # kick-down
            gear -= 1
        if gear != self.gear:
            self.gear = gear
            self.shift_left = SHIFT_MS

    def step(self, t):
        """One millisecond."""
        self.driver(t)
        ratio = RATIOS[self.gear] * FINAL
        coupled = self.v / WHEEL_R * ratio * 9.5492966
        force = 0.0
        if self.gear and self.shift_left <= 0:
            aim = max(coupled, IDLE + 900.0 * self.throttle if self.gear == 1 else IDLE * 0.9)
            self.rpm += (aim - self.rpm) * 0.03
            torque = full_torque(self.rpm) * self.throttle - 22.0 * (1.0 - self.throttle)
            if coupled < IDLE and torque < 0:
                torque = 0.0
            force = torque * ratio * 0.92 / WHEEL_R
        elif self.gear:
            self.rpm += (max(coupled, IDLE) - self.rpm) * 0.008
        else:
            self.rpm += (IDLE - self.rpm) * 0.003
        resist = DRAG * self.v * self.v + (ROLL if self.v > 0.05 else 0.0)
        resist += self.brake * 0.95 * MASS * 9.81
        self.accel = (force - resist) / MASS
        self.v += self.accel * 0.001
        if self.v < 0.0 or (self.gear == 0 and self.brake > 0.05 and self.v < 0.03):
            self.v = 0.0
            self.accel = 0.0
        self.odometer_m += self.v * 0.001
        self.coolant += (91.0 - self.coolant) * 0.000022
        self.oil += (96.0 - self.oil) * 0.000014
        self.fuel_l -= (0.22 + self.rpm * self.throttle * 0.0022) / 3_600_000.0
        if t % 10 == 0:
            self.shimmer = (self.rng.random() - 0.5) * 9.0


# --- the frames -------------------------------------------------------------------------------


def clamp(value, top):
    return max(0, min(top, int(value + 0.5)))


def active(t):
    return {name for name, start, end in EVENTS if start <= t < end}


def le(value, size):
    return value.to_bytes(size, "little")


def be(value, size):
    return value.to_bytes(size, "big")


class Counters:
    def __init__(self):
        self.by_id = {}

    def next(self, ident):
        self.by_id[ident] = (self.by_id.get(ident, -1) + 1) & 0xF
        return self.by_id[ident]


def frames(car, t, count):
    """Every frame that is sent in this millisecond: (identifier, data)."""
    on = active(t)
    rpm = car.rpm + car.shimmer
    if t % 10 == 0:  # engine
        yield 0x0C8, (le(clamp(rpm * 4, 0xFFFF), 2) + le(clamp(car.throttle * 250, 250), 1)
                      + le(car.gear & 0xFF, 1) + le(clamp(car.throttle * 200, 255), 1)
                      + bytes([count.next(0x0C8), 0, 0]))
    if t % 20 == 3:  # brakes
        yield 0x0D4, (le(clamp(car.v * 360, 0xFFFF), 2) + le(clamp(car.brake * 250, 250), 1)
                      + bytes([1 if car.brake > 0.03 else 0])
                      + le((int(car.accel * 100) + 0x8000) & 0xFFFF, 2)
                      + bytes([0, count.next(0x0D4)]))
    if t % 20 == 7:  # wheels, Motorola byte order
        slip = 1.0 + 0.01 * car.throttle
        front, rear = clamp(car.v * 360, 0xFFFF), clamp(car.v * 360 * slip, 0xFFFF)
        yield 0x0E8, be(front, 2) + be(front, 2) + be(rear, 2) + be(rear, 2)
    if t % 100 == 11:  # body
        doors = 1 if "door_fl" in on else 0
        lights = ((1 if "turn_left" in on else 0) | (2 if "turn_right" in on else 0)
                  | (4 if "high_beam" in on else 0) | 8)
        yield 0x210, bytes([lights, doors, 1 if "seat_belt" in on else 0, 0])
    if t % 100 == 17:  # warning lamps
        lamps = ((1 if "check_engine" in on else 0) | (2 if t < 400 else 0)
                 | (4 if t < 500 else 0) | (8 if t < 1_000 else 0)
                 | (16 if "park_brake" in on else 0))
        yield 0x2A0, bytes([lamps, 0, 0, 0])
    if t % 100 == 23:  # engine, slow
        volts = 12.4 if t < 300 else 14.2 - 0.2 * car.throttle
        yield 0x1A0, bytes([clamp(car.coolant + 40, 255), clamp(car.fuel_l / 50 * 200, 200),
                            clamp(car.oil + 40, 255), clamp(volts * 10, 255),
                            0, 0, 0, count.next(0x1A0)])
    if t % 500 == 31:  # climate control unit: temperatures x 10
        outside, cabin = 184 - t // 18_000, 211 + t // 9_000
        yield 0x318, le(outside & 0xFFFF, 2) + le(cabin & 0xFFFF, 2)
    if t % 1000 == 37:  # instruments: odometer in 0.1 km, seconds since midnight
        yield 0x3F0, le(int(car.odometer_m / 100), 4) + le(7 * 3600 + 21 * 60 + t // 1000, 4)


def main(out):
    car, count, jitter = Car(), Counters(), random.Random(SEED + 1)
    for t in range(DURATION_MS):
        car.step(t)
        at = START_US + t * 1000 + int(jitter.random() * 120)
        for ident, data in frames(car, t, count):
            out.write(f"({at // 1000000}.{at % 1000000:06d}) {BUS} {ident:03X}#{data.hex().upper()}\n")
            at += 230  # what a frame takes on the bus at 500 kbit/s, about


if __name__ == "__main__":
    main(sys.stdout)
