# SPDX-License-Identifier: Apache-2.0
me=$(param me)
check "can0 up" ip link set can0 up txqueuelen 1000
ready
candump -r 50000000 -L can0 >/tmp/heard &
listener=$!
candump -n 1 can0,7FE:7FF >/dev/null &
end=$!
candump -n 1 can0,555:7FF >/dev/null &
begin=$!
sleep 0.5
echo LISTENING
wait $begin
if [ "$me" = a ]; then first=301 second=302; else first=411 second=412; fi
cangen can0 -I $first -L 8 -D i -n 500 -g 1 -p 10 &
one=$!
cangen can0 -I $second -f -L 24 -D i -n 300 -g 1 -p 10 &
wait $one $!
echo SENT
wait $end
sleep 0.5
kill $listener
grep -E ' [1-5][0-9A-F]{2}#' /tmp/heard | cut -d' ' -f3 | sed 's/##./##/' | sort -s -t'#' -k1,1 >/tmp/frames
echo "HEARD $(wc -l </tmp/frames) $(md5sum </tmp/frames | cut -d' ' -f1)"
cut -d'#' -f1 /tmp/frames | uniq -c
