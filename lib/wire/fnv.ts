// FNV-1a, 32 bits: a hash that is the same in every process, to spread what belongs together over lanes.

/** @param hash of the bytes before, to go on with */
export function fnv1a(bytes: Uint8Array, hash = 0x811c9dc5): number {
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193)
  return hash >>> 0
}
