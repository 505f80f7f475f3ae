// A process that takes every push to Loki, and lines over TCP, and counts them; GET / tells. Prints its two ports as JSON. What it
// costs to count is no part of what is measured.

import { createServer } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import snappy from 'snappy'
import { readPush } from '../lib/wire/loki/decode.js'
import { Budget } from '../lib/wire/remote_write/read.js'

const counts = { entries: 0, bytes: 0 }

const http = createServer((request, response) => {
  if (request.method === 'GET') return void response.end(JSON.stringify(counts))
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const bytes = snappy.uncompressSync(Buffer.concat(chunks), { asBuffer: true }) as Buffer
    for (const { entries } of readPush(bytes, new Budget(Infinity))) {
      counts.entries += entries.length
      for (const { line } of entries) counts.bytes += line.length + 1
    }
    response.writeHead(204).end()
  })
})

const LF = 10

const tcp = createTcpServer((socket) => {
  socket.on('data', (chunk: Buffer) => {
    counts.bytes += chunk.length
    for (let at = chunk.indexOf(LF); at >= 0; at = chunk.indexOf(LF, at + 1)) counts.entries++
  })
  socket.on('error', () => {})
})

http.listen(0, '127.0.0.1', () => {
  tcp.listen(0, '127.0.0.1', () => {
    const ports = [http, tcp].map((server) => (server.address() as AddressInfo).port)
    process.stdout.write(`${JSON.stringify(ports)}\n`)
  })
})
