// The head of a response: status and headers, how its body ends, how long its connection may be kept (RFC 9112, 2 to 9).

import { NotHttp } from './failure.js'

export interface Head {
  status: number
  /** Lower-case names; repeated headers joined by `, `. */
  headers: ReadonlyMap<string, string>
  /** Bytes of the body; or it comes in chunks, or ends with the connection. */
  body: number | 'chunked' | 'close'
  /** Milliseconds that the connection may be kept idle, 0 for not at all. */
  keep: number
}

/** How long an idle connection is kept, unless the server says otherwise: longer than usual scrape intervals. */
export const KEEP_MS = 300_000
/** A request that leaves so much before the server's own time is up still finds it listening. */
const MARGIN_MS = 2000

export const TOKEN = /^[!#$%&'*+\-.^_`|~\w]+$/
/** What the value of a header cannot hold, CR and LF above all (RFC 9110, section 5.5). */
export const NO_VALUE = /[^\t\x20-\x7e\x80-\xff]/
const STATUS = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: (.*))?$/

/**
 * @param text the block without its empty line
 * @param method of the request: the answer to HEAD has no body
 */
export function parseHead(text: string, method: string): Head {
  const lines = text.split('\r\n')
  const [, minor, digits, reason = ''] = STATUS.exec(lines[0]) ?? []
  if (minor === undefined || NO_VALUE.test(reason)) throw new NotHttp('bad status line')
  const status = Number(digits)
  const headers = new Map<string, string>()
  for (let i = 1; i < lines.length; i++) {
    const [name, value] = parseField(lines[i])
    const before = headers.get(name)
    headers.set(name, before === undefined ? value : `${before}, ${value}`)
  }
  const body = bodyOf(headers, minor === '0')
  const bare = method === 'HEAD' || status < 200 || status === 204 || status === 304
  return { status, headers, body: bare ? 0 : body, keep: keepOf(headers, minor === '0') }
}

/** Name, lower-case, and value of a line. A line that begins with a space, the old way to go on with a value, is none. */
export function parseField(line: string): [name: string, value: string] {
  const colon = line.indexOf(':')
  const name = line.slice(0, Math.max(0, colon))
  if (!TOKEN.test(name)) throw new NotHttp('bad header name')
  const value = line.slice(colon + 1)
  if (NO_VALUE.test(value)) throw new NotHttp('bad character in a header')
  return [name.toLowerCase(), trimmed(value)]
}

/** Without the spaces and tabs around it; other white space is content. */
function trimmed(value: string): string {
  let from = 0
  let to = value.length
  while (from < to && isSpace(value.charCodeAt(from))) from++
  while (to > from && isSpace(value.charCodeAt(to - 1))) to--
  return value.slice(from, to)
}

function isSpace(code: number): boolean {
  return code === 32 || code === 9
}

/** RFC 9112, section 6.3. What two readers could understand in two ways is refused. */
function bodyOf(headers: ReadonlyMap<string, string>, old: boolean): Head['body'] {
  const length = headers.get('content-length')
  const coding = headers.get('transfer-encoding')
  if (length !== undefined && coding !== undefined) throw new NotHttp('both content-length and transfer-encoding')
  if (coding !== undefined) {
    if (coding.toLowerCase() !== 'chunked' || old) throw new NotHttp('unknown transfer-encoding')
    return 'chunked'
  }
  if (length === undefined) return 'close'
  if (!/^\d{1,16}$/.test(length) || !Number.isSafeInteger(Number(length))) throw new NotHttp('bad content-length')
  return Number(length)
}

function keepOf(headers: ReadonlyMap<string, string>, old: boolean): number {
  const options = (headers.get('connection') ?? '').toLowerCase().split(',')
  const says = (word: string) => options.some((option) => option.trim() === word)
  if (says('close') || (old && !says('keep-alive'))) return 0
  const hint = /\btimeout=(\d+)/i.exec(headers.get('keep-alive') ?? '')
  return hint === null ? KEEP_MS : Math.max(0, Math.min(KEEP_MS, Number(hint[1]) * 1000 - MARGIN_MS))
}
