// Which format a Content-Type announces, by the rules of Prometheus 3: a known media type, else the fallback.

import type { ExpositionFormat } from './parser.js'

const FORMATS: ReadonlyMap<string, ExpositionFormat> = new Map([
  ['text/plain', 'text'],
  ['application/openmetrics-text', 'openmetrics'],
  ['application/vnd.google.protobuf', 'protobuf'],
])

/** Media types of the names in a Prometheus `fallback_scrape_protocol`. */
const PROTOCOLS: ReadonlyMap<string, string> = new Map([
  ['PrometheusProto', 'application/vnd.google.protobuf'],
  ['PrometheusText0.0.4', 'text/plain'],
  ['PrometheusText1.0.0', 'text/plain'],
  ['OpenMetricsText0.0.1', 'application/openmetrics-text'],
  ['OpenMetricsText1.0.0', 'application/openmetrics-text'],
])

export interface AnnouncedFormat {
  /** null: the body cannot be read, `warning` says why. */
  format: ExpositionFormat | null
  /** Why the Content-Type was not used. */
  warning?: string
}

/** @param fallback a name such as `PrometheusText0.0.4`, or a media type; empty for none */
export function formatOf(contentType: string, fallback: string): AnnouncedFormat {
  const fallbackType = PROTOCOLS.get(fallback) ?? fallback
  const otherwise = (known: string, unknown: string): AnnouncedFormat => {
    if (fallbackType === '') return { format: null, warning: unknown }
    const warning = `${known}, using fallback_scrape_protocol "${fallbackType}"`
    return { format: FORMATS.get(fallbackType) ?? null, warning }
  }
  if (contentType === '') {
    const blank = 'non-compliant scrape target sending blank Content-Type'
    return otherwise(blank, `${blank} and no fallback_scrape_protocol specified for target`)
  }
  const media = mediaType(contentType)
  const quoted = JSON.stringify(contentType)
  if ('error' in media) {
    const answer = otherwise(
      `could not parse received Content-Type ${quoted}`,
      `cannot parse Content-Type ${quoted} and no fallback_scrape_protocol for target`,
    )
    return { ...answer, warning: `${answer.warning}: ${media.error}` }
  }
  const format = FORMATS.get(media.type)
  if (format !== undefined) return { format }
  const unsupported = `received unsupported Content-Type ${quoted}`
  return otherwise(unsupported, `${unsupported} and no fallback_scrape_protocol specified for target`)
}

const TCHARS = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+"
const TOKEN = new RegExp(`^${TCHARS}`)

/** The media type of a header value (RFC 9110, 8.3.1), checked as Go's mime package does it. */
function mediaType(value: string): { type: string } | { error: string } {
  const semicolon = value.indexOf(';')
  const text = (semicolon < 0 ? value : value.slice(0, semicolon)).trim().toLowerCase()
  const type = TOKEN.exec(text)?.[0]
  if (type === undefined) return { error: 'no media type' }
  const rest = text.slice(type.length)
  if (rest !== '') {
    if (rest[0] !== '/') return { error: 'expected slash after first token' }
    const subtype = TOKEN.exec(rest.slice(1))?.[0]
    if (subtype === undefined) return { error: 'expected token after slash' }
    if (subtype.length + 1 < rest.length) return { error: 'unexpected content after media subtype' }
  }
  const error = semicolon < 0 ? undefined : parameterError(value.slice(semicolon))
  return error === undefined ? { type: text } : { error }
}

const QUOTED = '"((?:[^"\\\\\\r\\n]|\\\\.)*)"'
const PARAMETER = new RegExp(`^\\s*;\\s*(${TCHARS})\\s*=\\s*(?:(${TCHARS})|${QUOTED})`)

function parameterError(value: string): string | undefined {
  const seen = new Map<string, string>()
  let rest = value
  while (rest.trim() !== '' && rest.trim() !== ';') {
    const match = PARAMETER.exec(rest)
    if (match === null) return 'invalid media parameter'
    const name = match[1].toLowerCase()
    const given = match[2] ?? match[3]
    const before = seen.get(name)
    if (before !== undefined && before !== given) return 'duplicate parameter name'
    seen.set(name, given)
    rest = rest.slice(match[0].length)
  }
  return undefined
}
