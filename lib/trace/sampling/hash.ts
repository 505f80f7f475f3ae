// Hashes of FNV-1a, as the samplers of OpenTelemetry use them.

/** 32 bits over a seed, its lowest byte first, and bytes. */
export function hash32(bytes: Uint8Array, seed: number): number {
  let hash = 0x811c9dc5
  for (let shift = 0; shift < 32; shift += 8) hash = Math.imul(hash ^ ((seed >>> shift) & 0xff), 0x01000193)
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash >>> 0
}

/** 64 bits, as 16 hexadecimal digits. In halves of 32 bits: with BigInt it takes ten times as long. */
export function hash64(bytes: Uint8Array): string {
  let high = 0xcbf29ce4
  let low = 0x84222325
  for (const byte of bytes) {
    low = (low ^ byte) >>> 0
    // The prime is 2^40 + 0x1b3.
    const product = low * 0x1b3
    high = (high * 0x1b3 + Math.floor(product / 2 ** 32) + low * 256) % 2 ** 32
    low = product % 2 ** 32
  }
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0')
}

const BUCKET_BITS = 14
const BUCKETS = 1 << BUCKET_BITS

/**
 * Randomness, 14 digits, from a hash: its 14 lowest bits decide as they always did in the Collector's mode hash_seed, and
 * a threshold of 14 bits decides the same.
 */
export function hashedRandomness(bytes: Uint8Array, seed: number): string {
  const hash = hash32(bytes, seed)
  const bucket = hash & (BUCKETS - 1)
  const unused = hash >>> (32 - BUCKET_BITS)
  const mixed = (unused ^ (unused << 10)) >>> 0
  const high = ((BUCKETS - 1 - bucket) << BUCKET_BITS) | (mixed >>> BUCKET_BITS)
  const low = ((mixed & (BUCKETS - 1)) << BUCKET_BITS) | bucket
  return half(high) + half(low)
}

/** 28 bits as 7 digits. */
function half(bits: number): string {
  return (bits >>> 0).toString(16).padStart(7, '0')
}
