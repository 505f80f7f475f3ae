// Asks the admin server of a running pipeline.

import { type ClientRequest, type IncomingMessage, request as plain } from 'node:http'
import { request as encrypted } from 'node:https'
import { EXIT, Problem, throwAll } from '../diag/problem.js'
import { basic } from '../net/basic.js'
import { WatchedFile } from '../net/file.js'
import { openSecret } from '../net/secret.js'
import { unreadable } from '../net/tls.js'
import type { OptionTable, OptionValues } from '../option/table.js'
import { ADMIN_ADDRESS } from './options.js'

const COMMON = { since: '0.1.0', group: 'Admin server' } as const

export const ADMIN_CLIENT_OPTIONS = {
  url: { ...COMMON, type: 'url', default: `http://${ADMIN_ADDRESS}`, help: "where 'solder run' serves (--http)" },
  basic_user: { ...COMMON, type: 'string', value: 'USER', help: 'user of basic authentication' },
  basic_password: { ...COMMON, type: 'secret', help: 'password of basic authentication' },
  bearer: { ...COMMON, type: 'secret', value: 'TOKEN', help: 'token of the Authorization header' },
  tls_ca: { ...COMMON, type: 'path', help: 'certificates (PEM) that the server is verified with' },
} as const satisfies OptionTable

export interface ServerEvent {
  /** `message` where it has no name. */
  readonly name: string
  readonly data: string
}

/** Milliseconds within which an answer begins. */
const ANSWER = 30_000

export class AdminClient {
  readonly #url: string
  readonly #authorization: string | undefined
  readonly #ca: Buffer | undefined

  /** Throws the Problems of the options. */
  constructor(options: OptionValues<typeof ADMIN_CLIENT_OPTIONS>) {
    const problems: Problem[] = []
    this.#url = options.url.replace(/\/+$/, '')
    const { basic_user: user } = options
    const password = openSecret(options.basic_password, '--basic-password', problems)
    const token = openSecret(options.bearer, '--bearer', problems)
    if ((user === undefined) !== (password === undefined))
      problems.push(new Problem('--basic-user and --basic-password belong together', { expected: 'both, or none' }))
    const ca = options.tls_ca === undefined ? null : new WatchedFile(options.tls_ca)
    if (ca !== null) problems.push(...unreadable(ca, '--tls-ca'))
    throwAll(problems)
    this.#ca = ca?.read()
    if (token !== undefined) this.#authorization = `Bearer ${token.value}`
    else if (password !== undefined) this.#authorization = basic(user!, password.value)
  }

  /** What a path answers with, as JSON. Throws a Problem. */
  async json(path: string): Promise<unknown> {
    const response = await this.#ask(path, 'application/json')
    return JSON.parse(await bodyOf(response))
  }

  /** The events that a path sends, until it ends or the signal aborts. What is not asked for makes the server wait. */
  async *events(path: string, signal: AbortSignal): AsyncGenerator<ServerEvent> {
    const response = await this.#ask(path, 'text/event-stream', signal)
    let rest = ''
    try {
      response.setEncoding('utf8')
      for await (const chunk of response) {
        const events = (rest + (chunk as string)).split('\n\n')
        rest = events.pop()!
        for (const event of events) {
          const parsed = parseEvent(event)
          if (parsed !== null) yield parsed
        }
      }
    } catch (cause) {
      if (!signal.aborted) throw this.#problem((cause as Error).message, cause)
    }
  }

  async #ask(path: string, accept: string, signal?: AbortSignal): Promise<IncomingMessage> {
    const url = new URL(this.#url + path)
    const headers = { accept, ...(this.#authorization === undefined ? {} : { authorization: this.#authorization }) }
    const options = { headers, timeout: ANSWER, signal, ca: this.#ca }
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const asked: ClientRequest = url.protocol === 'https:' ? encrypted(url, options, resolve) : plain(url, options, resolve)
      asked.on('timeout', () => asked.destroy(new Error(`no answer within ${ANSWER / 1000}s`)))
      asked.on('error', (error: NodeJS.ErrnoException) => reject(this.#problem(error.code ?? error.message, error)))
      asked.end()
    })
    response.socket.setTimeout(0)
    if (response.statusCode === 200) return response
    const text = (await bodyOf(response)).trim()
    const exit = response.statusCode === 503 ? EXIT.temporary : EXIT.usage
    throw new Problem(`${this.#url}: ${text === '' ? `status ${response.statusCode}` : text}`, { exit })
  }

  #problem(what: string, cause: unknown): Problem {
    const hint = what === 'ECONNREFUSED' ? "is 'solder run' running? --url says where it serves" : undefined
    return new Problem(`${this.#url}: ${what}`, { exit: EXIT.temporary, cause, hint })
  }
}

function parseEvent(text: string): ServerEvent | null {
  let name = 'message'
  const data: string[] = []
  for (const line of text.split('\n')) {
    if (line.startsWith('event: ')) name = line.slice(7)
    else if (line.startsWith('data: ')) data.push(line.slice(6))
  }
  return data.length === 0 ? null : { name, data: data.join('\n') }
}

async function bodyOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
