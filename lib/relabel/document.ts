// A file of relabel rules to checked rules: every fault at once, each with its place in the file.

import type * as YamlModule from 'yaml'
import type { Document, LineCounter, Pair, Scalar, YAMLMap } from 'yaml'
import { didYouMean, Problem, throwAll } from '../diag/problem.js'
import { patternFault } from '../regex/pattern.js'
import { ACTIONS, DEFAULT_REPLACEMENT, DEFAULT_SEPARATOR, RULE_KEYS, type RuleConfig, ruleFault, type RuleKey } from './config.js'
import type { NameScheme } from './name.js'

/** Keys under which a list of rules may stand. */
const LIST_KEYS = ['relabel_configs', 'metric_relabel_configs', 'write_relabel_configs', 'rules'] as const

/** The library, loaded when there is a file to read. */
type Yaml = typeof YamlModule

/**
 * The rules of a YAML or JSON text: a bare list, or one under `relabel_configs`, `metric_relabel_configs`,
 * `write_relabel_configs` or `rules`. Throws all Problems together.
 *
 * @param file the name that errors show
 */
export async function parseRules(text: string, file: string, scheme: NameScheme = 'utf8'): Promise<RuleConfig[]> {
  const reader = new RuleReader(await import('yaml'), text, file, scheme)
  const rules = reader.read()
  throwAll(reader.problems.sort((a, b) => a.place!.line! - b.place!.line! || a.place!.column! - b.place!.column!))
  return rules
}

/** Rules as Prometheus writes them: what `parseRules` reads back to the same rules. */
export async function rulesText(rules: readonly RuleConfig[]): Promise<string> {
  const { Document: YamlDocument } = await import('yaml')
  const document = new YamlDocument(
    rules.map(({ source_labels, separator, regex, modulus, target_label, replacement, action }) => ({
      ...(source_labels !== undefined && source_labels.length > 0 && { source_labels }),
      separator: separator ?? DEFAULT_SEPARATOR,
      ...(regex !== undefined && { regex }),
      ...(modulus !== undefined && Number(modulus) !== 0 && { modulus }),
      ...(target_label !== undefined && target_label !== '' && { target_label }),
      replacement: replacement ?? DEFAULT_REPLACEMENT,
      action: action ?? 'replace',
    })),
  )
  for (const index of rules.keys()) {
    const labels = document.getIn([index, 'source_labels'], true) as { flow?: boolean } | undefined
    if (labels !== undefined) labels.flow = true
  }
  return document.toString({ lineWidth: 0, flowCollectionPadding: false })
}

type Ranged = { range?: readonly [number, number, number] | null }

class RuleReader {
  readonly problems: Problem[] = []
  readonly #lines: LineCounter
  readonly #document: Document.Parsed

  constructor(
    private readonly yaml: Yaml,
    private readonly text: string,
    private readonly file: string,
    private readonly scheme: NameScheme,
  ) {
    this.#lines = new yaml.LineCounter()
    this.#document = yaml.parseDocument(text, { lineCounter: this.#lines, prettyErrors: false })
  }

  read(): RuleConfig[] {
    for (const { message, pos } of this.#document.errors) {
      this.#report(pos[0], 1, `not YAML: ${message[0].toLowerCase()}${message.slice(1)}`)
    }
    return this.problems.length > 0 ? [] : this.#list(this.#document.contents)
  }

  #list(contents: unknown): RuleConfig[] {
    const { isMap, isSeq } = this.yaml
    const node = this.#resolve(contents)
    if (isEmptyNode(this.yaml, node)) return []
    if (isMap(node)) return this.#underKey(node)
    if (!isSeq(node)) {
      this.#reportAt(node, 'not a list of relabel rules', `a list, or one under ${LIST_KEYS.join(', ')}`)
      return []
    }
    return node.items.map((item) => this.#rule(item)).filter((rule) => rule !== null)
  }

