local h = every(2, function() set('Speed', now() + noise(1)) end)
on('Speed', function(v, n) log(n, v) if v > 5 then stop(h) end end)
on_stale('Gear', function() ramp('Gear', 4, 6, 2) end)
on(0x123, function(f) send({ id = f.id + 1, data = f.data }, f.bus) end)
on({ id = 5, bus = 'can1', extended = true }, print)
function crc(d) local x = 0 for i = 1, #d do x = x ~ d:byte(i) end return x end
wait(3) log(wait_for('Speed', 4, 10)) log(wait_frame(0x123, 2))
at(9, function() send('124#AABB', 'can0') end) after(1, function() error('x') end)
