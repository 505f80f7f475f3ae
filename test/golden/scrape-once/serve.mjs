// Serves metrics.txt and runs a command against it.

import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'

const server = createServer((_, response) => {
  response.writeHead(200, { 'content-type': 'application/openmetrics-text; version=1.0.0; charset=utf-8' })
  response.end(readFileSync('metrics.txt'))
})
server.listen(0, '127.0.0.1', () => {
  const env = { ...process.env, URL: `http://127.0.0.1:${server.address().port}/metrics` }
  spawn('sh', ['-c', process.argv[2]], { stdio: 'inherit', env }).on('close', (code) => {
    process.exitCode = code
    server.close()
    server.closeAllConnections()
  })
})
