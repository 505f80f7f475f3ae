// The handshake of the forward protocol: both sides prove that they know the shared key, and the client who it is.

import { createHash, timingSafeEqual } from 'node:crypto'
import { encode } from '@msgpack/msgpack'
import { textOf } from './message.js'

/** What a client must prove. */
export interface Admission {
  /** Empty where none is asked for. */
  readonly sharedKey: string
  /** Passwords by user; null where nobody is asked. */
  readonly users: ReadonlyMap<string, string> | null
}

/** What is said once to each client: bytes that its proofs are made with. */
export interface Challenge {
  readonly nonce: Buffer
  /** Empty where nobody is asked for a user. */
  readonly auth: Buffer
}

/** The first word of the server. */
export function helo({ nonce, auth }: Challenge): Uint8Array {
  return encode(['HELO', { nonce, auth: auth.length === 0 ? '' : auth, keepalive: true }])
}

/** The answer to a client's PING, and why it may not go on. Throws an Error where it is none. */
export function pong(
  ping: unknown, { nonce, auth }: Challenge, { sharedKey, users }: Admission, hostname: string,
): { answer: Uint8Array; refused: string | null } {
  if (!Array.isArray(ping) || ping.length < 4 || textOf(ping[0]) !== 'PING') throw new Error('expected PING')
  const [, client, salt, digest, user, password] = ping as unknown[]
  const saltBytes = salt instanceof Uint8Array ? Buffer.from(salt) : Buffer.from(String(salt))
  const proof = (name: string) => digestOf(saltBytes, name, nonce, sharedKey)
  let refused: string | null = null
  if (!same(textOf(digest) ?? '', proof(textOf(client) ?? ''))) refused = 'shared_key mismatch'
  else if (users !== null && !knows(users, auth, textOf(user) ?? '', textOf(password) ?? '')) {
    refused = 'username/password mismatch'
  }
  const answer = encode(['PONG', refused === null, refused ?? '', hostname, refused === null ? proof(hostname) : ''])
  return { answer, refused }
}

/** A user that is not known takes as long as a wrong password. */
function knows(users: ReadonlyMap<string, string>, auth: Buffer, user: string, digest: string): boolean {
  const password = users.get(user)
  return same(digest, digestOf(auth, user, password ?? '')) && password !== undefined
}

function digestOf(...parts: readonly (string | Buffer)[]): string {
  const hash = createHash('sha512')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}

function same(a: string, b: string): boolean {
  const [one, two] = [Buffer.from(a), Buffer.from(b)]
  return one.length === two.length && timingSafeEqual(one, two)
}
