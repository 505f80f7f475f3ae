// A process that accepts every remote write and counts the samples of the targets' series and the scrapes that the contestant
// says were good (`up` is 1); GET / tells. Prints its port as JSON. Counting costs this process, not the one that is measured.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import snappy from 'snappy'

const counts = { scrapes: 0, samples: 0, markers: 0 }

/** The label `__name__` of the targets' series and of `up`, as it stands in a message. */
const NAME = Buffer.from('\x0a\x08__name__\x12\x23http_request_duration_seconds_total', 'latin1')
const UP = Buffer.from('\x0a\x08__name__\x12\x02up', 'latin1')
const NAMES = [NAME, UP]
/** A Sample's value after its tag, little-endian: Prometheus's stale NaN, which ends a series and is no sample; and 1. */
const STALE = Buffer.from([0x09, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0xf0, 0x7f])
const ONE = Buffer.from([0x09, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xf0, 0x3f])

/** A place in a message: field by field. */
class Fields {
  field = 0
  start = 0
  end = 0

  constructor(readonly bytes: Buffer) {}

  /** Goes to the next field that holds bytes, at `at`, before `limit`. */
  next(at: number, limit: number): boolean {
    this.end = at
    while (this.end < limit) {
      const tag = this.#varint()
      if ((tag & 7) === 2) {
        const length = this.#varint()
        this.field = tag >> 3
        this.start = this.end
        this.end += length
        return true
      }
      if ((tag & 7) === 0) this.#varint()
      else this.end += (tag & 7) === 1 ? 8 : 4
    }
    return false
  }

  #varint(): number {
    let value = 0
    let scale = 1
    for (;;) {
      const byte = this.bytes[this.end++]
      value += (byte & 127) * scale
      if (byte < 128) return value
      scale *= 128
    }
  }
}

/** Counts in a WriteRequest 1.0: fields 1 (timeseries) hold fields 1 (labels) and 2 (samples). */
function count(message: Buffer): void {
  const series = new Fields(message)
  const inner = new Fields(message)
  // A value of 0 is left out.
  const holds = (start: number, end: number, bytes: Buffer) =>
    end - start >= bytes.length && bytes.compare(message, start, start + bytes.length) === 0
  while (series.next(series.end, message.length)) {
    if (series.field !== 1) continue
    let name: Buffer | null = null
    inner.end = series.start
    while (inner.next(inner.end, series.end)) {
      const { field, start, end } = inner
      if (field === 1 && name === null) name = NAMES.find((each) => holds(start, end, each)) ?? null
      else if (field === 2 && name === NAME) counts[holds(start, end, STALE) ? 'markers' : 'samples']++
      else if (field === 2 && name === UP && holds(start, end, ONE)) counts.scrapes++
    }
  }
}

const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
  if (request.method === 'GET') return void response.end(JSON.stringify(counts))
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const body = Buffer.concat(chunks)
    response.writeHead(204).end()
    if (request.headers['content-encoding'] !== 'snappy') return
    count(snappy.uncompressSync(body, { copyOutputData: true }) as Buffer)
  })
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
process.stdout.write(`${(server.address() as AddressInfo).port}\n`)
