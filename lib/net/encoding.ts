// Content encodings of bodies: gzip, deflate, br and zstd, bounded in what comes out.

import { constants } from 'node:buffer'
import { promisify } from 'node:util'
import { brotliDecompress, gunzip, gunzipSync, inflate, inflateRaw, type ZlibOptions } from 'node:zlib'
import { HttpError } from './client.js'

/** Encodings in one another; more is an attack. */
const MAX_NESTED = 2
/** Bytes decoded at a time at most. */
const MAX_PIECE = 4 << 20

type Decoder = (body: Buffer, options: ZlibOptions) => Promise<Buffer>

const slowUnzip: Decoder = promisify<Buffer, ZlibOptions, Buffer>(gunzip)
const zlib: Decoder = promisify<Buffer, ZlibOptions, Buffer>(inflate)
const raw: Decoder = promisify<Buffer, ZlibOptions, Buffer>(inflateRaw)
const brotli: Decoder = promisify<Buffer, ZlibOptions, Buffer>(brotliDecompress)

/**
 * What says that it is small is decoded on the spot: a few milliseconds at most, and less than half the CPU of handing it
 * to another thread (measured, 40 KB to 500 KB). What lied goes the other way.
 */
async function unzip(body: Buffer, options: ZlibOptions): Promise<Buffer> {
  if (options.chunkSize! < MAX_PIECE) {
    try {
      return gunzipSync(body, { ...options, maxOutputLength: Math.min(options.maxOutputLength!, MAX_PIECE) })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE') throw error
    }
  }
  return slowUnzip(body, options)
}

const DECODERS: ReadonlyMap<string, Decoder> = new Map([
  ['gzip', unzip],
  ['x-gzip', unzip],
  // RFC 9110 8.4.1.2: some senders leave out the zlib header.
  ['deflate', (body, options) => ((body[0] & 0x0f) === 8 ? zlib : raw)(body, options)],
  ['br', brotli],
  ['zstd', async (body, options) => (await import('./zstd.js')).unzstd(body, options.maxOutputLength!)],
])

/** The body behind its `Content-Encoding`. */
export async function decodeBody(body: Buffer, encoding: string, maxBytes: number, host: string): Promise<Buffer> {
  const names = encoding
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== 'identity')
  if (names.length > MAX_NESTED) throw new HttpError('protocol', `${host}: more than ${MAX_NESTED} content encodings`)
  let decoded = body
  for (const name of names.reverse()) {
    const decode = DECODERS.get(name)
    if (decode === undefined) throw unknown(name, host)
    if (decoded.length > 0) decoded = await bounded(decode, decoded, name, maxBytes, host)
  }
  return decoded
}

async function bounded(decode: Decoder, body: Buffer, name: string, maxBytes: number, host: string): Promise<Buffer> {
  const maxOutputLength = Math.max(1, Math.min(maxBytes, constants.MAX_LENGTH))
  // In pieces of 16 KiB (the default) the hand-over between threads costs four times the decoding.
  const chunkSize = Math.min(MAX_PIECE, Math.max(1 << 14, expectedSize(body, name)))
  try {
    return await decode(body, { maxOutputLength, chunkSize })
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(host, maxBytes)
    throw new HttpError('protocol', `${host}: body is not ${name}: ${message}`, { cause })
  }
}

/** What gzip says at its end (RFC 1952, section 2.3.1), and a guess for the others; no more than a hint. */
function expectedSize(body: Buffer, name: string): number {
  return name.endsWith('gzip') && body.length > 18 ? body.readUInt32LE(body.length - 4) + 1 : body.length * 8
}

function unknown(name: string, host: string): HttpError {
  return new HttpError('protocol', `${host}: unknown content encoding '${name.slice(0, 40)}'`)
}

export function tooLarge(host: string, maxBytes: number): HttpError {
  return new HttpError('too_large', `${host}: body is larger than ${maxBytes} bytes`)
}
