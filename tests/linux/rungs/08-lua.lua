-- SPDX-License-Identifier: MIT
-- Lua: tables, closures, coroutines, files, processes.
local t = {}
for i = 1, 1000 do t[#t + 1] = i * i end
print(#t, t[1000], string.format("%.3f %q", math.pi, "a\nb"), ("kozo"):rep(3, "-"), select("#", 1, 2, 3))
local co = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end)
print(co(), co(), co())
os.execute("rm -rf /tmp/kozo-rung; mkdir /tmp/kozo-rung")
local f = assert(io.open("/tmp/kozo-rung/x", "w")); for i = 1, 100 do f:write(i, "\n") end; f:close()
local sum = 0; for line in io.lines("/tmp/kozo-rung/x") do sum = sum + tonumber(line) end; print(sum)
print(io.open("/tmp/nosuch")); print(pcall(error, { code = 1 }) == false, select(2, pcall(error, "x", 0)))
local p = io.popen("echo from a child; exit 3"); print(p:read("a"), p:close())
print(os.rename("/tmp/kozo-rung/x", "/tmp/kozo-rung/y"), os.remove("/tmp/kozo-rung/y"), os.getenv("HOME") ~= nil, os.time() > 1.6e9)
print(table.concat({ 3, 1, 2 }, ","), string.pack("<i4", 7):byte(1), utf8.char(8364), #utf8.char(128512), 7 // 2, 2 ^ 53, 1 << 40)
os.execute("rm -rf /tmp/kozo-rung"); os.exit(6)
