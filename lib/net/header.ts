// Headers that the user adds to every request.

import { Problem } from '../diag/problem.js'
import { openSecret, revealed, type Secret } from './secret.js'

const TOKEN = /^[!#$%&'*+\-.^_`|~\w]+$/
/** Headers that frame the message or belong to the connection. */
const RESERVED = new Set([
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

export interface ExtraHeaders {
  /** Sets the headers, under lower-case names. */
  addTo(headers: Map<string, string>): void
}

export function extraHeadersOf(header: ReadonlyMap<string, string>, problems: Problem[]): ExtraHeaders {
  const added: { name: string; secret: Secret; flag: string }[] = []
  for (const [name, value] of header) {
    const flag = `--header ${name}`
    if (!TOKEN.test(name)) problems.push(new Problem(`--header: '${name}' is not a header name`))
    else if (RESERVED.has(name.toLowerCase())) problems.push(new Problem(`${flag}: this header is the client's own`))
    else if (/[^\t\x20-\x7e\x80-\xff]/.test(value))
      problems.push(new Problem(`${flag}: the value has characters that a header cannot carry`))
    else {
      const secret = openSecret(value, flag, problems)
      if (secret !== undefined) added.push({ name: name.toLowerCase(), secret, flag })
    }
  }
  return {
    addTo: (headers) => {
      for (const { name, secret, flag } of added) headers.set(name, revealed(secret, flag))
    },
  }
}