  #underKey(map: YAMLMap): RuleConfig[] {
    let found: Pair | undefined
    for (const pair of map.items) {
      const key = keyOf(pair)
      if (!(LIST_KEYS as readonly string[]).includes(key)) {
        const rule = (RULE_KEYS as readonly string[]).includes(key)
        const hint = rule ? `a rule is an element of a list: write '- ${key}: …'` : didYouMean(key, LIST_KEYS)
        this.#reportAt(pair.key, `unknown key '${key}'`, LIST_KEYS.join(', '), hint)
      } else if (found !== undefined) {
        this.#reportAt(pair.key, `'${key}' beside '${keyOf(found)}'`, 'one list of rules in a file')
      } else found = pair
    }
    if (found === undefined) return []
    const list = this.#resolve(found.value)
    if (this.yaml.isMap(list)) {
      this.#reportAt(list, 'not a list of relabel rules', 'a list')
      return []
    }
    return this.#list(list)
  }

  #rule(item: unknown): RuleConfig | null {
    const node = this.#resolve(item)
    if (!this.yaml.isMap(node)) {
      this.#reportAt(node, 'not a relabel rule', `a map of ${RULE_KEYS.join(', ')}`)
      return null
    }
    const before = this.problems.length
    const rule: RuleConfig = {}
    const values = new Map<RuleKey, unknown>()
    for (const pair of node.items) {
      const key = keyOf(pair)
      if (!isRuleKey(key)) {
        this.#reportAt(pair.key, `unknown key '${key}' in a relabel rule`, RULE_KEYS.join(', '), didYouMean(key, RULE_KEYS))
        continue
      }
      const value = this.#resolve(pair.value)
      values.set(key, value)
      this.#field(rule, key, value ?? pair.key)
    }
    this.#check(rule, node, values, this.problems.length > before)
    return rule
  }

  #field(rule: RuleConfig, key: RuleKey, value: unknown): void {
    if (key === 'source_labels') this.#sourceLabels(rule, value)
    else if (key === 'modulus') this.#modulus(rule, value)
    else {
      const text = this.#string(value)
      if (text === null) this.#reportAt(value, `'${key}' is not a text`, 'a text')
      else rule[key] = text
    }
  }

  #sourceLabels(rule: RuleConfig, value: unknown): void {
    if (isEmptyNode(this.yaml, value)) return
    if (!this.yaml.isSeq(value)) {
      const text = this.#string(value)
      this.#reportAt(value, "'source_labels' is not a list", 'a list of label names', text ? `write [${text}]` : undefined)
      return
    }
    rule.source_labels = []
    for (const item of value.items) {
      const name = this.#string(this.#resolve(item))
      if (name === null || name === '') this.#reportAt(item, 'not a label name', 'a label name')
      else rule.source_labels.push(name)
    }
  }

  #modulus(rule: RuleConfig, value: unknown): void {
    if (isEmptyNode(this.yaml, value)) return
    const text = this.#string(value) ?? ''
    if (!/^\d{1,20}$/.test(text) || BigInt(text) >= 1n << 64n) {
      this.#reportAt(value, "'modulus' is not a whole number", '1 to 18446744073709551615')
      return
    }
    const number = Number(text)
    rule.modulus = Number.isSafeInteger(number) ? number : BigInt(text)
  }

  #check(rule: RuleConfig, node: YAMLMap, values: ReadonlyMap<RuleKey, unknown>, faulty: boolean): void {
    if (rule.regex !== undefined) {
      const fault = patternFault(rule.regex)
      if (fault !== null) this.#reportPattern(values.get('regex'), rule.regex, fault.reason, fault.at, fault.length)
    }
    const fault = faulty ? null : ruleFault(rule, this.scheme)
    if (fault === null) return
    const hint = fault.key === 'action' ? didYouMean(rule.action ?? '', ACTIONS) : undefined
    this.#reportAt(values.get(fault.key) ?? firstKey(node), fault.message, fault.expected, hint)
  }

  #reportPattern(value: unknown, regex: string, reason: string, at: number, length: number): void {
    const start = (value as Ranged).range?.[0] ?? 0
    const inside = ['', '"', "'"].find((quote) => this.text.startsWith(quote + regex, start))
    // In a folded or escaped text the place inside cannot be shown.
    if (inside === undefined) this.#reportAt(value, reason)
    else this.#report(start + inside.length + at, length, reason)
  }

  /**
   * The text of a scalar as it was written (`8080`, `1.10` and `true` are texts too), '' for nothing; null if it is
   * none.
   */
  #string(node: unknown): string | null {
    if (isEmptyNode(this.yaml, node)) return ''
    if (!this.yaml.isScalar(node)) return null
    const scalar = node as Scalar
    return typeof scalar.value === 'string' ? scalar.value : (scalar.source ?? String(scalar.value))
  }

  #resolve(node: unknown): unknown {
    return this.yaml.isAlias(node) ? node.resolve(this.#document) : node
  }

  #reportAt(node: unknown, message: string, expected?: string, hint?: string): void {
    const range = (node as Ranged | null)?.range ?? [0, 0, 0]
    this.#report(range[0], range[1] - range[0], message, expected, hint)
  }

  #report(offset: number, length: number, message: string, expected?: string, hint?: string): void {
    const { line, col } = this.#lines.linePos(Math.min(offset, this.text.length))
    const start = offset - col + 1
    const newline = this.text.indexOf('\n', start)
    const source = this.text.slice(start, newline < 0 ? undefined : newline).replace(/\r$/, '')
    const place = {
      file: this.file, line, column: col, length: Math.max(1, Math.min(length, source.length - col + 1)), source,
    }
    this.problems.push(new Problem(message, { place, expected, hint }))
  }
}

function isEmptyNode(yaml: Yaml, node: unknown): boolean {
  return node === null || node === undefined || (yaml.isScalar(node) && node.value === null)
}

function keyOf(pair: Pair): string {
  const key = pair.key as { value?: unknown; source?: string } | null
  return key?.source ?? String(key?.value ?? '')
}

function firstKey(map: YAMLMap): unknown {
  return map.items[0]?.key ?? map
}

function isRuleKey(key: string): key is RuleKey {
  return (RULE_KEYS as readonly string[]).includes(key)
}
