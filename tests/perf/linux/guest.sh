# SPDX-License-Identifier: Apache-2.0
# The guest's part of the figures: `do=boot|io|net|can` on the command line. Figures are lines
# `FIGURE name number`.
figure() { echo "FIGURE $1 $2"; }

case $(param do boot) in
boot) echo "INIT"; sleep 1000 ;;
io)
	for depth in 1 32; do
		iops=$(fio --name=r --filename=/dev/vda --rw=randread --bs=4k --direct=1 --ioengine=io_uring \
			--iodepth=$depth --runtime=400ms --time_based --ramp_time=100ms --minimal 2>/tmp/fio.err | cut -d';' -f8)
		figure "read_4k_depth${depth}_iops" "${iops:-0}"
	done
	;;
net)
	ip link set lo up
	ip link set eth0 up
	ip addr add "$(param user)/24" dev eth0
	ip link set eth1 up
	ip addr add 10.9.0.2/24 dev eth1
	sleep 0.2
	echo "PING"
	part=$(param part all)
	# The host says when it is done.
	[ "$part" = user ] || nc -l -p 5305 >/dev/null
	stream() {
		iperf3 -J -p 5301 -n 32M $2 >/tmp/iperf.json 2>&1
		figure "$1" "$(sed -n 's/.*"bits_per_second":[[:space:]]*\([0-9]*\).*/\1/p' /tmp/iperf.json | tail -n 1)"
	}
	if [ "$part" != tap ]; then
		stream user_net_send_bit_s "-c $(param gateway)"
		stream user_net_receive_bit_s "-R -c $(param gateway)"
	fi
	if [ "$part" != user ]; then
		stream tap_send_bit_s "-c 10.9.0.1"
		stream tap_receive_bit_s "-R -c 10.9.0.1"
	fi
	;;
can)
	ip link set can0 up txqueuelen 1000
	guest_can echo can0 440 400 classic >/dev/null &
	a=$!
	sleep 0.1
	echo "ECHO"
	wait $a
	guest_can receive can0 420 20000 classic >/tmp/received &
	a=$!
	sleep 0.1
	echo "LISTENING"
	wait $a
	cat /tmp/received
	echo "SENDING"
	sleep 0.1
	guest_can send can0 400 20000 classic
	;;
esac
