-- Sends the requests of a file, one cookie a line, in turn, and prints what came
-- of it as one line for a program to read.

local requests, last = {}, 0

function init(args)
   for cookie in io.lines(args[1]) do
      local headers = {}
      if cookie ~= "" then headers["Cookie"] = cookie end
      requests[#requests + 1] = wrk.format("GET", nil, headers)
   end
   io.stderr:write("ready\n")
end

function request()
   last = last % #requests + 1
   return requests[last]
end

function done(summary, latency)
   local e = summary.errors
   io.write(string.format(
      "result requests=%d took_us=%d p50_us=%d p99_us=%d p999_us=%d connect=%d read=%d write=%d status=%d timeout=%d\n",
      summary.requests, summary.duration,
      latency:percentile(50), latency:percentile(99), latency:percentile(99.9),
      e.connect, e.read, e.write, e.status, e.timeout))
end
