// zstd (RFC 8878), bounded in what comes out and in what the decoder may ask memory for.

import { Decompress } from 'fzstd'

/** Bytes of history that a frame may refer to: what RFC 8878, section 3.1.1.1.2, asks every decoder to hold. */
const MAX_WINDOW = 8 << 20
const MAGIC = 0xfd2fb528
/** Frames that are to be passed over have one of 16 numbers. */
const SKIPPABLE = 0x184d2a5
const RLE = 1

/** Unpacks all frames. Throws an Error, with code ERR_BUFFER_TOO_LARGE where more would come out than it may. */
export function unzstd(packed: Buffer, maxBytes: number): Buffer {
  const pieces: Buffer[] = []
  let bytes = 0
  const take = (piece: Uint8Array) => {
    if ((bytes += piece.length) > maxBytes) throw tooLarge()
    pieces.push(Buffer.from(piece))
  }
  for (let at = 0; at < packed.length; ) {
    const end = endOf(packed, at, maxBytes)
    // One decoder a frame: each is known to be whole.
    if (packed.readUInt32LE(at) === MAGIC) new Decompress(take).push(packed.subarray(at, end), true)
    at = end
  }
  return Buffer.concat(pieces)
}

/** Where a frame ends. Throws where it is cut off, or asks for too much memory. */
function endOf(packed: Buffer, start: number, maxBytes: number): number {
  const magic = packed.readUInt32LE(start)
  if (magic >>> 4 === SKIPPABLE) return within(packed, start + 8 + packed.readUInt32LE(start + 4))
  if (magic !== MAGIC) throw new Error('no frame of zstd')
  const flags = packed.readUInt8(start + 4)
  const single = (flags & 0x20) !== 0
  let at = start + (single ? 5 : 6)
  if (!single && windowOf(packed.readUInt8(start + 5)) > MAX_WINDOW) {
    throw new Error(`a window of more than ${MAX_WINDOW} bytes`)
  }
  at += [0, 1, 2, 4][flags & 3]
  const width = flags >> 6 === 0 ? (single ? 1 : 0) : 1 << (flags >> 6)
  if (width > 0 && sizeOf(packed, at, width) > maxBytes) throw tooLarge()
  at += width
  for (let last = false; !last; ) {
    const header = packed.readUIntLE(at, 3)
    last = (header & 1) === 1
    at = within(packed, at + 3 + (((header >> 1) & 3) === RLE ? 1 : header >> 3))
  }
  return within(packed, (flags & 4) !== 0 ? at + 4 : at)
}

function windowOf(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3))
  return base + (base / 8) * (descriptor & 7)
}

/** What a frame says that it holds. */
function sizeOf(packed: Buffer, at: number, width: number): number {
  if (width === 8) return Number(packed.readBigUInt64LE(at))
  return packed.readUIntLE(at, width) + (width === 2 ? 256 : 0)
}

function within(packed: Buffer, at: number): number {
  if (at > packed.length) throw new Error('a frame is cut off')
  return at
}

function tooLarge(): Error {
  return Object.assign(new RangeError('more than it may hold'), { code: 'ERR_BUFFER_TOO_LARGE' })
}
