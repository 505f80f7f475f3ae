// From what discovery found to what is scraped: a target's labels, URL and place in the interval, as Prometheus 3 makes them.

import { durationText, parseDuration } from '../option/value.js'
import { getLabel, type Labels, labelPairs, labelsOfMap } from '../record/labels.js'
import type { RelabelRules } from '../relabel/rules.js'
import { type Hash64, hash64, hashModulo } from './hash.js'

/** The part of a scrape configuration that becomes labels, which relabelling may then change. Durations in milliseconds. */
export interface TargetDefaults {
  job: string
  scheme: string
  metricsPath: string
  interval: number
  timeout: number
  params: ReadonlyMap<string, readonly string[]>
  nativeHistograms: boolean
  classicHistograms: boolean
  convertClassicHistograms: boolean
}

export const ADDRESS = '__address__'
const SOCKET = '__unix_socket__'
const PARAM = '__param_'
const INTERVAL = '__scrape_interval__'
const TIMEOUT = '__scrape_timeout__'
const NATIVE = '__scrape_native_histograms__'
const CLASSIC = '__always_scrape_classic_histograms__'
const CONVERT = '__convert_classic_histograms_to_nhcb__'
/**
 * Targets whose turns fall into the same step, of so many milliseconds or a quarter of the interval, are scraped one right
 * after another. Measured, 20 targets of 5,000 series each second: a fifth less CPU time than one by one, between each two
 * of which the caches of the processor have forgotten what a scrape needs.
 */
const STEP = 250
const LONE_SURROGATE = /\p{Surrogate}/u

/** Discovered labels with the defaults filled in where they say nothing. */
export function discoveredLabels(found: Labels, defaults: TargetDefaults): Labels {
  const labels = new Map(labelPairs(found))
  const fill = (name: string, value: string) => {
    if ((labels.get(name) ?? '') === '') labels.set(name, value)
  }
  fill('job', defaults.job)
  fill(INTERVAL, durationText(defaults.interval))
  fill(TIMEOUT, durationText(defaults.timeout))
  fill('__metrics_path__', defaults.metricsPath)
  fill('__scheme__', defaults.scheme)
  fill(NATIVE, String(defaults.nativeHistograms))
  fill(CLASSIC, String(defaults.classicHistograms))
  fill(CONVERT, String(defaults.convertClassicHistograms))
  for (const [name, values] of defaults.params) if (values.length > 0) fill(PARAM + name, values[0])
  return labelsOfMap(labels)
}

/**
 * A target's labels, hidden ones included, after its relabel rules; null where they drop it. Throws an Error that says why
 * the target cannot be scraped.
 */
export function targetLabels(discovered: Labels, relabel?: RelabelRules): Labels | null {
  const relabelled = relabel === undefined ? discovered : relabel.apply(discovered)
  if (relabelled === null) return null
  const labels = new Map<string, string>()
  for (const [name, value] of labelPairs(relabelled)) if (!name.startsWith('__meta_') && value !== '') labels.set(name, value)
  const address = labels.get(ADDRESS) ?? ''
  const socket = labels.get(SOCKET) ?? ''
  if (address === '' && socket === '') throw new Error('no address')
  if (address.includes('/')) throw new Error(`${JSON.stringify(address)} is not a valid hostname`)
  checkTimes(labels.get(INTERVAL) ?? '', labels.get(TIMEOUT) ?? '')
  flagOf(labels.get(CLASSIC), 'always scrape classic histograms')
  flagOf(labels.get(CONVERT), 'convert classic histograms to nhcb')
  flagOf(labels.get(NATIVE), 'scrape native histograms')
  if (!labels.has('instance')) labels.set('instance', address === '' ? socket : address)
  for (const [name, value] of labels) {
    if (LONE_SURROGATE.test(value)) throw new Error(`invalid label value for ${JSON.stringify(name)}: ${JSON.stringify(value)}`)
  }
  return labelsOfMap(labels)
}

