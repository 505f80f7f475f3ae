// What a receiver of syslog needs, checked before anything is sent; and its sink.

import { hostname } from 'node:os'
import type { Clock, Context, Sink } from '../component.js'
import { Problem, throwAll } from '../diag/problem.js'
import { zoneOf } from '../go/zone.js'
import { systemClock } from '../io/clock.js'
import type { CLIENT_OPTIONS } from '../net/options.js'
import { ClientTls } from '../net/tls.js'
import type { OptionValues } from '../option/table.js'
import { FACILITIES } from '../wire/syslog/names.js'
import { Delivery } from './delivery.js'
import { RECORD_LINES } from './body.js'
import type { SPOOL_OPTIONS } from './options.js'
import { openSpooled, type OutboxMaker, spoolFolder } from './spooled.js'
import { SyslogSink, type SyslogSinkOptions } from './syslog.js'
import { type Address, DatagramWire, StreamWire, type SyslogWire } from './syslog_wire.js'

type TlsKey = Extract<keyof typeof CLIENT_OPTIONS, `tls_${string}`>
type Made = 'destination' | 'wire' | 'zone' | 'defaults' | 'outbox' | 'when_full' | 'framing'

export type SyslogWriterOptions = Omit<SyslogSinkOptions, Made> &
  OptionValues<typeof SPOOL_OPTIONS & Pick<typeof CLIENT_OPTIONS, TlsKey>> & {
    framing: 'octet-counting' | 'newline' | 'nul'
    when_full: 'block' | 'drop_oldest' | undefined
    timeout: number
    timezone: string
    facility: string
    hostname: string | undefined
    app: string
    structured_data_id: string | undefined
  }

interface Place extends Address {
  transport: 'tcp' | 'tls' | 'udp'
}

const PORTS = { tcp: 514, tls: 6514, udp: 514 } as const
const ADDRESS = /^(?:(tcp|tls|udp):\/\/)?(?:\[([\da-fA-F:.]+)\]|([^:[\]/\s]+))(?::(\d{1,5}))?$/
const SD_NAME = /^[\x21-\x7e]{1,32}$/

/** `tcp://HOST:PORT`, `tls://…`, `udp://…`, or `HOST:PORT`, which is TCP. */
function placeOf(text: string): Place | Problem {
  const match = ADDRESS.exec(text)
  const transport = (match?.[1] ?? 'tcp') as Place['transport']
  const port = match?.[4] === undefined ? PORTS[transport] : Number(match[4])
  if (match !== null && port > 0 && port < 65536) return { transport, host: match[2] ?? match[3], port }
  return new Problem(`'${text}' is no address`, { expected: 'tcp://HOST:PORT, tls://HOST:PORT or udp://HOST:PORT' })
}

/** Everything that is wrong with the options; opens nothing. */
export function syslogProblems(address: string, options: SyslogWriterOptions): Problem[] {
  const problems: Problem[] = []
  const place = placeOf(address)
  if (place instanceof Problem) problems.push(place)
  const { facility, timezone, structured_data_id: id, min_backoff, max_backoff } = options
  if (!(FACILITIES as readonly string[]).includes(facility)) {
    problems.push(new Problem(`--facility: '${facility}' is no facility`, { expected: FACILITIES.join(', ') }))
  }
  if (zoneOf(timezone) === undefined) {
    problems.push(new Problem(`--timezone: '${timezone}' is no time zone`, { expected: 'Europe/Berlin, UTC, Local …' }))
  }
  if (id !== undefined && (!SD_NAME.test(id) || /[="\]]/.test(id))) {
    const expected = 'at most 32 printable characters, such as solder@32473'
    problems.push(new Problem(`--structured-data-id: '${id}' is not valid`, { expected }))
  }
  if (min_backoff > max_backoff) problems.push(new Problem('--min-backoff is longer than --max-backoff'))
  new ClientTls(options, problems)
  return problems
}

/** Opens a connection and sends nothing; how many receivers took it. Of a datagram nobody says whether it was taken: 0. */
export async function reachSyslog(address: string, options: SyslogWriterOptions): Promise<number> {
  throwAll(syslogProblems(address, options))
  const place = placeOf(address) as Place
  const wire = wireOf(place, options, systemClock)
  try {
    await wire.send([], new AbortController().signal)
    await wire.end()
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new Problem(`cannot reach ${nameOf(place)}: ${message === '' ? code : message}`, { cause: error })
  }
  return place.transport === 'udp' ? 0 : 1
}

function nameOf({ transport, host, port }: Place): string {
  return `${transport}://${host.includes(':') ? `[${host}]` : host}:${port}`
}

function wireOf(place: Place, options: SyslogWriterOptions, clock: Clock): SyslogWire {
  if (place.transport === 'udp') return new DatagramWire(place)
  return new StreamWire(place, place.transport === 'tls' ? new ClientTls(options, []) : null, options.timeout, clock)
}

const inMemory: OutboxMaker = (delivery, context) => new Delivery(delivery, context)

/** Throws Problems. */
export async function openSyslog(address: string, options: SyslogWriterOptions, context: Context): Promise<Sink> {
  throwAll(syslogProblems(address, options))
  const place = placeOf(address) as Place
  const destination = nameOf(place)
  const whenFull = options.when_full ?? 'block'
  const outbox =
    options.state === undefined
      ? inMemory
      : await openSpooled(spoolFolder(options.state, destination), options, whenFull, context, RECORD_LINES)
  const defaults = {
    facility: (FACILITIES as readonly string[]).indexOf(options.facility),
    hostname: options.hostname ?? hostname(),
    app: options.app,
    element: options.structured_data_id,
  }
  return new SyslogSink(
    {
      ...options,
      destination,
      wire: wireOf(place, options, context.clock),
      framing: place.transport === 'udp' ? 'none' : options.framing,
      zone: zoneOf(options.timezone)!,
      defaults,
      when_full: whenFull,
      outbox,
    },
    context,
  )
}
