// Options of servers whose answers can wait for the sink of the pipe.

import { Problem } from '../diag/problem.js'
import type { OptionTable } from '../option/table.js'
import { STATE_OPTIONS } from '../state/options.js'

const COMMON = { since: '0.1.0', group: 'Answers' } as const

export const ACK_OPTIONS = {
  ack: {
    ...COMMON,
    type: 'enum',
    values: ['received', 'durable'],
    default: 'received',
    help: 'answer when the records are passed on, or when the sink has stored them',
  },
  ack_timeout: {
    ...COMMON,
    type: 'duration',
    default: '20s',
    min: '1ms',
    max: '20d',
    help: 'longest wait of --ack durable; then the sender is told to send again',
  },
  max_waiting: {
    ...COMMON,
    type: 'int',
    default: 100,
    min: 1,
    help: 'requests that --ack durable lets wait at once; further ones are told to come again',
  },
  ...STATE_OPTIONS,
} as const satisfies OptionTable

export function ackProblems({ ack, state }: { ack: string; state: string | undefined }): Problem[] {
  const problems: Problem[] = []
  if (ack === 'durable' && state === undefined)
    problems.push(new Problem('--ack durable needs --state', { expected: 'the folder of --state of the sink' }))
  if (ack === 'received' && state !== undefined)
    problems.push(new Problem('--state is for --ack durable', { hint: 'add --ack durable' }))
  return problems
}
