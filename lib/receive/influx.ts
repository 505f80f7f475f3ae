// Writes of InfluxDB's clients to samples.

import type { SourceContext } from '../component.js'
import type { ServerAnswer, ServerRequest } from '../net/server.js'
import type { Identity } from '../record/identity.js'
import {
  BadLine, influxLines, type InfluxLine, parseInflux, precisionOf, PRECISIONS, splitSeries, timeOf, unescaped,
} from '../wire/influx/line.js'
import { complaintsText } from './answer.js'
import { Recent } from './recent.js'
import type { Rows } from './rows.js'
import { seriesIdentity, type SeriesOptions } from './series.js'
import { type RequestOptions, takeRequest } from './take_request.js'

export interface InfluxOptions extends SeriesOptions, RequestOptions {
  readonly max_line_bytes: number
  /** Measurements with their tags that are remembered. */
  readonly max_identities: number
}

/** What is known of a measurement with its tags. */
interface Point {
  readonly measurement: string
  readonly tags: ReadonlyMap<string, string>
  /** By the name of the field, escaped as it came. */
  readonly fields: Map<string, Identity>
}

/** Fields remembered of a measurement. */
const MOST_FIELDS = 10_000

export class InfluxReceiver {
  readonly #points: Recent<Point>

  constructor(
    private readonly options: InfluxOptions,
    private readonly context: Pick<SourceContext, 'account' | 'clock' | 'emit' | 'reject'>,
  ) {
    this.#points = new Recent(options.max_identities)
  }

  /** Answers a write when its samples are passed on, or committed: of bad lines it tells, the others are taken. */
  async write(request: ServerRequest): Promise<ServerAnswer> {
    const precision = request.url.searchParams.get('precision')
    const unit = precisionOf(precision)
    if (unit === undefined) return refusal(400, `precision '${precision}': expected ${PRECISIONS}`)
    const complaints: string[] = []
    const wrong = await takeRequest(request, this.options, this.context, (body, rows) => {
      const now = this.context.clock.now()
      for (const [line, number] of influxLines(body)) {
        const complaint = this.#line(line, unit, now, rows)
        if (complaint === null) continue
        complaints.push(`line ${number}, ${complaint}`)
        this.context.account.in++
        this.context.reject({ reason: 'bad_line', detail: `line ${number}, ${complaint}`, original: line })
      }
    })
    if (wrong !== null) return { ...refusal(wrong.status, wrong.text ?? ''), ...(wrong.headers && { headers: wrong.headers }) }
    return complaints.length === 0 ? { status: 204 } : refusal(400, `partial write: ${complaintsText(complaints)}`)
  }

  /** What is wrong with a line; null where it is taken. */
  #line(line: string, unit: bigint, now: string, rows: Rows): string | null {
    const { max_line_bytes: max } = this.options
    // A character takes up to three bytes.
    if (line.length * 3 > max && Buffer.byteLength(line) > max) return `longer than ${max} bytes (--max-line-bytes)`
    try {
      const parsed = parseInflux(line)
      const ts = parsed.time === undefined ? now : timeOf(parsed.time, unit)
      this.#add(parsed, ts, rows)
      return null
    } catch (error) {
      if (error instanceof BadLine) return `column ${error.at + 1}: ${error.message}`
      throw error
    }
  }

  #add({ series, fields }: InfluxLine, ts: string, rows: Rows): void {
    const point = this.#point(series)
    for (let i = 0; i < fields.length; i += 2) {
      const value = fields[i + 1]
      if (typeof value === 'number') rows.add(this.#identity(point, fields[i] as string), { ts, value })
      else {
        this.context.account.in++
        this.context.account.drop('text_field', 1)
      }
    }
  }

  #point(series: string): Point {
    let point = this.#points.get(series)
    if (point === undefined) this.#points.set(series, (point = { ...splitSeries(series), fields: new Map() }))
    return point
  }

  #identity({ measurement, tags, fields }: Point, field: string): Identity {
    const known = fields.get(field)
    if (known !== undefined) return known
    if (fields.size >= MOST_FIELDS) fields.clear()
    const identity = seriesIdentity(`${measurement}_${unescaped(field)}`, tags, 'unknown', this.options)!
    fields.set(field, identity)
    return identity
  }
}

/** In the forms of both InfluxDB 1 and 2. */
function refusal(status: number, message: string): ServerAnswer {
  const code = status === 413 ? 'request too large' : status === 503 ? 'unavailable' : 'invalid'
  const body = `${JSON.stringify({ code, message, error: message })}\n`
  return { status, headers: { 'content-type': 'application/json' }, body }
}

/** What clients ask before they write. */
export const INFLUX_ANSWERS = {
  ping: { status: 204, headers: { 'x-influxdb-version': '2.0', 'x-influxdb-build': 'OSS' } },
  health: {
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: '{"name":"influxdb","message":"ready for writes","status":"pass","checks":[]}\n',
  },
  /** Of CREATE DATABASE: there is nothing to do. */
  query: { status: 200, headers: { 'content-type': 'application/json' }, body: '{"results":[{"statement_id":0}]}\n' },
} as const satisfies { readonly [path: string]: ServerAnswer }
