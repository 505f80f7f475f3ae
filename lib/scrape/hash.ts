// FNV-1a, 64 bits: where a target stands in its interval, and by which key a series is found again. Not for secrets.

export interface Hash64 {
  readonly high: number
  readonly low: number
}

/** FNV-1a over the UTF-16 units of the texts, each closed by a unit that no text holds. */
export function hash64(texts: readonly string[]): Hash64 {
  let high = 0xcbf29ce4
  let low = 0x84222325
  for (const text of texts) {
    for (let i = 0; i <= text.length; i++) {
      low = (low ^ (i < text.length ? text.charCodeAt(i) : 0x10000)) >>> 0
      // Times the prime 2^40 + 0x1b3, in halves: 435 times 32 bits is exact in a double.
      const product = low * 435
      high = (Math.imul(high, 435) + Math.floor(product / 0x100000000) + (low << 8)) >>> 0
      low = product >>> 0
    }
  }
  return { high, low }
}

/** The lower 53 bits, exact as a number. */
export function hash53(texts: readonly string[]): number {
  const { high, low } = hash64(texts)
  return (high & 0x1fffff) * 0x100000000 + low
}

/** The same of bytes. */
export function hashBytes53(buffer: Buffer, start: number, end: number): number {
  let high = 0xcbf29ce4
  let low = 0x84222325
  for (let i = start; i < end; i++) {
    low = (low ^ buffer[i]) >>> 0
    const product = low * 435
    high = (Math.imul(high, 435) + Math.floor(product / 0x100000000) + (low << 8)) >>> 0
    low = product >>> 0
  }
  return (high & 0x1fffff) * 0x100000000 + low
}

/** The hash modulo a positive whole number. */
export function hashModulo({ high, low }: Hash64, modulus: number): number {
  return Number(((BigInt(high) << 32n) | BigInt(low)) % BigInt(modulus))
}
