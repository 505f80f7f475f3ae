// A file of own rules to checked rules: every fault at once, with its place.

import type { Document, LineCounter, Node, Scalar, YAMLMap } from 'yaml'
import { didYouMean, Problem, problemsOf, throwAll } from '../diag/problem.js'
import { Pattern } from '../regex/pattern.js'
import { entropy, type RedactRule } from './rule.js'
import { patternFinder } from './secrets.js'

const KEYS = ['name', 'pattern', 'group', 'keywords', 'entropy', 'replace'] as const
type Key = (typeof KEYS)[number]

interface Values {
  name?: string
  pattern?: string
  group?: number
  keywords?: string[]
  entropy?: number
  replace?: string
}

const VALID: { readonly [K in Key]: readonly [is: (value: unknown) => boolean, expected: string] } = {
  name: [(value) => typeof value === 'string' && /^[\w.-]+$/.test(value), 'letters, digits, _ . -'],
  pattern: [(value) => typeof value === 'string', 'a regular expression (RE2)'],
  group: [(value) => Number.isInteger(value) && (value as number) >= 0, 'the number of a group'],
  keywords: [isKeywords, 'texts of three characters or more'],
  entropy: [(value) => typeof value === 'number', 'bits in a character, such as 3.5'],
  replace: [(value) => typeof value === 'string', 'a text'],
}

/** The rules of a YAML text: a list `rules` of maps. Throws all Problems together; `file` is what they call it. */
export async function parseRedactRules(text: string, file: string): Promise<RedactRule[]> {
  const { parseDocument, LineCounter } = await import('yaml')
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const reader = new RuleReader(text, file, lines)
  const rules = reader.read(document)
  throwAll(reader.problems)
  return rules
}

class RuleReader {
  readonly problems: Problem[] = []
  readonly #names = new Set<string>()

  constructor(private readonly text: string, private readonly file: string, private readonly lines: LineCounter) {}

  read(document: Document.Parsed): RedactRule[] {
    for (const { message, pos } of document.errors) {
      this.#report(pos[0], `not YAML: ${message[0].toLowerCase()}${message.slice(1)}`)
    }
    if (this.problems.length > 0) return []
    const root = document.contents
    const list = root !== null && 'get' in root ? (root as YAMLMap).get('rules', true) : undefined
    if (typeof list !== 'object' || list === null || !('items' in list)) {
      this.#report(root?.range?.[0] ?? 0, 'no list of rules', 'rules: [{name: …, pattern: …}]')
      return []
    }
    return (list.items as Node[]).map((item) => this.#rule(item)).filter((rule) => rule !== undefined)
  }

  #rule(item: Node): RedactRule | undefined {
    const before = this.problems.length
    const at = item.range?.[0] ?? 0
    if (!('items' in item) || !('get' in item)) return void this.#report(at, 'a rule is a map', KEYS.join(', '))
    const map = item as unknown as YAMLMap<Scalar, Node>
    for (const { key } of map.items) {
      const known = KEYS.includes(String(key.value) as Key)
      const hint = didYouMean(String(key.value), KEYS)
      if (!known) this.#report(key.range![0], `unknown key '${key.value}'`, KEYS.join(', '), hint)
    }
    const values = new Map(KEYS.map((key) => [key, this.#value(map, key)]))
    const { name, pattern, group, keywords, entropy: least, replace } = Object.fromEntries(values) as Values
    if (name === undefined || pattern === undefined) {
      const missing = name === undefined ? 'name' : 'pattern'
      if (before === this.problems.length) this.#report(at, `a rule needs '${missing}'`, 'name, pattern')
      return undefined
    }
    if (this.#names.has(name)) this.#report(at, `a second rule '${name}'`)
    this.#names.add(name)
    this.#compile(map, pattern, group)
    const accepts = least === undefined ? undefined : (text: string) => entropy(text) >= least
    const find = patternFinder(pattern, group, accepts)
    return { name, group: 'own', about: pattern, trigger: keywords ?? 'always', find, replace }
  }

  #value(map: YAMLMap<Scalar, Node>, key: Key): unknown {
    const node = map.get(key, true) as (Node & { toJSON(): unknown }) | undefined
    if (node === undefined) return undefined
    const value = node.toJSON()
    const [is, expected] = VALID[key]
    if (is(value)) return value
    this.#report(node.range![0], `${key} is not valid`, expected)
    return undefined
  }

  #compile(map: YAMLMap<Scalar, Node>, pattern: string, group: number | undefined): void {
    const node = map.get('pattern', true) as Node
    try {
      Pattern.search(pattern)
      // One more branch that always matches: its groups are all of them.
      const groups = [...Pattern.search(`${pattern}|`).matches('')][0].length / 2 - 1
      if (group !== undefined && group > groups) {
        this.#report(node.range![0], `the pattern has ${groups} groups, not ${group}`)
      }
    } catch (error) {
      for (const problem of problemsOf(error)) this.#report(node.range![0], problem.message)
    }
  }

  #report(at: number, message: string, expected?: string, hint?: string): void {
    const { line, col } = this.lines.linePos(at)
    const place = { file: this.file, line, column: col, source: this.text.split('\n')[line - 1] }
    this.problems.push(new Problem(message, { place, expected, hint }))
  }
}

function isKeywords(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every((word) => typeof word === 'string' && word.length >= 3)
}
