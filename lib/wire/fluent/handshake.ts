// The handshake of the forward protocol: both sides prove that they know the shared key.

import { createHash, timingSafeEqual } from 'node:crypto'
import { encode } from '@msgpack/msgpack'
import { textOf } from './message.js'

/** The first word of the server. */
export function helo(nonce: Buffer): Uint8Array {
  return encode(['HELO', { nonce, auth: '', keepalive: true }])
}

/** The answer to a client's PING, and whether it may go on. Throws an Error where it is none. */
export function pong(
  ping: unknown, nonce: Buffer, key: string, hostname: string,
): { answer: Uint8Array; admitted: boolean } {
  if (!Array.isArray(ping) || ping.length < 4 || textOf(ping[0]) !== 'PING') throw new Error('expected PING')
  const [, client, salt, digest] = ping as unknown[]
  const saltBytes = salt instanceof Uint8Array ? Buffer.from(salt) : Buffer.from(String(salt))
  const admitted = same(textOf(digest) ?? '', digestOf(saltBytes, textOf(client) ?? '', nonce, key))
  const reason = admitted ? '' : 'shared_key mismatch'
  const proof = admitted ? digestOf(saltBytes, hostname, nonce, key) : ''
  return { answer: encode(['PONG', admitted, reason, hostname, proof]), admitted }
}

function digestOf(salt: Buffer, hostname: string, nonce: Buffer, key: string): string {
  return createHash('sha512').update(salt).update(hostname).update(nonce).update(key).digest('hex')
}

function same(a: string, b: string): boolean {
  const [one, two] = [Buffer.from(a), Buffer.from(b)]
  return one.length === two.length && timingSafeEqual(one, two)
}
