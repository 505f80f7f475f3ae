// A file of own rules to checked rules: every fault at once, with its place.

import type { Document, LineCounter, Node, Scalar, YAMLMap } from 'yaml'
import { didYouMean, Problem, problemsOf, throwAll } from '../diag/problem.js'
import { Pattern } from '../regex/pattern.js'
import { entropy, type RedactRule } from './rule.js'
import { patternFinder } from './secrets.js'

const KEYS = ['name', 'pattern', 'group', 'keywords', 'entropy', 'replace'] as const
type Key = (typeof KEYS)[number]

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
    for (const { message, pos } of document.errors) this.#report(pos[0], `not YAML: ${message[0].toLowerCase()}${message.slice(1)}`)
    if (this.problems.length > 0) return []
    const root = document.contents as YAMLMap | null
    const list = root?.items !== undefined && 'get' in root ? (root.get('rules', true) as { items?: Node[] } | undefined) : undefined
    if (list === undefined || !Array.isArray(list.items)) {
      this.#report(root?.range?.[0] ?? 0, 'no list of rules', 'rules: [{name: …, pattern: …}]')
      return []
    }
    return list.items.map((item) => this.#rule(item)).filter((rule) => rule !== undefined)
  }

  #rule(item: Node): RedactRule | undefined {
    const before = this.problems.length
    if (!('items' in item) || !('get' in item)) return void this.#report(item.range?.[0] ?? 0, 'a rule is a map', KEYS.join(', '))
    const map = item as unknown as YAMLMap<Scalar, Node>
    for (const { key } of map.items) {
      const name = String(key.value)
      if (!KEYS.includes(name as Key)) this.#report(key.range![0], `unknown key '${name}'`, KEYS.join(', '), didYouMean(name, KEYS))
    }
    const name = this.#value(map, 'name', (value) => typeof value === 'string' && /^[\w.-]+$/.test(value), 'letters, digits, _ . -') as string | undefined
    const pattern = this.#value(map, 'pattern', (value) => typeof value === 'string', 'a regular expression (RE2)') as string | undefined
    const group = this.#value(map, 'group', (value) => Number.isInteger(value) && (value as number) >= 0, 'the number of a group') as number | undefined
    const least = this.#value(map, 'entropy', (value) => typeof value === 'number', 'bits in a character, such as 3.5') as number | undefined
    const keywords = this.#value(map, 'keywords', isKeywords, 'texts of three characters or more') as string[] | undefined
    const replace = this.#value(map, 'replace', (value) => typeof value === 'string', 'a text') as string | undefined
    if (name === undefined || pattern === undefined) {
      if (before === this.problems.length) this.#report(item.range![0], `a rule needs '${name === undefined ? 'name' : 'pattern'}'`, 'name, pattern')
      return undefined
    }
    if (this.#names.has(name)) this.#report(item.range![0], `a second rule '${name}'`)
    this.#names.add(name)
    this.#compile(map, pattern, group)
    const accepts = least === undefined ? undefined : (text: string) => entropy(text) >= least
    return { name, group: 'own', about: pattern, trigger: keywords ?? 'always', find: patternFinder(pattern, group, accepts), replace }
  }

  #value(map: YAMLMap<Scalar, Node>, key: Key, is: (value: unknown) => boolean, expected: string): unknown {
    const node = map.get(key, true) as (Node & { toJSON(): unknown }) | undefined
    if (node === undefined) return undefined
    const value = node.toJSON()
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
      if (group !== undefined && group > groups) this.#report(node.range![0], `the pattern has ${groups} groups, not ${group}`)
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
