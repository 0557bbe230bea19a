-- SPDX-License-Identifier: Apache-2.0
-- A small car: longitudinal dynamics, engine, six gears, fuel, coolant, and a driver who wants a
-- speed. It sets signals with VSS names (scenarios/names/vss-synthetic.yaml) and hears one from
-- outside: Driver.WantedSpeed; with `args: { pedals: true }` also Driver.Accelerator and Driver.Brake
-- in percent, which take the pedals from that driver, and Driver.Gear, 0 for automatic.
-- docs/scripting.md says what the functions do.

local STEP = args.step or 10 -- ms
local MASS, WHEEL = 1450, 0.31 -- kg, m
local DRAG, ROLL = 0.5 * 1.2 * 0.31 * 2.2, 0.011 * MASS * 9.81 -- N/(m/s)^2, N
local RATIO = { 3.6, 2.1, 1.45, 1.1, 0.87, 0.72 }
local FINAL, IDLE, LIMIT = 3.9, 820, 6500
local TANK = 50 -- l

local car = {
	v = 0, -- m/s
	rpm = IDLE, gear = 0, throttle = 0, brake = 0,
	fuel = TANK * (args.fuel or 62) / 100, coolant = args.coolant or 68, oil = 66,
	odometer = args.odometer or 48120, clock = args.clock or 26460,
	shifting = 0, -- ms that the clutch stays open
	integral = 0,
}

-- Full-load torque in Nm.
local function torque(rpm)
	if rpm < 600 then return 0 end
	local x = (rpm - 3600) / 2900
	return 205 * clamp(1 - 0.55 * x * x, 0.2, 1)
end

local function choose_gear()
	local g, lever = car.gear, args.pedals and get("Driver.Gear") or 0
	if lever > 0 then return math.floor(lever) end
	if g < 1 then return car.throttle > 0.02 and 1 or 0 end
	local up = 2000 + 4000 * car.throttle
	if car.rpm > up and g < 6 and car.brake < 0.03 then return g + 1 end
	if car.rpm < 1150 + 1200 * car.throttle and g > 1 then return g - 1 end
	if car.v < 0.3 and car.throttle < 0.02 then return 0 end
	return g
end

-- What the driver does to reach the wanted speed: a PI controller on the pedals.
local function drive(dt)
	local want = (get("Driver.WantedSpeed") or 0) / 3.6
	local err = want - car.v
	car.integral = clamp(car.integral + err * dt * 0.05, -0.2, 0.6)
	local pedal = clamp(0.18 * err + car.integral, -1, 1)
	if want < 0.2 and car.v < 3 then pedal = -0.4 end
	if args.pedals then
		local go, stop = get("Driver.Accelerator") or 0, get("Driver.Brake") or 0
		if go > 0 or stop > 0 then pedal, car.integral = (go - stop) / 100, 0 end
	end
	-- A foot moves in a quarter of a second.
	local function follow(from, to) return from + clamp(to - from, -4 * dt, 4 * dt) end
	car.throttle = follow(car.throttle, math.max(pedal, 0))
	car.brake = follow(car.brake, math.max(-pedal - 0.05, 0))
end

local function step()
	local dt = STEP / 1000
	drive(dt)

	if car.shifting > 0 then
		car.shifting = car.shifting - STEP
	else
		local g = choose_gear()
		if g ~= car.gear then
			car.gear, car.shifting = g, 250
		end
	end

	local force, load = 0, 0
	local closed = car.gear > 0 and car.shifting <= 0
	if closed then
		local k = RATIO[car.gear] * FINAL
		local coupled = car.v / WHEEL * k * 60 / (2 * math.pi)
		-- Below idle the clutch slips.
		car.rpm = car.rpm + clamp(math.max(coupled, IDLE + 900 * car.throttle) - car.rpm, -9000 * dt, 9000 * dt)
		load = car.rpm < LIMIT and car.throttle or 0
		local friction = 12 + 0.006 * car.rpm * (car.throttle < 0.02 and 1 or 0)
		force = (torque(car.rpm) * load - (coupled > IDLE and friction or 0)) * k / WHEEL
	else
		local want = IDLE + 2500 * car.throttle
		car.rpm = car.rpm + clamp(want - car.rpm, -2500 * dt, 4000 * dt)
	end
	if car.v > 0 then
		force = force - DRAG * car.v * car.v - ROLL
	end
	force = force - (car.v > 0 and 9500 * car.brake or 0)
	car.v = math.max(car.v + force / MASS * dt, 0)

	-- Litres: idle burns 0.8 l/h, work at 0.25 kg/kWh.
	local power = torque(car.rpm) * load * car.rpm * 2 * math.pi / 60
	car.fuel = math.max(car.fuel - (0.8 / 3600 + power / 1000 * 0.25 / 0.74 / 3600) * dt, 0)
	-- The thermostat opens at 88 degrees.
	local heat = 0.04 + power / 60000
	local cooling = (car.coolant - 18) * 0.0005 + math.max(car.coolant - 88, 0) * 0.12
	car.coolant = car.coolant + (heat - cooling) * dt
	car.oil = car.oil + (car.coolant + 6 - car.oil) * dt / 40
	car.odometer = car.odometer + car.v * dt / 1000
	car.clock = (car.clock + dt) % 86400
end

local function publish()
	local kmh = car.v * 3.6
	set {
		["Vehicle.Speed"] = kmh,
		["Vehicle.Powertrain.CombustionEngine.Speed"] = car.rpm + noise(6),
		["Vehicle.Powertrain.CombustionEngine.TPS"] = car.throttle * 100,
		["Vehicle.Powertrain.Transmission.CurrentGear"] = car.gear,
		["Vehicle.Body.Lights.Brake.IsActive"] = car.brake > 0.03,
		["Vehicle.Chassis.Axle.Row1.Wheel.Left.Speed"] = kmh,
		["Vehicle.Chassis.Axle.Row1.Wheel.Right.Speed"] = kmh,
		["Vehicle.Chassis.Axle.Row2.Wheel.Left.Speed"] = kmh,
		["Vehicle.Chassis.Axle.Row2.Wheel.Right.Speed"] = kmh,
	}
end

local function publish_slow()
	set {
		["Vehicle.Powertrain.CombustionEngine.ECT"] = car.coolant,
		["Vehicle.Powertrain.CombustionEngine.EOT"] = car.oil,
		["Vehicle.Powertrain.FuelSystem.RelativeLevel"] = car.fuel / TANK * 100,
		["Vehicle.TraveledDistance"] = car.odometer,
		["Instruments.Clock"] = car.clock,
		["Vehicle.LowVoltageBattery.CurrentVoltage"] = 14.2 + noise(0.05),
		["Vehicle.Exterior.AirTemperature"] = 18.5,
		["Vehicle.Cabin.HVAC.AmbientAirTemperature"] = 21,
	}
end

publish()
publish_slow()
every(STEP, function() step() publish() end)
every(500, publish_slow)
