// Options of every sink that delivers requests: buffer, retries, draining.

import type { OptionTable } from '../option/table.js'

const COMMON = { since: '0.1.0', group: 'Delivery' } as const

export const DELIVERY_OPTIONS = {
  batch_wait: {
    ...COMMON,
    type: 'duration',
    default: '5s',
    help: 'longest time that a record waits for others to fill its request',
  },
  batch_bytes: {
    ...COMMON,
    type: 'bytes',
    default: '4MiB',
    help: 'a request of this size, before compression, is not filled any further',
  },
  concurrency: {
    ...COMMON,
    type: 'int',
    default: 4,
    min: 1,
    max: 1000,
    help: 'requests under way at once; the order of what belongs together is kept',
  },
  buffer_bytes: {
    ...COMMON,
    type: 'bytes',
    default: '64MiB',
    help: 'compressed requests held while the destination does not take them; then the input waits',
  },
  timeout: { ...COMMON, type: 'duration', default: '30s', min: '1ms', help: 'time for one request and its response' },
  min_backoff: {
    ...COMMON,
    type: 'duration',
    default: '30ms',
    min: '1ms',
    help: 'wait before the first retry; doubles with every further one',
  },
  max_backoff: { ...COMMON, type: 'duration', default: '5s', min: '1ms', help: 'longest wait between retries' },
  max_retry_after: {
    ...COMMON,
    type: 'duration',
    default: '10m',
    max: '20d',
    help: 'longest Retry-After that is obeyed',
  },
  retry_on_429: {
    ...COMMON,
    type: 'bool',
    default: true,
    help: 'send again what was answered with 429 (too many requests)',
  },
  drain_timeout: {
    ...COMMON,
    type: 'duration',
    default: '1m',
    max: '20d',
    help: 'time to deliver what is held, at the end of input or when asked to stop; the rest is dropped',
  },
} as const satisfies OptionTable
