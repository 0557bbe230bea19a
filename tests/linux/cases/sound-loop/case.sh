# SPDX-License-Identifier: Apache-2.0
# alsabat: what Linux plays comes back through a PipeWire of the test's own, whose sink it captures.
kernels=(guest)
packages=(alsa-utils)
programs=(alsabat)
# It ends its threads by pthread_exit().
files=("@/usr/share/alsa=/usr/share/alsa"
	"@/usr/lib/x86_64-linux-gnu/libgcc_s.so.1=/lib/x86_64-linux-gnu/libgcc_s.so.1")
needs=(pipewire wireplumber pw-cli pw-metadata)
limit=120

# sound_server: a PipeWire without a sound card, with a sink "vsink".
sound_server() {
	export XDG_RUNTIME_DIR=$tmp/rt XDG_CONFIG_HOME=$tmp/config XDG_STATE_HOME=$tmp/state HOME=$tmp
	unset DBUS_SESSION_BUS_ADDRESS PIPEWIRE_REMOTE
	mkdir -p -m 700 "$tmp/rt" "$tmp/config/pipewire/pipewire.conf.d" "$tmp/state" \
		"$tmp/config/wireplumber/main.lua.d" "$tmp/config/wireplumber/bluetooth.lua.d"
	cat >"$tmp/config/pipewire/pipewire.conf.d/test.conf" <<-'P'
		# Long turns, for a host that is emulated.
		context.properties = { support.dbus = false
		  default.clock.quantum = 2048 default.clock.min-quantum = 2048 }
		context.objects = [
		  { factory = adapter args = { factory.name = support.null-audio-sink
		      node.name = vsink media.class = Audio/Sink audio.position = [ FL FR ] object.linger = true } }
		]
	P
	cat >"$tmp/config/wireplumber/main.lua.d/51-test.lua" <<-'P'
		alsa_monitor.enabled = false
		v4l2_monitor.enabled = false
		libcamera_monitor.enabled = false
		default_access.properties["enable-flatpak-portal"] = false
	P
	echo 'bluez_monitor.enabled = false' >"$tmp/config/wireplumber/bluetooth.lua.d/51-test.lua"
	pipewire >"$tmp/pipewire.log" 2>&1 &
	soon pw-cli info 0 || return
	wireplumber >"$tmp/wireplumber.log" 2>&1 &
	soon sinks
}

sinks() { pw-metadata -n default | grep vsink; }

# soon COMMAND...: it succeeds within 20 s.
soon() {
	local i
	for ((i = 0; i < 100; i++)); do
		"$@" >/dev/null 2>&1 && return
		sleep 0.2
	done
	echo "not within 20 s: $*"
	cat "$tmp/pipewire.log"
	return 1
}

inside() {
	sound_server || return
	bench
}
