// filter tail: samples whole traces by what they turned out to be.

import { filter, type StatefulTransform } from '../../lib/component.js'
import { readPolicies } from '../../lib/io/policy_file.js'
import { STATE_OPTIONS } from '../../lib/state/options.js'

const SPANS = `printf '{"type":"span","ts":"1000000000","end":"%s","trace_id":"%s","span_id":"00f067aa0ba902b7","status":%s}\\n' \\
    1200000000 4bf92f3577b34da6a3ce929d0e0e4736 '{"code":"error"}' 4000000000 0af7651916cd43dd8448eb211c80319c '{}' \\
    1100000000 5b8aa5a2d2c872e8321cf37308d69df2 '{}'`

const OPTIONS = {
  policy: {
    type: 'list', value: 'YAML', since: '0.1.0',
    help: 'a policy, such as "latency: {threshold_ms: 500}"; may be repeated',
  },
  decision_wait: {
    type: 'duration', min: '1ms', since: '0.1.0',
    help: 'time from the first span of a trace to its decision; 30s, unless FILE says',
  },
  decision_wait_after_root_received: {
    type: 'duration', min: '1ms', since: '0.1.0',
    help: 'time from the root span to the decision, where that is earlier; if absent, the root is a span like others',
  },
  num_traces: { type: 'int', min: 1, help: 'traces that wait at once; 50000, unless FILE says', since: '0.1.0' },
  max_memory: { type: 'bytes', default: '256MiB', help: 'memory for spans that wait, as estimated', since: '0.1.0' },
  sampled_cache_size: {
    type: 'int', min: 0, since: '0.1.0',
    help: 'sampled traces remembered for spans that come late; 50000, unless FILE says',
  },
  non_sampled_cache_size: { type: 'int', min: 0, help: 'the same for traces not sampled; 200000, unless FILE says', since: '0.1.0' },
  record_policy: { type: 'bool', help: 'name the policy in the attribute tailsampling.policy of each span', since: '0.1.0' },
  state: { ...STATE_OPTIONS.state, help: 'folder that keeps what waits at the end of a run for the next one, and what was decided, through kills, too' },
} as const

/** Milliseconds between warnings. */
const TELL_EVERY = 10_000

export default filter({
  name: 'filter tail',
  since: '0.1.0',
  summary: 'sample whole traces by what they turned out to be',
  description: `
    Holds the spans of each trace for --decision-wait, or for a shorter time once its root span is there, and then keeps or drops them together, as the policies in FILE say.
    FILE is YAML, with policies in the shape of the OpenTelemetry Collector's tail sampling; a whole configuration of the
    Collector will do. Types of policies: always_sample, latency, numeric_attribute, string_attribute, boolean_attribute,
    probabilistic, status_code, span_count, trace_state, trace_flags, rate_limiting, bytes_limiting, condition, and, not, drop,
    composite. A condition is an expression in CEL, as in solder-filter(1), that one of the spans has to fulfil.

    A trace is kept where a policy samples it, and dropped where a policy of the type drop wants that, whatever the others
    say. What spans hold is looked at when they come, and their order and batches change nothing. Spans that come after the
    decision follow it, as long as it is remembered.

    When --max-memory or --num-traces is reached, the oldest traces are decided early, by what is known of them, and none is
    lost undecided. At the end of the input all traces are decided; with --state they are kept for the next run instead, and
    wait again there. Decisions are on the disk under --state before they show, so that spans that come after a kill follow
    them, too; a power cut may take the last ones. All spans of a trace must come to the same process.`,
  guarantee: `
    Dropped spans are counted under 'not_sampled' where no policy wanted their trace, 'not_sampled_early' where that was decided
    early, 'policy:NAME' where that policy dropped it, and 'late_not_sampled' where they came after the decision; spans
    without a valid trace id are rejected as 'bad_trace_id'. Checkpoints stay behind spans that wait, so that a source that can go back
    sends these again after a kill.`,
  accepts: ['span'],
  emits: ['same'],
  args: [{ name: 'FILE', help: 'policies, in YAML', path: true, readAtStart: true }],
  options: OPTIONS,
  check: async ({ args, options }) => void (await readPolicies(args[0] ?? null, options.policy, () => {})),
  examples: [
    {
      command: `${SPANS} | solder filter tail --policy 'status_code: {status_codes: [ERROR]}' --policy 'latency: {threshold_ms: 2000}'`,
      about: 'keep traces with an error, and slow ones',
    },
    {
      command: 'solder filter tail --policy \'condition: name == "GET /pay" && attributes["http.status_code"] >= 500\' < /dev/null',
      about: 'keep traces in which a span fulfils a condition',
    },
    {
      command: 'solder filter tail policies.yaml --decision-wait 10s --max-memory 1GiB --state /var/lib/solder',
      about: 'policies from a file, and traces that wait survive a restart',
      needs: 'a file',
    },
  ],
  async create({ args, options }, context): Promise<StatefulTransform> {
    const { clock, log } = context
    let told = -Infinity
    const made = await readPolicies(args[0] ?? null, options.policy, (policy, why) => {
      if (clock.monotonic() - told < TELL_EVERY) return
      told = clock.monotonic()
      log.warn(`policy '${policy}': the condition has no value for a span: ${why}`)
    })
    const { Decisions } = await import('../../lib/trace/sampling/decisions.js')
    const { TailSampler } = await import('../../lib/trace/sampling/tail.js')
    const { SavedRecords } = await import('../../lib/state/saved.js')
    const { settings } = made
    const decisions = new Decisions(
      options.sampled_cache_size ?? settings.sampledIds ?? 50_000,
      options.non_sampled_cache_size ?? settings.notSampledIds ?? 200_000,
    )
    const bounds = {
      wait: options.decision_wait ?? settings.wait ?? 30_000,
      waitAfterRoot: options.decision_wait_after_root_received ?? settings.waitAfterRoot ?? Infinity,
      maxTraces: options.num_traces ?? settings.traces ?? 50_000,
      maxMemory: options.max_memory,
      recordPolicy: options.record_policy,
    }
    const saved = options.state === undefined ? null : new SavedRecords(options.state, 'filter.tail', log)
    const sampler = new TailSampler(made, decisions, bounds, context, saved)
    if (saved === null) return sampler
    await saved.hold()
    for (const record of saved.read()) sampler.restore(record)
    return sampler
  },
})
