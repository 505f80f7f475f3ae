// Loaded into the processes that are measured, where asked for: writes the milliseconds of their pauses for garbage collection
// to a file of their own, each second.

import { writeFileSync } from 'node:fs'
import { PerformanceObserver } from 'node:perf_hooks'

let paused = 0
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) paused += duration
}).observe({ entryTypes: ['gc'] })
setInterval(() => writeFileSync(`${process.env.SOLDER_BENCH_GC}/${process.pid}`, String(paused)), 1000).unref()
