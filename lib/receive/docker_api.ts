// The Docker Engine API, as far as logs need it: over a Unix socket or plain HTTP.

import { type IncomingMessage, request } from 'node:http'
import { Problem } from '../diag/problem.js'

export interface Container {
  id: string
  /** Without the slash in front. */
  name: string
  image: string
  labels: ReadonlyMap<string, string>
  /** Whether it has a terminal: its logs are not in frames then. */
  terminal: boolean
  running: boolean
}

/** Bytes of an answer that is no stream. */
const MAX_BYTES = 32 << 20
const TIMEOUT = 30_000

/** `unix:PATH`, `unix:///PATH` or `http://HOST:PORT`. Throws a Problem. */
export function dockerHost(text: string): { socketPath: string } | { host: string; port: number } {
  const path = /^unix:(?:\/\/)?(\/.+)$/.exec(text)?.[1]
  if (path !== undefined) return { socketPath: path }
  const url = URL.canParse(text) ? new URL(text) : null
  if (url !== null && /^(http|tcp):$/.test(url.protocol) && url.hostname !== '') {
    return { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || 2375) }
  }
  throw new Problem(`--host: '${text}' is not valid`, { expected: 'unix:///var/run/docker.sock or http://HOST:PORT' })
}

export class DockerApi {
  readonly #where: ReturnType<typeof dockerHost>

  constructor(
    host: string,
    private readonly signal: AbortSignal,
  ) {
    this.#where = dockerHost(host)
  }

  /** Ids of all containers, those that have ended too. */
  async list(): Promise<string[]> {
    const found = (await this.#json('/containers/json?all=true')) as { Id?: unknown }[]
    return found.flatMap(({ Id }) => (typeof Id === 'string' ? [Id] : []))
  }

  /** null where there is none of that id any more. */
  async inspect(id: string): Promise<Container | null> {
    const found = (await this.#json(`/containers/${encodeURIComponent(id)}/json`)) as {
      Name?: string
      Config?: { Image?: string; Tty?: boolean; Labels?: { [name: string]: string } | null }
      State?: { Running?: boolean }
    } | null
    if (found === null) return null
    const { Name = '', Config = {}, State = {} } = found
    return {
      id,
      name: Name.replace(/^\//, ''),
      image: Config.Image ?? '',
      labels: new Map(Object.entries(Config.Labels ?? {})),
      terminal: Config.Tty === true,
      running: State.Running === true,
    }
  }

  /** The bytes of its logs. @param since Unix nanoseconds; `''` for all */
  logs(id: string, since: string, follow: boolean): Promise<IncomingMessage | null> {
    const padded = since.padStart(10, '0')
    const from = since === '' ? '' : `&since=${padded.slice(0, -9)}.${padded.slice(-9)}`
    const query = `stdout=true&stderr=true&timestamps=true&follow=${follow}${from}`
    return this.#get(`/containers/${encodeURIComponent(id)}/logs?${query}`)
  }

  /** Lines of JSON: what begins. */
  async starts(): Promise<IncomingMessage> {
    const filters = encodeURIComponent(JSON.stringify({ type: ['container'], event: ['start'] }))
    const events = await this.#get(`/events?filters=${filters}`)
    if (events === null) throw new Error('/events: 404')
    return events
  }

  async #json(path: string): Promise<unknown> {
    const response = await this.#get(path)
    if (response === null) return null
    const chunks: Buffer[] = []
    let bytes = 0
    for await (const chunk of response) {
      bytes += (chunk as Buffer).length
      if (bytes > MAX_BYTES) throw new Error(`${path}: larger than ${MAX_BYTES} bytes`)
      chunks.push(chunk as Buffer)
    }
    return JSON.parse(Buffer.concat(chunks).toString())
  }

  /** The answer, before its body; null for 404. Throws where there is no other good one. */
  #get(path: string): Promise<IncomingMessage | null> {
    return new Promise((resolve, reject) => {
      const asked = request({ ...this.#where, path, headers: { host: 'docker' }, signal: this.signal }, (response) => {
        asked.setTimeout(0)
        const { statusCode = 0 } = response
        if (statusCode === 200) return resolve(response)
        response.resume()
        if (statusCode === 404) resolve(null)
        else reject(new Error(`${path.split('?', 1)[0]}: ${statusCode}`))
      })
      asked.setTimeout(TIMEOUT, () => asked.destroy(new Error('timeout')))
      asked.on('error', reject).end()
    })
  }
}
