// A file of sampling policies, in the Collector's shape, to policies at work: every fault at once, each with its place.

import type { Node } from 'yaml'
import { didYouMean, type Problem, problemsOf, throwAll } from '../../diag/problem.js'
import { type Decide, KINDS, type Workshop } from './conditions.js'
import { type Fields, PolicyDocument } from './document.js'
import { Composite, type Share } from './limits.js'
import { passes, Policies, type Policy } from './policy.js'
import type { SpanTest, Trace } from './trace.js'

/** What the file says beside the policies; undefined where it says nothing. */
export interface TailSettings {
  /** Milliseconds. */
  wait?: number
  /** Milliseconds from the root span on; without it the root is a span like others. */
  waitAfterRoot?: number
  traces?: number
  sampledIds?: number
  notSampledIds?: number
}

export interface TailPolicies {
  readonly policies: Policies
  /** To be run on every span, see `Trace.add`. */
  readonly tests: readonly SpanTest[]
  readonly settings: TailSettings
}

export interface PolicyText {
  /** What errors call it. */
  readonly file: string
  readonly text: string
  /** It is one policy, and no file of them. */
  readonly single: boolean
}

const SETTINGS = [
  'policies', 'decision_wait', 'decision_wait_after_root_received', 'num_traces', 'decision_cache', 'sample_on_first_match',
  'expected_new_traces_per_sec',
] as const
const CACHE = ['sampled_cache_size', 'non_sampled_cache_size'] as const
const COMBINING = ['and', 'not', 'composite', 'condition', 'drop'] as const
const TYPES: readonly string[] = [...KINDS.keys(), ...COMBINING]
const OTTL = "expressions are CEL here: {type: condition, condition: 'attributes[\"http.route\"] == \"/pay\"'}"

/**
 * Compiles policies. Throws every Problem at once.
 * @param failed told when a condition has no value for a span; the span does not fulfil it then
 */
export async function compilePolicies(
  texts: readonly PolicyText[], failed: (policy: string, why: string) => void,
): Promise<TailPolicies> {
  const yaml = await import('yaml')
  const problems: Problem[] = []
  const compiler = new PolicyCompiler(failed)
  for (const { file, text, single } of texts) {
    const document = new PolicyDocument(yaml, text, file, problems)
    if (document.root !== null && single) await compiler.policy(document, document.root, true)
    else if (document.root !== null) await compiler.file(document, document.root)
    else if (problems.length === 0) document.report(null, 'no policies', 'policies: [{name: …, type: …}]')
  }
  throwAll(problems.sort(byPlace))
  return compiler.finish()
}

function byPlace({ place: a }: Problem, { place: b }: Problem): number {
  return a?.file === b?.file ? a!.line! - b!.line! || a!.column! - b!.column! : 0
}

class PolicyCompiler implements Workshop {
  readonly #tests: SpanTest[] = []
  readonly #names = new Set<string>()
  readonly #dropping: Policy[] = []
  readonly #others: Policy[] = []
  readonly #settings: TailSettings = {}
  #firstMatch = false

  constructor(private readonly failed: (policy: string, why: string) => void) {}

