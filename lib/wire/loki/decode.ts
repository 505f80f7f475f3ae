// A push in protobuf (grafana/loki, pkg/push/push.proto) to its streams, read where its bytes are.

import type { Budget } from '../remote_write/read.js'
import { bytesTag, varintTag } from '../remote_write/writer.js'
import type { PushEntry, PushStream } from './push.js'
import { nanosText } from './time.js'

const NO_METADATA: readonly string[] = []

/** @param budget for streams, entries and metadata. Throws TooMuch, or an Error where the bytes are no such message. */
export function readPush(bytes: Buffer, budget: Budget): PushStream[] {
  const scan = new Scan(bytes)
  const streams: PushStream[] = []
  scan.fields(bytes.length, (key) => {
    if (key !== bytesTag(1)) return false
    budget.take()
    streams.push(readStream(scan, scan.end(), budget))
    return true
  })
  return streams
}

function readStream(scan: Scan, end: number, budget: Budget): PushStream {
  let labels = ''
  const entries: PushEntry[] = []
  scan.fields(end, (key) => {
    if (key === bytesTag(1)) labels = scan.text()
    else if (key !== bytesTag(2)) return false
    else {
      budget.take()
      entries.push(readEntry(scan, scan.end(), budget))
    }
    return true
  })
  return { labels, entries }
}

function readEntry(scan: Scan, end: number, budget: Budget): PushEntry {
  let ts = '0'
  let line = ''
  let metadata: string[] | null = null
  scan.fields(end, (key) => {
    if (key === bytesTag(1)) ts = readTime(scan, scan.end())
    else if (key === bytesTag(2)) line = scan.text()
    else if (key !== bytesTag(3)) return false
    else {
      budget.take()
      readPair(scan, scan.end(), (metadata ??= []))
    }
    return true
  })
  return { ts, line, metadata: metadata ?? NO_METADATA }
}

function readPair(scan: Scan, end: number, to: string[]): void {
  let name = ''
  let value = ''
  scan.fields(end, (key) => {
    if (key === bytesTag(1)) name = scan.text()
    else if (key === bytesTag(2)) value = scan.text()
    else return false
    return true
  })
  to.push(name, value)
}

function readTime(scan: Scan, end: number): string {
  let seconds: number | bigint = 0
  let nanos: number | bigint = 0
  scan.fields(end, (key) => {
    if (key === varintTag(1)) seconds = scan.int64()
    else if (key === varintTag(2)) nanos = scan.int64()
    else return false
    return true
  })
  return nanosText(seconds, nanos)
}

/** A place in the bytes of a message. */
class Scan {
  #at = 0
  /** Where the innermost message ends. */
  #end: number

  constructor(private readonly bytes: Buffer) {
    this.#end = bytes.length
  }

  /** Reads fields up to `end`; those that `read` says it did not are skipped. */
  fields(end: number, read: (key: number) => boolean): void {
    const outer = this.#end
    this.#end = end
    while (this.#at < end) {
      const key = this.#length()
      if (!read(key)) this.#skip(key)
      if (this.#at > end) throw new Error('a field is longer than its message')
    }
    this.#end = outer
  }

  /** Behind the tag of an embedded message: where that ends. */
  end(): number {
    const end = this.#length() + this.#at
    if (end > this.#end) throw new Error('a field is longer than its message')
    return end
  }

  /** A string; what is not UTF-8 in it becomes U+FFFD. */
  text(): string {
    const end = this.end()
    const text = this.bytes.utf8Slice(this.#at, end)
    this.#at = end
    return text
  }

  /** A number where it is below 2^49 and not negative. */
  int64(): number | bigint {
    let value = 0
    const start = this.#at
    for (let scale = 1; scale <= 2 ** 42; scale *= 0x80) {
      const byte = this.#byte()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
    this.#at = start
    return this.#large()
  }

  #large(): bigint {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#byte()
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asIntN(64, value)
    }
    throw new Error('a number is longer than ten bytes')
  }

  /** A tag or a length: up to 32 bits. */
  #length(): number {
    let value = 0
    for (let scale = 1; scale <= 2 ** 28; scale *= 0x80) {
      const byte = this.#byte()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
    throw new Error('a tag or length is longer than five bytes')
  }

  #byte(): number {
    if (this.#at >= this.#end) throw new Error('the message ends too early')
    return this.bytes[this.#at++]
  }

  #skip(key: number): void {
    const wire = key & 7
    if (key < 8) throw new Error('field number 0')
    if (wire === 0) this.int64()
    else if (wire === 1) this.#at += 8
    else if (wire === 2) this.#at = this.end()
    else if (wire === 5) this.#at += 4
    else throw new Error(`wire type ${wire}`)
  }
}
