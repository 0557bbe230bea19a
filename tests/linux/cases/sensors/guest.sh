# SPDX-License-Identifier: Apache-2.0
ready
i2c=/sys/bus/i2c/devices

# want WORD COMMAND...: asks the host for a change; the command must succeed soon afterwards.
want() {
	word=$1
	shift
	echo "WANT $word"
	await 20 "$@" && ok "$word"
}

# near VALUE WANTED TOLERANCE
near() { awk -v v="$1" -v w="$2" -v t="$3" 'BEGIN { exit !(v - w <= t && w - v <= t) }'; }
# is FILE VALUE
is() { [ "$(cat "$1")" = "$2" ]; }

# ---- found without a word: the ACPI tables describe the chips
lm75=$(echo $i2c/*PRP0001:00/hwmon/hwmon*)
cold=$(echo $i2c/*PRP0001:01/hwmon/hwmon*)
light=$(echo $i2c/*PRP0001:02/iio:device*)
imu=$(echo $i2c/*PRP0001:03/iio:device*)
check lm75.bound is "$lm75/name" lm75
check opt3001.bound is "$light/name" opt3001
check mpu6050.bound is "$imu/name" mpu6050

# ---- i2c-tools
i2cdetect -y 0 >/tmp/detect
cat /tmp/detect
check i2cdetect [ "$(grep -o UU /tmp/detect | wc -l)" = 4 ]
check i2cget.limit [ "$(i2cget -f -y 0 0x48 3 w)" = 0x0050 ]
check i2cget.id [ "$(i2cget -f -y 0 0x44 0x7f w)" = 0x0130 ]
i2cget -y 0 0x50 >/dev/null 2>&1 && fault "somebody is at 0x50" || ok i2cget.nobody

# ---- temperature, limits, the alert pin that is a GPIO line
check temperature is "$lm75/temp1_input" 21500
check temperature.constant is "$cold/temp1_input" -12500
check limit.reset is "$lm75/temp1_max" 80000
echo 30000 >"$lm75/temp1_max"
echo 28000 >"$lm75/temp1_max_hyst"
check limit.set is "$lm75/temp1_max" 30000
overheat=$(gpiofind overheat)
gpiomon -n 1 -r $overheat >/tmp/overheat &
alert=$!
sleep 0.3
want warm is "$lm75/temp1_input" 35500
check alert.edge wait $alert
check alert.level [ "$(gpioget $overheat)" = 1 ]
want cool is "$lm75/temp1_input" 24000
# (from the chip to the bench and back to the line)
over() { [ "$(gpioget $overheat)" = 0 ]; }
await 5 over && ok alert.over

# ---- light and motion
near "$(cat "$light/in_illuminance_input")" 120 0.02 && ok light || fault "light: $(cat "$light/in_illuminance_input")"
dark() { near "$(cat "$light/in_illuminance_input")" 4.5 0.02; }
want dark dark
# scaled KIND AXIS: in the units of IIO, m/s^2 and rad/s.
scaled() { awk -v r="$(cat "$imu/in_$1_$2_raw")" -v s="$(cat "$imu/in_$1_scale")" 'BEGIN { print r * s }'; }
near "$(scaled accel z)" 9.80665 0.01 && ok gravity || fault "gravity: $(scaled accel z)"
turning() { near "$(scaled accel y)" -3.5 0.01 && near "$(scaled anglvel z)" 0.213803 0.003; }
want turn turning
temp=$(awk -v r="$(cat "$imu/in_temp_raw")" -v s="$(cat "$imu/in_temp_scale")" -v o="$(cat "$imu/in_temp_offset")" \
	'BEGIN { print (r + o) * s / 1000 }')
near "$temp" 41 0.05 && ok imu.temperature || fault "temperature of the inertial unit: $temp"

# ---- a chip that is not there
away() { ! cat "$lm75/temp1_input"; }
want unplugged away
want plugged is "$lm75/temp1_input" 24000

# ---- lines
gpioinfo
check gpio.names [ "$(gpioinfo | grep -cE '"(ignition|door|overheat|lamp)"')" = 4 ]
ignition=$(gpiofind ignition)
door=$(gpiofind door)
check gpio.low [ "$(gpioget $ignition)" = 0 ]
gpiomon -n 1 -r $ignition >/tmp/ignition &
monitor=$!
sleep 0.3
high() { [ -s /tmp/ignition ]; }
want ignition high
check gpio.rising wait $monitor
check gpio.event grep -q 'RISING' /tmp/ignition
check gpio.high [ "$(gpioget $ignition)" = 1 ]
# door is closed while the signal is 0
check gpio.inverted [ "$(gpioget $door)" = 1 ]
gpiomon -n 1 -f $door >/tmp/door &
monitor=$!
sleep 0.3
open() { [ -s /tmp/door ]; }
want door open
check gpio.falling wait $monitor
lamp=$(gpiofind lamp)
check gpio.set gpioset $lamp=1
gpioset $ignition=1 2>/dev/null && fault "an input was driven" || ok gpio.input_only
dmesg_known='GPIO request failed'
