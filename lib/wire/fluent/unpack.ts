// What is in a compressed message of the forward protocol, bounded.

import { gunzipSync } from 'node:zlib'
import { Decompress } from 'fzstd'

/** Throws an Error where it is no such data, or more than `maxBytes`. */
export function unpack(bytes: Buffer, compressed: string, maxBytes: number): Buffer {
  switch (compressed) {
    case 'text':
      return bytes
    case 'gzip':
      return gunzipSync(bytes, { maxOutputLength: maxBytes })
    case 'zstd':
      return unzstd(bytes, maxBytes)
    default:
      throw new Error(`compressed with ${compressed}, expected gzip or zstd`)
  }
}

/** Block by block, so that what unpacks to too much is not unpacked. */
function unzstd(bytes: Buffer, maxBytes: number): Buffer {
  const pieces: Buffer[] = []
  let length = 0
  const stream = new Decompress((piece) => {
    length += piece.length
    if (length > maxBytes) throw new Error(`larger than ${maxBytes} bytes`)
    pieces.push(Buffer.from(piece))
  })
  stream.push(bytes, true)
  return Buffer.concat(pieces)
}
