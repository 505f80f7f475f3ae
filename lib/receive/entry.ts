// The payload of a log entry that came over a network: its own time, or that of its arrival.

import type { Json } from '../record/json.js'
import type { Payload } from '../record/record.js'
import { SEVERITIES, SEVERITY_NUMBERS } from '../wire/syslog/names.js'

/**
 * @param received Unix nanoseconds of its arrival
 * @param told the time that it tells itself, if that counts
 * @param severity as syslog counts, 0 to 7
 * @param attributes by name, which may be any
 */
export function entryPayload(
  body: Json,
  received: string,
  told: string | undefined,
  severity?: number,
  attributes: Iterable<readonly [string, Json]> = [],
): Payload {
  const payload: Payload = { ts: told ?? received, body }
  if (told !== undefined) payload.observed = received
  if (severity !== undefined) {
    payload.severity = SEVERITIES[severity]
    payload.severity_number = SEVERITY_NUMBERS[severity]
  }
  const all = [...attributes]
  // Safe for any name: properties of the object's own.
  if (all.length > 0) payload.attributes = Object.fromEntries(all)
  return payload
}
