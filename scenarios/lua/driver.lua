-- SPDX-License-Identifier: Apache-2.0
-- A drive of half a minute: lamps of the start, pulling away, a corner, full throttle, a stop.

local LEFT = "Vehicle.Body.Lights.DirectionIndicator.Left.IsSignaling"
local RIGHT = "Vehicle.Body.Lights.DirectionIndicator.Right.IsSignaling"
local WANT = "Driver.WantedSpeed"

set {
	["Vehicle.Cabin.Door.Row1.DriverSide.IsOpen"] = true,
	["Vehicle.Cabin.Seat.Row1.DriverSide.IsBelted"] = false,
	["Vehicle.Chassis.ParkingBrake.IsEngaged"] = true,
	["Vehicle.Body.Lights.Beam.Low.IsOn"] = true,
	["Lamps.CheckEngine"] = true, -- the bulb check
}
wait(600)
set("Vehicle.Cabin.Door.Row1.DriverSide.IsOpen", false)
wait(500)
set("Vehicle.Cabin.Seat.Row1.DriverSide.IsBelted", true)
wait(400)
set { ["Vehicle.Chassis.ParkingBrake.IsEngaged"] = false, ["Lamps.CheckEngine"] = false }

set(LEFT, true)
ramp(WANT, 54, 3000)
wait_for("Vehicle.Speed", function(v) return v > 30 end, 12000)
set(LEFT, false)
log("pulled away:", string.format("%.0f km/h", get("Vehicle.Speed")))

wait(4000)
set(RIGHT, true)
set(WANT, 28)
wait_for("Vehicle.Speed", function(v) return v < 33 end, 8000)
set(RIGHT, false)

set("Vehicle.Body.Lights.Beam.High.IsOn", true)
set(WANT, 105)
wait_for("Vehicle.Speed", function(v) return v > 90 end, 12000)
set("Vehicle.Body.Lights.Beam.High.IsOn", false)
log("top of the drive:", string.format("%.0f km/h in gear %d", get("Vehicle.Speed"),
	get("Vehicle.Powertrain.Transmission.CurrentGear")))

set(WANT, 0)
wait_for("Vehicle.Speed", 0, 20000)
set("Vehicle.Chassis.ParkingBrake.IsEngaged", true)
