// Hides what rules find: in texts, in values of attributes, in labels.

import { createHmac } from 'node:crypto'
import { Problem } from '../diag/problem.js'
import { type Json, numberOf } from '../record/json.js'
import type { Labels } from '../record/labels.js'
import type { RedactRule } from './rule.js'
import { Triggers } from './triggers.js'

interface Found {
  readonly start: number
  readonly end: number
  readonly rule: number
}

/** Replaces what rules find, and counts it. */
export class Redactor {
  /** What was hidden, by rule. */
  readonly counts = new Map<string, number>()
  readonly #triggers: Triggers
  readonly #replacements: readonly ((text: string) => string)[]

  /**
   * @param rules where two find the same, the one that begins first, or else stands first, hides it
   * @param replace `${rule}` in it is the rule's name, `${hash}` what `hash` makes of the text
   * @param hash undefined where there is no key. Throws a Problem for a replacement that needs one.
   */
  constructor(
    private readonly rules: readonly RedactRule[],
    replace: string,
    hash: ((text: string) => string) | undefined,
  ) {
    this.#triggers = new Triggers(rules)
    this.#replacements = rules.map((rule) => replacement(rule.replace ?? replace, rule.name, hash))
  }

  /** The text without what is to be hidden; the same one where there is nothing. */
  text(text: string): string {
    if (text.length < 3 || !this.#triggers.look(text)) return text
    const found: Found[] = []
    const { worth } = this.#triggers
    for (let rule = 0; rule < worth.length; rule++) {
      if (worth[rule] === 1) this.rules[rule].find(text, (start, end) => found.push({ start, end, rule }))
    }
    return found.length === 0 ? text : this.#without(text, found)
  }

  has(rule: string): boolean {
    return this.rules.some(({ name }) => name === rule)
  }

  /** What stands for all of a text that is what the rule hides. */
  hide(rule: string, text: string): string {
    return this.#hide(text, this.rules.findIndex(({ name }) => name === rule))
  }

  #without(text: string, found: Found[]): string {
    found.sort((a, b) => a.start - b.start || a.rule - b.rule)
    let out = ''
    let at = 0
    for (const { start, end, rule } of found) {
      if (start < at) continue
      out += text.slice(at, start) + this.#hide(text.slice(start, end), rule)
      at = end
    }
    return out + text.slice(at)
  }

  #hide(text: string, rule: number): string {
    const { name } = this.rules[rule]
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1)
    return this.#replacements[rule](text)
  }

  /**
   * A value with its texts, at any depth; the same one where nothing was hidden. The text of a key such as `password`
   * or `x-api-key` is hidden whatever it looks like, where the rule `password` is in use.
   */
  value(value: Json, key = ''): Json {
    if (typeof value === 'string') return this.named(key, value)
    if (typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) {
      const list = value as readonly Json[]
      const items = list.map((item) => this.value(item, key))
      return items.every((item, i) => item === list[i]) ? value : items
    }
    if (isTagged(value)) return value
    const entries = Object.entries(value).map(([name, item]): [string, Json] => [name, this.value(item, name)])
    const map = value as { readonly [name: string]: Json }
    return entries.every(([name, item]) => item === map[name]) ? value : Object.fromEntries(entries)
  }

  /** The text of a label or attribute of that name. */
  named(name: string, text: string): string {
    if (name !== '' && text !== '' && isSecretName(name)) {
      const rule = this.rules.findIndex(({ name }) => name === 'password')
      if (rule >= 0 && !HIDDEN.test(text)) return this.#hide(text, rule)
    }
    return this.text(text)
  }

  labels(labels: Labels): Labels {
    let out: string[] | undefined
    for (let i = 0; i < labels.length; i += 2) {
      const value = this.named(labels[i], labels[i + 1])
      if (value !== labels[i + 1]) (out ??= [...labels])[i + 1] = value
    }
    return out ?? labels
  }
}

/**
 * A number or bytes that plain JSON does not tell (solder-records(7)): with a text in its place it would be neither.
 */
function isTagged(map: object): boolean {
  const entries = Object.entries(map) as [string, Json][]
  if (entries.length !== 1) return false
  const [[tag, value]] = entries
  if (tag === '$int') return typeof value === 'string' && /^-?\d{1,20}$/.test(value)
  return tag === '$bytes' || (tag === '$double' && numberOf(value) !== undefined)
}

/** What was hidden before, here or elsewhere. */
const HIDDEN = /^(?:<[\w#:. -]+>|\[[\w:. -]+\]|\*+)$/

const SECRET_WORDS = [
  'pass(?:word|wd|phrase)', 'pwd', 'secret', 'authorization', 'cookie',
  '(?:api|private|secret|access)[_.-]?key', '(?:access|refresh|auth|id|session|bearer)[_.-]?token',
]
const SECRET_NAME = new RegExp(`(?:^|[^a-z])(?:${SECRET_WORDS.join('|')})$|^token$`)

/** Whether a name says that its value is nobody's business. */
function isSecretName(name: string): boolean {
  const last = name.charCodeAt(name.length - 1) | 32
  // The last letters of the words below; most names end otherwise.
  if (last !== 100 && last !== 116 && last !== 121 && last !== 110 && last !== 101) return false
  return SECRET_NAME.test(name.replace(/([a-z])([A-Z])/g, '$1_$2').toLowerCase())
}

type Hash = (text: string) => string

function replacement(template: string, rule: string, hash: Hash | undefined): (text: string) => string {
  const named = template.replaceAll('${rule}', rule)
  const unknown = /\$\{(?!hash\})[^}]*\}?/.exec(named)
  if (unknown !== null) throw new Problem(`bad replacement: unknown ${unknown[0]}`, { expected: '${rule}, ${hash}' })
  if (!named.includes('${hash}')) return () => named
  if (hash === undefined) {
    const hint = 'without a key, what has few forms can be found out by trying them'
    throw new Problem('a replacement with ${hash} needs a key', { expected: '--key', hint })
  }
  return (text) => named.replaceAll('${hash}', hash(text))
}

/** Characters of a hash: 48 bits, of which two of ten million texts share one with a probability below one in five. */
const HASH_LENGTH = 12
/** Texts whose hashes are remembered. */
const MAX_KNOWN = 1000

/** HMAC-SHA-256 of texts, shortened: equal texts stay equal, and only who has the key can tell which they were. */
export function keyedHash(key: string): (text: string) => string {
  const known = new Map<string, string>()
  return (text) => {
    let hash = known.get(text)
    if (hash === undefined) {
      if (known.size >= MAX_KNOWN) known.clear()
      known.set(text, (hash = createHmac('sha256', key).update(text).digest('hex').slice(0, HASH_LENGTH)))
    }
    return hash
  }
}