  finish(): TailPolicies {
    const policies = new Policies(this.#dropping, this.#others, this.#firstMatch)
    return { policies, tests: this.#tests, settings: this.#settings }
  }

  readonly any: Workshop['any'] = (test) => {
    const number = this.#tests.push(test) - 1
    return ({ passed }) => passed[number] === 1
  }

  /** A list of policies, or a map that has it beside settings, alone or in a whole configuration of the Collector. */
  async file(document: PolicyDocument, root: Node): Promise<void> {
    const { isMap, isSeq } = document.yaml
    let node: Node | null = root
    for (const key of ['processors', 'tail_sampling']) {
      if (!isMap(node)) continue
      const inside = node.items.find((pair) => String(pair.key).split('/')[0] === key)
      if (inside !== undefined) node = document.resolve(inside.value)
    }
    if (isSeq(node)) return this.#list(document, document.list(node, 'the file'), node)
    const fields = document.fields(node, 'the file', SETTINGS)
    if (fields === undefined) return
    if (!fields.has('policies')) return fields.report('policies', 'no policies', 'policies: [{name: …, type: …}]')
    this.#read(fields)
    await this.#list(document, fields.list('policies'), fields.node('policies'))
  }

  async #list(document: PolicyDocument, list: readonly (Node | null)[], node: Node | null): Promise<void> {
    if (list.length === 0 && document.problems.length === 0) document.report(node, 'no policies')
    for (const item of list) await this.policy(document, item, true)
  }

  #read(fields: Fields): void {
    const settings = this.#settings
    settings.wait = fields.duration('decision_wait')
    // The Collector's 0 is none.
    settings.waitAfterRoot = fields.duration('decision_wait_after_root_received') || undefined
    settings.traces = fields.int('num_traces', { min: 1 })
    fields.int('expected_new_traces_per_sec', { min: 0 })
    this.#firstMatch = fields.bool('sample_on_first_match') ?? false
    if (!fields.has('decision_cache')) return
    const cache = fields.document.fields(fields.node('decision_cache'), "'decision_cache'", CACHE)
    settings.sampledIds = cache?.int('sampled_cache_size', { min: 0 })
    settings.notSampledIds = cache?.int('non_sampled_cache_size', { min: 0 })
  }

  /** @param top it is no part of another policy */
  async policy(document: PolicyDocument, node: Node | null, top: boolean): Promise<Policy | undefined> {
    const fields = document.fields(node, 'a policy', ['name', 'type', ...TYPES])
    if (fields === undefined) return undefined
    const type = this.#typeOf(fields)
    const name = fields.text('name') ?? type
    if (type === undefined || name === undefined) return undefined
    if (top && this.#names.has(name)) fields.report('name', `a second policy '${name}'`)
    if (top) this.#names.add(name)
    const decide = await this.#decide(fields, type, name, top)
    if (decide === undefined) return undefined
    const policy = 'decide' in decide ? decide : { name, decide }
    if (top) (type === 'drop' ? this.#dropping : this.#others).push(policy)
    return policy
  }

  /** The type, or that of the only key there is. */
  #typeOf(fields: Fields): string | undefined {
    const given = TYPES.filter((type) => fields.has(type))
    if (!fields.has('type')) {
      if (given.length === 1) return given[0]
      fields.report('type', "a policy needs 'type'", TYPES.join(', '))
      return undefined
    }
    const type = fields.text('type')
    if (type === undefined) return undefined
    if (!TYPES.includes(type)) {
      const hint = type === 'ottl_condition' ? OTTL : didYouMean(type, TYPES)
      fields.report('type', `unknown type of policy '${type}'`, TYPES.join(', '), hint)
      return undefined
    }
    for (const other of given) if (other !== type) fields.report(other, `'${other}' in a policy of the type '${type}'`)
    return type
  }

  async #decide(fields: Fields, type: string, name: string, top: boolean): Promise<Decide | Policy | undefined> {
    const kind = KINDS.get(type)
    const { document } = fields
    if (type === 'condition') return this.#condition(fields, name)
    if (type === 'drop' && !top) {
      return void fields.report('type', "a policy of the type 'drop' inside of another", 'drop at the top')
    }
    if (kind !== undefined && kind.keys.length === 0 && fields.node(type) === null) return kind.make(fields, this)
    if (!fields.has(type)) return void fields.report('type', `the policy needs '${type}'`, kind?.keys.join(', '))
    const keys = kind?.keys ?? PARTS[type as keyof typeof PARTS]
    const own = document.fields(fields.node(type), `'${type}'`, keys)
    if (own === undefined) return undefined
    if (kind !== undefined) return kind.make(own, this)
    return type === 'composite' ? this.#composite(own, name) : this.#combined(own, type)
  }

