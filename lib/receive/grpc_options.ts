// Options of servers that take gRPC and HTTP.

import { Problem } from '../diag/problem.js'
import { serverOptions } from '../net/server_options.js'
import type { OptionTable } from '../option/table.js'
import { ACK_OPTIONS } from './ack_options.js'

const since = '0.1.0'
const BOUND = { since, group: 'Bounds' } as const

/** @param listen addresses by default: `HOST:PORT` */
export function grpcServerOptions(listen: readonly string[]) {
  return {
    ...serverOptions(''),
    listen: {
      type: 'list',
      default: listen,
      value: 'HOST:PORT',
      help: 'where to listen; :PORT is every address of the machine, port 0 any free one; may be given several times',
      since,
      group: 'HTTP server',
    },
    ...ACK_OPTIONS,
    include_metadata: {
      type: 'list',
      value: 'HEADER',
      help: 'header of a request that its records keep; may be given several times',
      since,
    },
    max_streams: {
      ...BOUND, type: 'int', min: 1, default: 100, help: 'requests under way at once on a connection of HTTP/2',
    },
    max_waiting_bytes: {
      ...BOUND, type: 'bytes', default: '64MiB', help: 'requests, unpacked, that wait for a slow reader',
    },
    max_request_bytes: { ...BOUND, type: 'bytes', default: '64MiB', help: 'largest request after decompression' },
  } as const satisfies OptionTable
}

/** What is wrong with `--include-metadata`. */
export function metadataProblems(names: readonly string[]): Problem[] {
  if (!names.some((name) => name.toLowerCase() === 'authorization')) return []
  return [new Problem('--include-metadata authorization: credentials are not for records')]
}
