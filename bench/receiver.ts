// A process that accepts every remote write and counts requests, bytes and samples; GET / tells. Prints its port.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import snappy from 'snappy'

const counts = { requests: 0, bytes: 0, samples: 0 }

/** Samples of a WriteRequest 1.0: fields 1 (timeseries) hold fields 2 (samples). */
function samplesIn(message: Buffer): number {
  let samples = 0
  walk(message, 0, message.length, (field, start, end) => {
    if (field === 1) walk(message, start, end, (inner) => void (samples += inner === 2 ? 1 : 0))
  })
  return samples
}

function walk(bytes: Buffer, from: number, to: number, on: (field: number, start: number, end: number) => void): void {
  let at = from
  const varint = () => {
    let value = 0
    let scale = 1
    for (;;) {
      const byte = bytes[at++]
      value += (byte & 127) * scale
      if (byte < 128) return value
      scale *= 128
    }
  }
  while (at < to) {
    const tag = varint()
    if ((tag & 7) === 2) {
      const length = varint()
      on(tag >> 3, at, at + length)
      at += length
    } else if ((tag & 7) === 0) varint()
    else at += (tag & 7) === 1 ? 8 : 4
  }
}

const server = createServer((request, response) => {
  if (request.method === 'GET') return void response.end(JSON.stringify(counts))
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const body = Buffer.concat(chunks)
    counts.requests++
    counts.bytes += body.length
    // Counting costs this process, not the one that is measured.
    if (request.headers['content-encoding'] === 'snappy') counts.samples += samplesIn(snappy.uncompressSync(body) as Buffer)
    response.writeHead(204).end()
  })
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
process.stdout.write(`${(server.address() as AddressInfo).port}\n`)
