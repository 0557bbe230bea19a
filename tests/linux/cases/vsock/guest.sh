# SPDX-License-Identifier: Apache-2.0
ip link set lo up
ip addr add 10.0.2.15/24 dev eth0
ip link set eth0 up
ready

# To the host.
head -c 1048576 /dev/urandom >/tmp/data
# More than all buffers on the way hold.
head -c 8388608 /dev/urandom >/tmp/large
echo_back() { socat -t 10 - VSOCK-CONNECT:2:6000 </tmp/data | cmp - /tmp/data; }
check echo echo_back
socat - VSOCK-CONNECT:2:6999 </dev/null 2>/dev/null && fault "nobody listens, and there is a connection" || ok refused

# From the host.
socat VSOCK-LISTEN:5000,fork EXEC:cat &
socat -u VSOCK-LISTEN:5001 "SYSTEM:until test -e /tmp/go; do sleep 0.1; done; sha256sum >/tmp/sum" &
slow=$!
sleep 0.5
echo LISTENING

# A reader that stops holds up its own connection only, in both directions.
echo "sum of the guest $(sha256sum </tmp/large | cut -c1-64)"
socat -u /tmp/large VSOCK-CONNECT:2:6001 &
writer=$!
sleep 2
check writer.waits kill -0 $writer
check others.go_on echo_back
check writer.still_waits kill -0 $writer
echo RESUME
check writer.ends wait $writer
touch /tmp/go
wait $slow
check slow.same grep -q "$(param sum)" /tmp/sum

mkdir /nine
check nine.mount vsock_9p 564 "$(param tree)" /nine
check nine.read grep -qx 'from the host' /nine/hello
echo "from the guest" >/nine/made
check nine.copy cp /tmp/data /nine/data
check nine.unmount umount /nine

echo "TEST client"
sleep 3
check vsock_test.client vsock_test --mode=client --control-host=10.0.2.2 --control-port=5300 --peer-cid=2
grep -c '\.\.\.ok' /tmp/check.log | sed 's/^/tests that passed: /'
vsock_test --mode=server --control-port=5301 --peer-cid=2 >/tmp/server.log 2>&1 &
server=$!
sleep 2
echo "TEST server"
check vsock_test.server wait $server
tail -n 5 /tmp/server.log
