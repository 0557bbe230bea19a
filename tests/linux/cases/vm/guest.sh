# SPDX-License-Identifier: Apache-2.0
. /net.sh
echo LISTENING
read -r word </dev/console
echo "HEARD $word"
check disk sh -c 'echo "$1  /dev/vda" | md5sum -c' sh "$(param sum)"
ip link set eth0 up
check lease lease eth0
check gateway ping -c 1 -W 5 10.0.2.2
ready
