// Databases of places and networks by IP address, in MaxMind's format (maxmind.github.io/MaxMind-DB), held in memory.

import { Reader, type Response } from 'mmdb-lib'
import { Problem } from '../diag/problem.js'
import type { Json } from '../record/json.js'

/** Addresses whose answers are remembered: a lookup takes 10 µs, an answer 0.1 µs. */
const MAX_KNOWN = 10_000

const V4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/

export class GeoDatabase {
  readonly #reader: Reader<Response>
  readonly #known = new Map<string, Json>()

  /** @param name what messages call it. Throws a Problem for bytes of another format. */
  constructor(bytes: Buffer, readonly name: string) {
    try {
      this.#reader = new Reader(bytes)
    } catch (cause) {
      throw new Problem(`${name} is no database of MaxMind's format`, { cause, expected: 'a file .mmdb' })
    }
  }

  /** What it holds, e.g. `GeoLite2-City`. */
  get type(): string {
    return this.#reader.metadata.databaseType
  }

  /** What is known of an address: null for nothing, undefined where the text is no address. */
  record(address: string): Json | undefined {
    const known = this.#known.get(address)
    if (known !== undefined) return known
    const ip = plainAddress(address)
    if (ip === undefined) return undefined
    if (this.#known.size >= MAX_KNOWN) this.#known.clear()
    const found = this.#find(ip)
    this.#known.set(address, found)
    return found
  }

  #find(ip: string): Json {
    // The tree of an IPv4 database has no IPv6 addresses, and answers as if they were others.
    if (this.#reader.metadata.ipVersion === 4 && ip.includes(':')) return null
    try {
      return jsonOf(this.#reader.get(ip))
    } catch {
      // A damaged file may fail for one address and serve the others.
      return null
    }
  }
}

/** An IPv4 or IPv6 address; IPv4 inside of IPv6 is IPv4. undefined for any other text, as for addresses with a zone. */
function plainAddress(text: string): string | undefined {
  if (V4.test(text)) return text
  if (!text.includes(':') || text.includes('%')) return undefined
  const host = `[${text}]`
  if (!URL.canParse(`http://${host}/`)) return undefined
  const plain = new URL(`http://${host}/`).hostname.slice(1, -1)
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(plain)
  if (mapped === null) return plain
  const [high, low] = [parseInt(mapped[1], 16), parseInt(mapped[2], 16)]
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`
}

/** A record of the database as JSON: integers beyond 2^53 as decimal strings, bytes in base64. */
function jsonOf(value: unknown): Json {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString()
  if (Buffer.isBuffer(value)) return value.toString('base64')
  if (Array.isArray(value)) return value.map(jsonOf)
  if (typeof value !== 'object' || value === null) return (value ?? null) as Json
  const entries = Object.entries(value).map(([name, item]): [string, Json] => [name, jsonOf(item)])
  return Object.fromEntries(entries)
}