function checkTimes(interval: string, timeout: string): void {
  const every = durationOf('interval', interval)
  const within = durationOf('timeout', timeout)
  if (within > every) {
    throw new Error(`scrape timeout cannot be greater than scrape interval (${JSON.stringify(timeout)} > ${JSON.stringify(interval)})`)
  }
}

function durationOf(what: string, text: string): number {
  const duration = parseDuration(text)
  if (duration === undefined) throw new Error(`error parsing scrape ${what}: not a valid duration string: ${JSON.stringify(text)}`)
  if (duration === 0) throw new Error(`scrape ${what} cannot be 0`)
  return duration
}

const TRUE = new Set(['1', 't', 'T', 'true', 'TRUE', 'True'])
const FALSE = new Set(['', '0', 'f', 'F', 'false', 'FALSE', 'False'])

function flagOf(text = '', what: string): boolean {
  if (TRUE.has(text)) return true
  if (FALSE.has(text)) return false
  throw new Error(`error parsing ${what}: ${JSON.stringify(text)} is neither true nor false`)
}

/** Something to scrape; immutable. */
export class Target {
  /** Labels that its series get. */
  readonly labels: Labels
  readonly url: string
  /** Milliseconds. */
  readonly interval: number
  /** Milliseconds, at most the interval. */
  readonly timeout: number
  readonly nativeHistograms: boolean
  readonly classicHistograms: boolean
  readonly convertClassicHistograms: boolean
  /** Path of a Unix socket to reach it by, `''` for none. */
  readonly socket: string
  readonly #hash: Hash64

  /** @param all labels that `targetLabels` gave */
  constructor(all: Labels, params: ReadonlyMap<string, readonly string[]>) {
    this.labels = labelsOfMap(new Map([...labelPairs(all)].filter(([name]) => !name.startsWith('__'))))
    this.url = targetUrl(all, params)
    this.interval = parseDuration(getLabel(all, INTERVAL))!
    this.timeout = parseDuration(getLabel(all, TIMEOUT))!
    this.nativeHistograms = flagOf(getLabel(all, NATIVE), NATIVE)
    this.classicHistograms = flagOf(getLabel(all, CLASSIC), CLASSIC)
    this.convertClassicHistograms = flagOf(getLabel(all, CONVERT), CONVERT)
    this.socket = getLabel(all, SOCKET)
    this.#hash = hash64([...this.labels, this.url])
  }

  /** Two targets with the same key would give the same series from the same place. */
  get key(): string {
    return JSON.stringify([this.url, this.interval, this.timeout, ...this.labels])
  }

  /** Where in the interval it is scraped, milliseconds: the same in every process, spread over all targets by steps. */
  get offset(): number {
    const offset = hashModulo(this.#hash, Math.max(1, Math.round(this.interval)))
    return offset - (offset % Math.min(STEP, this.interval / 4))
  }
}

/** The URL to scrape: parameters sorted by name; a `__param_` label takes the place of the first value. */
export function targetUrl(labels: Labels, params: ReadonlyMap<string, readonly string[]>): string {
  const query = new Map([...params].map(([name, values]) => [name, [...values]]))
  for (const [name, value] of labelPairs(labels)) {
    if (!name.startsWith(PARAM)) continue
    const values = query.get(name.slice(PARAM.length)) ?? []
    query.set(name.slice(PARAM.length), [value, ...values.slice(1)])
  }
  const pairs: string[] = []
  for (const name of [...query.keys()].sort()) {
    for (const value of query.get(name)!) pairs.push(`${escapeQuery(name)}=${escapeQuery(value)}`)
  }
  const address = getLabel(labels, ADDRESS)
  const host = address === '' && getLabel(labels, SOCKET) !== '' ? 'localhost' : address
  const path = encodeURI(getLabel(labels, '__metrics_path__')).replace(/[?#]/g, encodeURIComponent)
  const search = pairs.length === 0 ? '' : `?${pairs.join('&')}`
  return `${getLabel(labels, '__scheme__')}://${host}${path === '' || path.startsWith('/') ? path : `/${path}`}${search}`
}

function escapeQuery(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+')
}
