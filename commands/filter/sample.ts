// filter sample: keeps a share of the spans and log entries: whole traces, consistently, or entries by chance.

import { filter, type Input, type StatefulTransform } from '../../lib/component.js'
import { Problem } from '../../lib/diag/problem.js'
import { checkStage, without } from '../../lib/logs/command.js'
import sampling from '../../lib/logs/stages/sampling.js'
import { ConsistentSampler, MODES, type SamplingOptions } from '../../lib/trace/sampling/consistent.js'

const OPTIONS = {
  ...without(sampling.options, 'rate'),
  probability: { type: 'float', min: 0, max: 1, help: 'share that stays, from 0 to 1, decided consistently', since: '0.1.0' },
  percent: { type: 'float', min: 0, max: 100, help: 'the same from 0 to 100', since: '0.1.0' },
  mode: {
    type: 'enum', values: MODES, default: 'proportional', since: '0.1.0',
    help: 'what the share is of: what comes in, what there was before any sampling, or hashes of the trace id',
  },
  hash_seed: {
    type: 'int', min: 0, max: 0xffffffff, default: 0, since: '0.1.0',
    help: 'seed of hashes; samplers with the same one keep the same',
  },
  precision: { type: 'int', min: 1, max: 14, default: 4, help: 'hexadecimal digits of thresholds', since: '0.1.0' },
  fail_open: { type: 'bool', help: 'keep what nothing can be decided about instead of dropping it', since: '0.1.0' },
  from: {
    type: 'string', value: 'NAME', since: '0.1.0',
    help: 'attribute or label of log entries that decides instead of the trace id',
  },
  sampling_priority: {
    type: 'string', value: 'NAME', since: '0.1.0',
    help: 'attribute of log entries that holds a higher share for them, in percent',
  },
} as const

type Given = Input<typeof OPTIONS>

export default filter({
  name: 'filter sample',
  since: '0.1.0',
  accepts: ['log', 'span'],
  emits: ['same'],
  summary: 'keep a share of the spans and log entries',
  description: `
    With --percent or --probability, keeps a share of all traces: the trace id decides, so that all spans of a trace share
    one fate here and in every other sampler that follows OpenTelemetry's specification of probability sampling. Log
    entries go with their trace, or by the value of the attribute --from. The last 56 bits of the trace id are its
    randomness, unless the trace state has another one ("rv"); the threshold that was applied is kept in the trace
    state ("th"), and for log entries in the attribute "sampling.threshold": whoever counts what is left can tell from it
    how many there were.

    The mode "proportional" keeps the share of what comes in, and multiplies it with what was sampled before;
    "equalizing" keeps the share of what there was before any sampling, and leaves alone what is thinner already;
    "hash_seed" decides by a hash of the trace id, in steps of 1/16384, as the Collector did before: traces whose trace
    state has a randomness or threshold are not for it.

    The attribute "sampling.priority" of a span decides alone: 0 drops it, more keeps it.

    With RATE alone each log entry is kept with the probability RATE, by chance. Spans are sampled as with --probability:
    chance would leave no trace whole.`,
  guarantee: `
    What is not kept is counted under 'not_sampled', spans that do not want to be kept under 'sampling_priority', log entries
    that chance drops under 'sampling_stage' or the word of --drop-counter-reason. What nothing can be decided about is
    dropped, unless --fail-open is given, and counted under 'missing_randomness' (no trace id), 'inconsistent_threshold' (by
    its threshold it should not be here), 'bad_sampling_state' (a trace state that is none) or 'randomness_in_use' (the mode
    hash_seed, see there).`,
  args: [{ name: 'RATE', help: 'share of the log entries that stays, from 0 to 1, by chance' }],
  options: OPTIONS,
  check: async (input) => void (await optionsOf(input)),
  examples: [
    {
      command: `printf '%s\\n' '{"type":"span","ts":"1","end":"2","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"00f067aa0ba902b7"}' | solder filter sample --percent 50`,
      about: 'keep every second trace, and say so in the trace state',
    },
    {
      command: `printf '%s\\n' '{"type":"log","labels":{"app":"shop"},"ts":"1763804400123000000","body":"paid"}' | solder filter sample 0.1`,
      about: 'keep one of ten log entries',
    },
    {
      command: 'solder filter sample --percent 10 --from order_id < /dev/null',
      about: 'keep the log entries of one of ten orders',
    },
  ],
  async create(input, context): Promise<StatefulTransform> {
    const options = await optionsOf(input)
    const sampler = new ConsistentSampler(options)
    const byChance = input.args.length > 0
    const { drop_counter_reason } = input.options
    return {
      take(record, _, pass) {
        const answer = !byChance || record.identity.type === 'span' ? sampler.sample(record)
          : Math.random() < options.probability ? record : drop_counter_reason
        if (typeof answer === 'string') context.account.drop(answer, 1)
        else pass(answer)
      },
      held: () => Infinity,
      due: () => Infinity,
      tick() {},
      flush() {},
    }
  },
})

/** Throws a Problem. */
async function optionsOf({ args, options }: Given): Promise<SamplingOptions> {
  const { probability, percent, mode, hash_seed: seed, precision, from, sampling_priority: priority } = options
  const given = [args.length > 0 ? Number(args[0]) : undefined, probability, percent && percent / 100]
  const shares = given.filter((share) => share !== undefined)
  if (shares.length !== 1) {
    const message = shares.length === 0 ? 'no share to keep' : 'more than one share to keep'
    throw new Problem(message, { expected: 'one of RATE, --probability and --percent' })
  }
  if (args.length > 0) await checkStage(sampling, { ...options, rate: Number(args[0]) })
  return { probability: shares[0], mode, seed, precision, failOpen: options.fail_open, from, priority }
}
