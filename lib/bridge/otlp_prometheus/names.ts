// Names of OpenTelemetry as Prometheus 3 takes them: labels, metrics and units (OpenTelemetry specification,
// "Prometheus and OpenMetrics Compatibility").

/** The words of Prometheus's `translation_strategy`, and what each of them does. */
export const STRATEGIES = {
  UnderscoreEscapingWithSuffixes: { escape: true, suffixes: true },
  UnderscoreEscapingWithoutSuffixes: { escape: true, suffixes: false },
  NoUTF8EscapingWithSuffixes: { escape: false, suffixes: true },
  NoTranslation: { escape: false, suffixes: false },
} as const
export type Strategy = keyof typeof STRATEGIES

export interface LabelNaming {
  /** Whether characters other than letters, digits and underscores become underscores. */
  escape: boolean
  /** Whether a label that begins with one underscore is given `key` in front. */
  underscore_sanitization: boolean
  /** Whether runs of underscores stay. */
  preserve_multiple_underscores: boolean
}

export interface MetricNaming {
  escape: boolean
  /** Whether unit and type are told at the end of the name. */
  suffixes: boolean
  /** In front of every name; `''` for none. */
  namespace: string
}

/** The types that names tell apart. */
export type MetricType =
  | 'gauge' | 'monotonic_counter' | 'non_monotonic_counter' | 'histogram' | 'exponential_histogram' | 'summary' | 'unknown'

export interface NamedMetric {
  name: string
  unit: string
  type: MetricType
}

const ONLY_UNDERSCORES = /^_*$/
/** As Prometheus before version 3 had them. */
const PLAIN = /^[A-Za-z_:][\w:]*$/
const RESERVED = /^__(.*)__$/s

export function isPlainName(name: string): boolean {
  return PLAIN.test(name)
}

/** The label of an attribute. Throws an Error where it would be none. */
export function labelName(label: string, naming: LabelNaming): string {
  if (label === '') throw new Error('label name is empty')
  const quoted = JSON.stringify(label)
  if (!naming.escape) {
    if (ONLY_UNDERSCORES.test(label)) throw new Error(`label name ${quoted} contains only underscores`)
    return label
  }
  let name = escapedLabel(label, naming.preserve_multiple_underscores)
  if (/^\d/.test(name)) name = `key_${name}`
  else if (naming.underscore_sanitization && /^_(?!_)/.test(name)) name = `key${name}`
  if (ONLY_UNDERSCORES.test(name))
    throw new Error(`normalization for label name ${quoted} resulted in invalid name ${JSON.stringify(name)}`)
  return name
}

/** Reserved names (`__like_this__`) keep their underscores at both ends. */
function escapedLabel(label: string, preserve: boolean): string {
  if (preserve) return label.replace(/[^A-Za-z0-9_]/gu, '_')
  const inner = RESERVED.exec(label)?.[1]
  return inner === undefined ? collapsed(label) : `__${collapsed(inner)}__`
}

function collapsed(label: string): string {
  return label.replace(/[^A-Za-z0-9]+/g, '_')
}

/** The name of a metric. Throws an Error where it would be none. */
export function metricName(metric: NamedMetric, naming: MetricNaming): string {
  if (!naming.escape) return rawName(metric, naming)
  const name = naming.suffixes ? nameOfTokens(metric, naming.namespace) : escapedName(metric.name, naming.namespace)
  const quoted = JSON.stringify(metric.name)
  if (name === '') throw new Error(`normalization for metric ${quoted} resulted in empty name`)
  if (name !== metric.name && ONLY_UNDERSCORES.test(name))
    throw new Error(`normalization for metric ${quoted} resulted in invalid name ${JSON.stringify(name)}`)
  return name
}

function escapedName(name: string, namespace: string): string {
  // Runs of other characters separate words; those at the ends are nothing.
  const words = (text: string) => text.split(/[^A-Za-z0-9:_]+/).filter((word) => word !== '').join('_')
  const escaped = words(name)
  if (namespace !== '') return `${words(namespace)}_${escaped}`
  return /^\d/.test(escaped) ? `_${escaped}` : escaped
}

