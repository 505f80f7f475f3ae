// Options that every HTTP server takes.

import type { OptionTable } from '../option/table.js'

const COMMON = { since: '0.1.0', group: 'HTTP server' } as const

/** @param listen default of --listen: `HOST:PORT` */
export function serverOptions(listen: string) {
  return {
    listen: {
      ...COMMON,
      type: 'string',
      default: listen,
      value: 'HOST:PORT',
      help: 'where to listen; :PORT is every address of the machine, port 0 any free one',
    },
    tls_cert: { ...COMMON, type: 'path', help: 'certificate (PEM) shown to clients; it makes the server speak HTTPS' },
    tls_key: { ...COMMON, type: 'path', help: 'key (PEM) of --tls-cert' },
    tls_client_ca: { ...COMMON, type: 'path', help: 'certificates (PEM) that clients must have theirs signed by' },
    basic_user: { ...COMMON, type: 'string', value: 'USER', help: 'user that clients must name' },
    basic_password: { ...COMMON, type: 'secret', help: 'password of --basic-user' },
    bearer: { ...COMMON, type: 'secret', value: 'TOKEN', help: 'token that clients must send' },
    max_body_bytes: { ...COMMON, type: 'bytes', default: '32MiB', help: 'largest request body accepted' },
    max_header_bytes: { ...COMMON, type: 'bytes', default: '16KiB', help: 'longest request headers accepted' },
    max_connections: {
      ...COMMON,
      type: 'int',
      default: 1000,
      min: 1,
      help: 'open connections; further ones are closed',
    },
    header_timeout: {
      ...COMMON,
      type: 'duration',
      default: '10s',
      min: '1ms',
      max: '20d',
      help: 'time in which the headers of a request must be there',
    },
    request_timeout: {
      ...COMMON,
      type: 'duration',
      default: '1m',
      min: '1ms',
      max: '20d',
      help: 'time in which a request must be there as a whole',
    },
    idle_timeout: {
      ...COMMON,
      type: 'duration',
      default: '2m',
      min: '1ms',
      max: '20d',
      help: 'time that a connection without requests stays open',
    },
  } as const satisfies OptionTable
}
