// Messages of gRPC as they stand in the data of a stream (gRPC over HTTP/2, "Length-Prefixed-Message"): a flag, four
// bytes of length, the message. Unary calls have one in each direction.

import { HttpError } from '../client.js'
import { decodeBody } from '../encoding.js'
import { GrpcError, STATUS } from './status.js'

/** Bytes in front of a message. */
const HEADER = 5

/** What can be unpacked, for `grpc-accept-encoding`. */
export const ENCODINGS = ['identity', 'gzip', 'deflate', 'zstd'] as const

/** @param compressed whether the message is packed as `grpc-encoding` says */
export function frameOf(message: Uint8Array, compressed = false): Buffer {
  const frame = Buffer.allocUnsafe(HEADER + message.length)
  frame[0] = compressed ? 1 : 0
  frame.writeUInt32BE(message.length, 1)
  frame.set(message, HEADER)
  return frame
}

export interface Frame {
  readonly compressed: boolean
  readonly message: Buffer
}

/** Collects the one message of a unary call; more than it may hold is refused before it is there. */
export class FrameReader {
  readonly #chunks: Buffer[] = []
  #bytes = 0
  /** Bytes of header and message; unknown until the header is there. */
  #wanted = Infinity

  /**
   * @param maxBytes largest message, as it is on the wire
   * @param option that bounds it
   */
  constructor(
    private readonly maxBytes: number,
    private readonly option: string,
  ) {}

  /** Throws a GrpcError. */
  push(chunk: Buffer): void {
    if (chunk.length === 0) return
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    if (this.#wanted === Infinity && this.#bytes >= HEADER) this.#begin()
    if (this.#bytes > this.#wanted) throw wrong(STATUS.unimplemented, 'more than one message in a unary call')
  }

  /** Throws a GrpcError where the message is not there as a whole. */
  end(): Frame {
    if (this.#bytes === 0) throw wrong(STATUS.invalid_argument, 'no message')
    if (this.#bytes < this.#wanted) throw wrong(STATUS.invalid_argument, 'the message is cut off')
    const [whole] = this.#joined()
    return { compressed: whole[0] === 1, message: whole.subarray(HEADER) }
  }

  #begin(): void {
    const [start] = this.#joined()
    if (start[0] > 1) throw wrong(STATUS.internal, `unknown flag ${start[0]} of a message`)
    const length = start.readUInt32BE(1)
    if (length > this.maxBytes) {
      const message = `a message of ${length} bytes: more than ${this.maxBytes} (${this.option})`
      throw wrong(STATUS.resource_exhausted, message)
    }
    this.#wanted = HEADER + length
  }

  #joined(): Buffer[] {
    if (this.#chunks.length > 1) this.#chunks.splice(0, this.#chunks.length, Buffer.concat(this.#chunks))
    return this.#chunks
  }
}

/**
 * The message behind its packing. Throws a GrpcError.
 *
 * @param encoding of `grpc-encoding`
 * @param option that bounds what it unpacks to
 */
export async function unpacked(
  { compressed, message }: Frame, encoding: string, maxBytes: number, option: string,
): Promise<Buffer> {
  if (compressed && encoding === 'identity') throw wrong(STATUS.internal, 'a packed message without grpc-encoding')
  try {
    const bytes = compressed ? await decodeBody(message, encoding, maxBytes, 'message') : message
    if (bytes.length <= maxBytes) return bytes
  } catch (error) {
    if (!(error instanceof HttpError)) throw error
    if (error.reason !== 'too_large') throw wrong(STATUS.invalid_argument, error.message)
  }
  throw wrong(STATUS.resource_exhausted, `a message of more than ${maxBytes} bytes (${option})`)
}

function wrong(code: number, message: string): GrpcError {
  return new GrpcError({ code, message })
}
