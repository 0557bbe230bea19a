# SPDX-License-Identifier: Apache-2.0
me=$(param me)
peer=$((3 - me))
ip link set lo up
ip addr add 10.9.0.$me/24 dev eth0
ip link set eth0 up
ready

# run ROLE: vsock_test in this role.
run() {
	case $1 in
	server) set -- "$1" --mode=server --control-port=5300 ;;
	client) set -- "$1" --mode=client --control-host=10.9.0.$peer --control-port=5300 ;;
	esac
	role=$1
	shift
	# Until the other one listens.
	for i in $(seq 30); do
		rc=0
		vsock_test "$@" --peer-cid=$((peer + 2)) >/tmp/check.log 2>&1 || rc=$?
		grep -q 'initialization failed' /tmp/check.log || break
		sleep 1
	done
	[ $rc = 0 ] && ok "vsock_test.$role" || fault "vsock_test.$role: exit status $rc"
	[ $rc = 0 ] || tail -n 5 /tmp/check.log
	echo "FIGURE vsock_test_$role $(grep -c '\.\.\.ok' /tmp/check.log) passed"
}
up() { ping -c 1 -W 1 10.9.0.$peer; }
await 30 up

head -c 4194304 /dev/urandom >/tmp/data
if [ "$me" = 1 ]; then
	socat VSOCK-LISTEN:6000,fork EXEC:cat &
	run server
	run client
else
	echo_back() { socat -t 10 - VSOCK-CONNECT:3:6000 </tmp/data | cmp - /tmp/data; }
	await 20 socat -u /dev/null VSOCK-CONNECT:3:6000
	check echo echo_back
	run client
	run server
fi
