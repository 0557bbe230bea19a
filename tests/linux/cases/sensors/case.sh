# SPDX-License-Identifier: Apache-2.0
# Sensor chips and GPIO lines at Linux' own drivers: hwmon, IIO, gpiod and i2c-tools see what the
# scenario's signals say, and what the guest puts out is a signal.
packages=(i2c-tools gpiod)
programs=(i2cdetect i2cget i2cset gpiodetect gpioinfo gpiofind gpioget gpioset gpiomon)
limit=150

# answer WORD SIGNAL VALUE...: sets the signals when the guest asks for it.
answer() {
	said linux "WANT $1" || return
	shift
	while (($#)); do
		ctl set "$1" "$2" >/dev/null || return
		shift 2
	done
}

inside() {
	bench_start &&
		answer warm Vehicle.Cabin.Temperature 35.5 &&
		answer cool Vehicle.Cabin.Temperature 24 &&
		answer dark Vehicle.Cabin.Light 4.5 &&
		answer turn Vehicle.Acceleration.Lateral -3.5 Vehicle.AngularVelocity.Yaw 12.25 &&
		answer unplugged Sensor.Plugged 0 &&
		answer plugged Sensor.Plugged 1 &&
		answer ignition Vehicle.Ignition 1 &&
		answer door Vehicle.Door.IsOpen 1
	local rc=$?
	bench_end || rc=1
	return $rc
}
