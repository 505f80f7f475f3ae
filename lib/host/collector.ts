// What a collector is: a name, and a function from the machine's files to metric families.

import type { Families } from './families.js'
import type { Host } from './host.js'

export interface Collector {
  /** As in node_exporter. */
  readonly name: string
  /** Throws NoData where the kernel does not offer it, any other error where a file is not as expected. */
  collect(host: Host, out: Families): void | Promise<void>
}

/** The machine has no such thing: no error, but no success either. */
export class NoData extends Error {
  override readonly name = 'NoData'
}

/** The text of a file, or NoData. */
export function must(text: string | undefined, what: string): string {
  if (text === undefined) throw new NoData(`${what} is not there`)
  return text
}

/** A collector that reads one file under /proc. */
export function procCollector(name: string, path: string, parse: (text: string, out: Families) => void): Collector {
  return { name, collect: (host, out) => parse(must(host.proc(path), path), out) }
}

/** Lines without the empty ones. */
export function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '')
}

export function fieldsOf(line: string): string[] {
  return line.trim().split(/\s+/)
}

/** A number; throws where the text is none. Counters above 2^53 are rounded to the nearest double, as in Prometheus. */
export function numberIn(text: string | undefined): number {
  const value = text === undefined || text.trim() === '' ? NaN : Number(text)
  if (Number.isNaN(value)) throw new Error(`expected a number, found '${String(text).slice(0, 40)}'`)
  return value
}

export function hexIn(text: string | undefined): number {
  return numberIn(text === undefined ? undefined : `0x${text}`)
}
