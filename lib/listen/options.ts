// Options of sources that listen for anything but HTTP.

import type { OptionTable } from '../option/table.js'

const COMMON = { since: '0.1.0', group: 'Listeners' } as const

/** Of listeners with connections. */
export const STREAM_OPTIONS = {
  tls_cert: { ...COMMON, type: 'path', help: 'certificate (PEM) that tls:// listeners show' },
  tls_key: { ...COMMON, type: 'path', help: 'key (PEM) of --tls-cert' },
  tls_client_ca: {
    ...COMMON, type: 'path', help: 'certificates (PEM) that clients of tls:// must have theirs signed by',
  },
  max_connections: {
    ...COMMON,
    type: 'int',
    default: 1000,
    min: 1,
    help: 'open connections; further ones are closed',
  },
  idle_timeout: {
    ...COMMON,
    type: 'duration',
    default: '1h',
    min: '1ms',
    max: '20d',
    help: 'time after which a connection that is silent is closed',
  },
} as const satisfies OptionTable

/** Of listeners for datagrams. */
export const DATAGRAM_OPTIONS = {
  udp_buffer_bytes: {
    ...COMMON,
    type: 'bytes',
    default: '4MiB',
    help: 'buffer of the system for datagrams; it gives no more than net.core.rmem_max',
  },
  udp_queue_bytes: {
    ...COMMON,
    type: 'bytes',
    default: '16MiB',
    help: 'datagrams held while the reader is slow; further ones are dropped, and counted',
  },
} as const satisfies OptionTable