/** The words of the name, then those of the unit and the type that it does not hold yet. */
function nameOfTokens({ name, unit, type }: NamedMetric, namespace: string): string {
  const [main, per] = unitSuffixes(unit).map(cleanUnit)
  let tokens = withUnit(name.split(/[^A-Za-z0-9:]+/).filter((word) => word !== ''), main, per)
  if (type === 'monotonic_counter') tokens = [...tokens.filter((word) => word !== 'total'), 'total']
  if (unit === '1' && type === 'gauge') tokens = [...tokens.filter((word) => word !== 'ratio'), 'ratio']
  const joined = (namespace === '' ? tokens : [namespace, ...tokens]).join('_')
  return /^\d/.test(joined) ? `_${joined}` : joined
}

function withUnit(tokens: string[], main: string, per: string): string[] {
  const newPer = per === 'per_' || tokens.includes(trimmedEnd(per)) ? '' : trimmedEnd(per)
  const newMain = tokens.includes(main) ? '' : newPer === '' ? main : trimmedEnd(main)
  return [...tokens, newMain, newPer].filter((word) => word !== '')
}

/** The name as it is, with suffixes where it does not end with them already. */
function rawName({ name, unit, type }: NamedMetric, { namespace, suffixes }: MetricNaming): string {
  let raw = namespace === '' ? name : `${namespace}_${name}`
  if (!suffixes) return raw
  const ratio = unit === '1' && type === 'gauge'
  const total = type === 'monotonic_counter'
  const [main, per] = unitSuffixes(unit)
  if (ratio) raw = withoutEnd(raw, 'ratio')
  if (total) raw = withoutEnd(raw, 'total')
  if (per !== '') raw = withoutEnd(raw, per)
  if (main !== '' && !raw.endsWith(main)) raw += `_${main}`
  return `${raw}${per === '' ? '' : `_${per}`}${total ? '_total' : ''}${ratio ? '_ratio' : ''}`
}

/** Without a last word and the character before it. */
function withoutEnd(name: string, word: string): string {
  return name.endsWith(word) && name.length > word.length + 1 ? name.slice(0, -(word.length + 1)) : name
}

/** Units of UCUM whose names Prometheus spells out. */
export const UNITS: ReadonlyMap<string, string> = new Map([
  ['d', 'days'], ['h', 'hours'], ['min', 'minutes'], ['s', 'seconds'], ['ms', 'milliseconds'], ['us', 'microseconds'],
  ['ns', 'nanoseconds'], ['By', 'bytes'], ['KiBy', 'kibibytes'], ['MiBy', 'mebibytes'], ['GiBy', 'gibibytes'],
  ['TiBy', 'tibibytes'], ['KBy', 'kilobytes'], ['MBy', 'megabytes'], ['GBy', 'gigabytes'], ['TBy', 'terabytes'],
  ['m', 'meters'], ['V', 'volts'], ['A', 'amperes'], ['J', 'joules'], ['W', 'watts'], ['g', 'grams'], ['Cel', 'celsius'],
  ['Hz', 'hertz'], ['1', ''], ['%', 'percent'],
])
export const PER: ReadonlyMap<string, string> = new Map([
  ['s', 'second'], ['m', 'minute'], ['h', 'hour'], ['d', 'day'], ['w', 'week'], ['mo', 'month'], ['y', 'year'],
])

/** What is measured, and per what (`per_second`); annotations in braces are no units. */
function unitSuffixes(unit: string): [string, string] {
  const slash = unit.indexOf('/')
  const main = (slash < 0 ? unit : unit.slice(0, slash)).trim()
  const per = slash < 0 ? '' : unit.slice(slash + 1).trim()
  const isUnit = (word: string) => word !== '' && !/[{}]/.test(word)
  return [isUnit(main) ? (UNITS.get(main) ?? main) : '', isUnit(per) ? `per_${PER.get(per) ?? per}` : '']
}

function cleanUnit(unit: string): string {
  return unit.replace(/[^A-Za-z0-9:]+/g, '_').replace(/^_/, '')
}

function trimmedEnd(word: string): string {
  return word.replace(/_$/, '')
}

/** The unit as metadata and the label `__unit__` tell it. */
export function unitName(unit: string, escape: boolean): string {
  const suffixes = unitSuffixes(unit)
  const words = escape ? suffixes.map(cleanUnit) : suffixes
  return words.filter((word) => word !== '').join('_').replace(/^_/, '').replace(/_$/, '')
}
