// Sample values on the wire: doubles, and the two NaNs that Prometheus tells apart.

import type { ProtoWriter } from './writer.js'

/** Bits of the NaN that ends a series. */
export const STALE_NAN = Buffer.from([0x02, 0, 0, 0, 0, 0, 0xf0, 0x7f])
/** Bits of Prometheus's ordinary NaN; JavaScript promises none. */
export const NORMAL_NAN = Buffer.from([0x01, 0, 0, 0, 0, 0, 0xf8, 0x7f])

/** The eight bytes of a value. */
export function writeValue(writer: ProtoWriter, value: number): void {
  if (value === value) writer.double(value)
  else writer.bytes(NORMAL_NAN)
}

/** The eight bytes that say that a series has ended. */
export function writeStale(writer: ProtoWriter): void {
  writer.bytes(STALE_NAN)
}
