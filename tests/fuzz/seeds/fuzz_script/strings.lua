for k, v in pairs({ a = 1, 2, 3, [true] = 4 }) do log(k, v) end
log(('key = 5'):match('(%w+)%s*=%s*(%d+)'), string.format('%5.2f %q', 1.5, 'a\n'), utf8.char(228))
log(pcall(require, 'x'), pcall(curve, 'y.csv'), xpcall(error, function(e) return e end, 'boom'))
local t <close> = setmetatable({}, { __close = function() log('closed') end, __index = math })
table.sort({ 3, 1, 2 }, function(a, b) return a > b end) log(t.floor(2.5), select('#', 1, 2), clamp(9, 1, 5))