  async #condition(fields: Fields, name: string): Promise<Decide | undefined> {
    const text = fields.text('condition', { required: true })
    if (text === undefined) return undefined
    const { compileExpression, EvaluationError } = await import('../../expr/expression.js')
    const { RecordedView } = await import('../../expr/field.js')
    const view = new RecordedView()
    try {
      const expression = await compileExpression(text, { result: 'bool' })
      const found = this.any((record) => {
        try {
          return expression.test(view.at(record))
        } catch (error) {
          if (!(error instanceof EvaluationError)) throw error
          this.failed(name, error.message)
          return false
        }
      })
      return (trace) => (found(trace) ? 'sampled' : 'not_sampled')
    } catch (error) {
      for (const { message, expected, hint } of problemsOf(error)) fields.report('condition', message, expected, hint)
      return undefined
    }
  }

  async #combined(fields: Fields, type: string): Promise<Decide | undefined> {
    const [key] = PARTS[type as keyof typeof PARTS]
    const before = fields.document.problems.length
    const nodes = type === 'not' ? [fields.node(key)] : fields.list(key)
    if (type === 'not' && nodes[0] === null) return void fields.report(key, "'not' needs 'not_sub_policy'", 'one policy')
    if (nodes.length === 0) {
      if (before === fields.document.problems.length) fields.report(key, `no policies in '${key}'`)
      return undefined
    }
    const policies: Policy[] = []
    for (const node of nodes) {
      const policy = await this.policy(fields.document, node, false)
      if (policy !== undefined) policies.push(policy)
    }
    if (policies.length < nodes.length) return undefined
    // None is asked behind one that says no: a limit counts only what all before it want.
    const all = (trace: Trace, now: number) => policies.every((policy) => passes(policy.decide(trace, now)))
    if (type === 'not') return (trace, now) => (all(trace, now) ? 'not_sampled' : 'sampled')
    const found = type === 'drop' ? 'dropped' : 'sampled'
    return (trace, now) => (all(trace, now) ? found : 'not_sampled')
  }

  async #composite(fields: Fields, name: string): Promise<Policy | undefined> {
    const { document } = fields
    const most = fields.number('max_total_spans_per_second', { min: 1, required: true })
    const policies = new Map<string, Policy>()
    for (const node of fields.list('composite_sub_policy')) {
      const policy = await this.policy(document, node, false)
      if (policy === undefined) continue
      if (policies.has(policy.name)) document.report(node, `a second policy '${policy.name}'`)
      policies.set(policy.name, policy)
    }
    const named: Named = (node, text): text is string => {
      if (text !== undefined && policies.has(text)) return true
      if (text === undefined) return false
      const hint = didYouMean(text, policies.keys())
      document.report(node, `no policy '${text}' in the composite`, [...policies.keys()].join(', '), hint)
      return false
    }
    const ordered = fields.has('policy_order') ? fields.texts('policy_order') : []
    const order = ordered.filter(({ text, node }) => named(node, text))
    const names = new Set([...order.map(({ text }) => text), ...policies.keys()])
    const percents = this.#allocations(fields, named)
    if (policies.size === 0 || most === undefined) return undefined
    return new Composite(name, sharesOf([...names].map((one) => policies.get(one)!), percents, most), most)
  }

  #allocations(fields: Fields, named: Named): Map<string, number> {
    const percents = new Map<string, number>()
    if (!fields.has('rate_allocation')) return percents
    for (const node of fields.list('rate_allocation')) {
      const share = fields.document.fields(node, 'an allocation', ['policy', 'percent'])
      const policy = share?.text('policy', { required: true })
      const percent = share?.number('percent', { min: 0, max: 100, required: true })
      if (named(share?.node('policy') ?? null, policy) && percent !== undefined) percents.set(policy, percent)
    }
    let total = 0
    for (const percent of percents.values()) total += percent
    if (total > 100) fields.report('rate_allocation', `the allocations add up to ${total} percent`, '100 or less')
    return percents
  }
}

const PARTS = {
  and: ['and_sub_policy'],
  not: ['not_sub_policy'],
  drop: ['drop_sub_policy'],
  composite: ['max_total_spans_per_second', 'policy_order', 'composite_sub_policy', 'rate_allocation'],
} as const

/** Whether there is a policy of this name; a problem, at the node, if there is none. */
type Named = (node: Node | null, text: string | undefined) => text is string

/** What is allocated to no policy is shared by those that have nothing allocated. */
function sharesOf(policies: readonly Policy[], percents: ReadonlyMap<string, number>, most: number): Share[] {
  let left = 100
  for (const percent of percents.values()) left -= percent
  const others = policies.filter(({ name }) => !percents.has(name)).length
  return policies.map((policy) => ({ policy, most: ((percents.get(policy.name) ?? left / others) * most) / 100 }))
}
