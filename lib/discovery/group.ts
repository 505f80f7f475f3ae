// Target groups as Prometheus's file and HTTP discovery write them: JSON, strictly, or YAML.

import { didYouMean, EXIT, type Place, Problem, throwAll } from '../diag/problem.js'
import { parseJson } from './json.js'
import { type Node, Unreadable } from './node.js'

export interface TargetGroup {
  /** Addresses. */
  targets: readonly string[]
  labels: ReadonlyMap<string, string>
}

export type Format = 'json' | 'yaml'

const KEYS = ['targets', 'labels'] as const

/**
 * The groups of a document: a list of `{targets, labels}`. Throws all Problems together.
 *
 * @param name file or URL, as errors show it
 */
export async function parseGroups(text: string, format: Format, name: string): Promise<TargetGroup[]> {
  const reader = new GroupReader(text, format, name)
  const root = await reader.tree()
  const groups = root === null ? [] : reader.groups(root)
  throwAll(reader.problems)
  return groups
}

/** One group that is a document of its own. Throws as parseGroups. */
export async function parseGroup(text: string, format: Format, name: string): Promise<TargetGroup> {
  const reader = new GroupReader(text, format, name)
  const root = await reader.tree()
  const group = root === null ? null : reader.group(root)
  throwAll(reader.problems)
  return group!
}

/** A group as a JSON document has it. */
export function groupText({ targets, labels }: TargetGroup): string {
  return JSON.stringify(labels.size === 0 ? { targets } : { targets, labels: Object.fromEntries(labels) })
}

/** Problems told of one document; a wrong generator makes the same mistake in every group. */
const MAX_PROBLEMS = 10

class GroupReader {
  readonly problems: Problem[] = []

  constructor(
    private readonly text: string,
    private readonly format: Format,
    private readonly name: string,
  ) {}

  /** null where it cannot be read. */
  async tree(): Promise<Node | null> {
    try {
      if (this.format === 'json') return parseJson(this.text)
      const { parseYaml } = await import('./yaml.js')
      return parseYaml(this.text)
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error
      this.#report({ at: error.at, length: 1 }, error.message, error.expected)
      return null
    }
  }

  groups(root: Node): TargetGroup[] {
    if (root.kind === 'null') return []
    if (root.kind === 'list') return root.items.map((item) => this.group(item)).filter((group) => group !== null)
    this.#report(root, 'not a list of target groups', 'a list of {targets, labels}')
    return []
  }

  group(node: Node): TargetGroup | null {
    if (node.kind !== 'map') {
      this.#report(
        node,
        node.kind === 'null' ? 'target group is null' : 'not a target group',
        `a map of ${KEYS.join(', ')}`,
      )
      return null
    }
    let targets: readonly string[] = []
    let labels: ReadonlyMap<string, string> = new Map()
    for (const entry of node.entries) {
      const key = this.format === 'json' ? entry.key.toLowerCase() : entry.key
      if (key === 'targets') targets = this.#targets(entry.value)
      else if (key === 'labels') labels = this.#labels(entry.value)
      else
        this.#report(
          entry,
          `unknown key '${shown(entry.key)}' in a target group`,
          KEYS.join(', '),
          didYouMean(entry.key, KEYS),
        )
    }
    return { targets, labels }
  }

  #targets(node: Node): string[] {
    if (node.kind === 'null') return []
    if (node.kind === 'list') return node.items.map((item) => this.#string(item, 'target'))
    const hint = node.kind === 'string' ? `write ['${shown(node.text)}']` : undefined
    this.#report(node, "'targets' is not a list", 'a list of addresses', hint)
    return []
  }

  #labels(node: Node): Map<string, string> {
    const labels = new Map<string, string>()
    if (node.kind === 'null') return labels
    if (node.kind !== 'map') {
      this.#report(node, "'labels' is not a map", 'a map of texts')
      return labels
    }
    for (const entry of node.entries) {
      if (entry.key === '') this.#report(entry, 'label without a name', 'a label name')
      else labels.set(entry.key.toWellFormed(), this.#string(entry.value, `value of label '${shown(entry.key)}'`))
    }
    return labels
  }

  #string(node: Node, what: string): string {
    if (node.kind === 'null') return ''
    if (node.kind === 'string' || (node.kind === 'other' && this.format === 'yaml')) return node.text.toWellFormed()
    this.#report(node, `${what} is not a text`, 'a text')
    return ''
  }

  #report(where: { at: number; length: number }, message: string, expected?: string, hint?: string): void {
    if (this.problems.length < MAX_PROBLEMS)
      this.problems.push(new Problem(message, { place: this.#place(where), expected, hint, exit: EXIT.failed }))
  }

  #place({ at, length }: { at: number; length: number }): Place {
    const before = this.text.slice(0, at)
    const start = before.lastIndexOf('\n') + 1
    const newline = this.text.indexOf('\n', at)
    const source = this.text.slice(start, newline < 0 ? undefined : newline).replace(/\r$/, '')
    let line = 1
    for (let i = before.indexOf('\n'); i >= 0; i = before.indexOf('\n', i + 1)) line++
    const column = at - start + 1
    return { file: this.name, line, column, length: Math.max(1, Math.min(length, source.length - column + 1)), source }
  }
}

function shown(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
