// Servers on free ports, and the HTTP client with the options that a test sets.

import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { AddressInfo, Server as NetServer } from 'node:net'
import type { HttpClient } from '../../lib/net/client.js'
import { clientOf, type ClientDefaults } from '../../lib/net/http.js'
import { CLIENT_OPTIONS } from '../../lib/net/options.js'
import type { OptionValues } from '../../lib/option/table.js'
import { defaultValue } from '../../lib/option/value.js'

export type ClientValues = OptionValues<typeof CLIENT_OPTIONS>

/** The client's options: defaults but for those given. */
export function clientValues(given: Partial<ClientValues> = {}): ClientValues {
  const defaults = Object.entries(CLIENT_OPTIONS).map(([key, spec]) => [key, defaultValue(spec)])
  return { ...(Object.fromEntries(defaults) as ClientValues), ...given }
}

export function clientWith(given: Partial<ClientValues> = {}, defaults?: ClientDefaults): Promise<HttpClient> {
  return clientOf(clientValues(given), defaults)
}

interface Test {
  teardown(end: () => unknown): void
}

/** Listens on a free port of 127.0.0.1 (or another address) until the test ends; returns `HOST:PORT`. */
export async function listening(t: Test, server: NetServer, host = '127.0.0.1'): Promise<string> {
  server.listen(0, host)
  await once(server, 'listening')
  t.teardown(() => {
    ;(server as Server).closeAllConnections?.()
    server.close()
  })
  return `${host}:${(server.address() as AddressInfo).port}`
}

/** An HTTP server until the test ends; returns its URL without slash. */
export async function serving(t: Test, listener: RequestListener, host?: string): Promise<string> {
  return `http://${await listening(t, createServer(listener), host)}`
}

export async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
