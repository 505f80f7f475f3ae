// What is known about metric families, and which part of its family a series is.

import type { Identity } from '../../record/identity.js'
import { numberOf } from '../../record/json.js'
import { getLabel } from '../../record/labels.js'

export interface Family {
  kind: string
  unit: string
  help: string
}

/** What a series is: a metric of its own, or one of those that make up a histogram or a summary of OTLP. */
export type Part =
  | { role: 'point'; name: string; kind: string; family: Family | undefined }
  | { role: 'created'; name: string }
  | { role: 'native'; name: string; kind: string; family: Family | undefined }
  | { role: 'bucket' | 'quantile'; name: string; kind: string; family: Family | undefined; text: string; number: number }
  | { role: 'sum' | 'count'; name: string; kind: string; family: Family | undefined }

const CREATED = '_created'
/** Suffixes of the series of a type that has several. */
const SUFFIXES: ReadonlyMap<string, readonly (readonly [string, 'bucket' | 'sum' | 'count'])[]> = new Map([
  ['histogram', [['_bucket', 'bucket'], ['_sum', 'sum'], ['_count', 'count']]],
  ['summary', [['_sum', 'sum'], ['_count', 'count']]],
])
const OWNERS = ['counter', 'histogram', 'summary']

export class Families {
  /** By name; those told last at the end. */
  readonly #families = new Map<string, Family>()
  /** Grows when something new is known. */
  version = 0

  /** @param max families remembered */
  constructor(private readonly max: number) {}

  /** Of what differs from target to target what was told first counts: else a metric would be another one each time. */
  tell({ name, rest }: Identity): void {
    const text = (key: string) => (typeof rest[key] === 'string' ? (rest[key] as string) : '')
    const before = this.#families.get(name)
    const family = { kind: text('kind'), unit: text('unit'), help: text('help') }
    if (before !== undefined) {
      if (before.kind !== '' && before.kind !== 'unknown') family.kind = before.kind
      if (before.unit !== '') family.unit = before.unit
      if (before.help !== '') family.help = before.help
      this.#families.delete(name)
    }
    const { kind, unit, help } = family
    const isNews = before === undefined || before.kind !== kind || before.unit !== unit || before.help !== help
    if (isNews) this.version++
    this.#families.set(name, isNews ? family : before)
    if (this.#families.size > this.max) this.#families.delete(this.#families.keys().next().value!)
  }

  /** Throws an Error where a series is of a type that OTLP does not have, or lacks its label. */
  partOf({ name, kind, labels }: Identity): Part {
    if (this.#isCreated(name, kind)) return { role: 'created', name }
    for (const [type, suffixes] of SUFFIXES) {
      for (const [suffix, role] of suffixes) {
        if (!name.endsWith(suffix)) continue
        const base = name.slice(0, -suffix.length)
        const family = this.#families.get(base)
        if (base === '' || (kind === '' || kind === 'unknown' ? family?.kind : kind) !== type) continue
        if (role !== 'bucket') return { role, name: base, kind: type, family }
        return { role, name: base, kind: type, family, ...numberIn(labels, 'le', name) }
      }
    }
    const names = [name, withoutEnd(name, '_total'), withoutEnd(name, '_info')]
    const family = names.map((one) => this.#families.get(one)).find((one) => one !== undefined)
    const type = kind === '' || kind === 'unknown' ? (family?.kind ?? kind) : kind
    if (type === 'summary') return { role: 'quantile', name, kind: type, family, ...numberIn(labels, 'quantile', name) }
    if (type === 'histogram') return { role: 'native', name, kind: type, family }
    if (type === 'gaugehistogram') throw new Error('OTLP has no gauge histograms')
    return { role: 'point', name, kind: type, family }
  }

  /** The time of creation is a gauge, whatever it belongs to. */
  #isCreated(name: string, kind: string): boolean {
    if (!name.endsWith(CREATED)) return false
    const type = kind === '' || kind === 'unknown' ? this.#families.get(withoutEnd(name, CREATED))?.kind : kind
    return type !== undefined && OWNERS.includes(type) && !this.#families.has(name)
  }
}

function withoutEnd(name: string, end: string): string {
  return name.endsWith(end) ? name.slice(0, -end.length) : name
}

function numberIn(labels: Identity['labels'], label: 'le' | 'quantile', name: string): { text: string; number: number } {
  const text = getLabel(labels, label)
  const number = text.trim() === '' ? undefined : (numberOf(text) ?? (text === 'Inf' ? Infinity : Number(text)))
  if (number === undefined || (Number.isNaN(number) && text !== 'NaN'))
    throw new Error(`${name} without a number in the label '${label}'`)
  return { text, number }
}
