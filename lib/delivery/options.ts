// Options of every sink that delivers requests: batches, buffer, retries, draining, spool.

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
    default: 5,
    min: 1,
    max: 1000,
    help: 'most requests under way at once; the order of what belongs together is kept',
  },
  min_concurrency: {
    ...COMMON,
    type: 'int',
    default: 1,
    min: 1,
    max: 1000,
    help: 'requests that may be under way at once however badly the destination answers; from there on it is tried out',
  },
  buffer_bytes: {
    ...COMMON,
    type: 'bytes',
    default: '64MiB',
    help: 'compressed requests held in memory, for each destination, while it does not take them',
  },
  when_full: {
    ...COMMON,
    type: 'enum',
    values: ['block', 'drop_oldest'],
    help: 'full buffer or spool: wait, or drop the oldest; several destinations are waited for while they answer',
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
    help: 'time to deliver what is held, at the end or when asked to stop; the rest is dropped, or stays in the spool',
  },
} as const satisfies OptionTable

const SPOOL = { since: '0.1.0', group: 'Spool' } as const

/** Options of sinks that can hold what they deliver on disk. */
export const SPOOL_OPTIONS = {
  state: {
    ...SPOOL,
    type: 'path',
    value: 'DIR',
    help: 'hold what is to be sent on disk, in DIR/spool, and commit the positions of sources in DIR',
  },
  spool_bytes: { ...SPOOL, type: 'bytes', default: '1GiB', help: 'bytes on disk for each destination' },
  spool_age: {
    ...SPOOL,
    type: 'duration',
    default: '7d',
    help: 'what has waited for longer is dropped; 0 for no bound',
  },
  fsync: {
    ...SPOOL,
    type: 'enum',
    values: ['always', 'interval', 'never'],
    default: 'interval',
    help: 'when to force the spool to the disk: at every request, at intervals, or never',
  },
  fsync_interval: {
    ...SPOOL,
    type: 'duration',
    default: '1s',
    min: '1ms',
    max: '20d',
    help: 'interval of --fsync interval',
  },
} as const satisfies OptionTable

/** Both, with a protocol's own batches. */
export function deliveryOptions(defaults: { batch_wait: string; batch_bytes: string }) {
  return {
    ...DELIVERY_OPTIONS,
    batch_wait: { ...DELIVERY_OPTIONS.batch_wait, default: defaults.batch_wait },
    batch_bytes: { ...DELIVERY_OPTIONS.batch_bytes, default: defaults.batch_bytes },
    ...SPOOL_OPTIONS,
  }
}
