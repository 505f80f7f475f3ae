// The level of a log entry: its word in a column, and its colour.

import type { Json } from '../record/json.js'
import type { Style } from './style.js'
import { safe } from './text.js'

/** Five columns; words that are longer in common use are shortened in the common way. */
export function levelText(level: string): string {
  const short = /^(?:warn|info|crit|emerg)/i.exec(level)?.[0] ?? level
  return safe(short).toUpperCase().slice(0, 5).padEnd(5)
}

/** Colours of a level, by its word or its number (OTLP: 9 info, 13 warn, 17 error). */
export function levelStyle(level: string, number: Json | undefined): Style {
  const n = typeof number === 'number' ? number : 0
  if (n >= 17 || /^(err|fatal|crit|alert|emerg|panic)/i.test(level)) return 'red'
  if (n >= 13 || /^warn/i.test(level)) return 'yellow'
  if ((n > 0 && n < 9) || /^(debug|trace)/i.test(level)) return 'dim'
  return 'cyan'
}
