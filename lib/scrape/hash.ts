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

/** FNV-1a with 32 bits over the UTF-16 units of a name and labels, for whoever compares what is found. */
export function hash32(name: string, labels: readonly string[]): number {
  let hash = hashUnits(0x811c9dc5, name)
  for (const text of labels) hash = hashUnits(hash, text)
  return hash
}

function hashUnits(hash: number, text: string): number {
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return Math.imul(hash ^ 0x10000, 0x01000193)
}

/** The hash modulo a positive whole number. */
export function hashModulo({ high, low }: Hash64, modulus: number): number {
  return Number(((BigInt(high) << 32n) | BigInt(low)) % BigInt(modulus))
}
