// When a target is scraped: at its own place in the interval, on the wall clock, so that ticks neither drift nor pile up.

/** Milliseconds by which Prometheus lets the time of a scrape differ from the tick and still calls it the tick's. */
const TOLERANCE = 2

/**
 * The next tick after `now` (Unix milliseconds). What was missed is left out. A tick follows its predecessor by at least
 * half an interval, since timers may fire early; a clock that was set back starts anew.
 */
export function nextTick(now: number, interval: number, offset: number, last: number): number {
  const after = last > now + interval ? now : Math.max(now, last + interval / 2)
  const into = (((after - offset) % interval) + interval) % interval
  return after - into + interval
}

/** The time that the samples of a scrape get: the tick's where the scrape is on time, for even steps compress best. */
export function scrapeTime(now: number, tick: number, interval: number): number {
  return Math.abs(now - tick) <= Math.min(interval / 100, TOLERANCE) ? Math.round(tick) : Math.floor(now)
}
