// Heroku's HTTPS drains (devcenter.heroku.com/articles/log-drains): syslog messages with octet counting, of RFC 5424
// but for their structured data, which is left out.

import { Framer } from '../syslog/framing.js'
import { parseHeader5424 } from '../syslog/rfc5424.js'
import type { HookEntry } from './entry.js'

/** Throws an Error where the body is none. */
export function herokuEntries(body: Buffer): HookEntry[] {
  const entries: HookEntry[] = []
  const framer = new Framer('octet-counting', body.length)
  const take = (frame: Buffer, cut: boolean) => {
    if (cut) throw new Error('the last message is cut off')
    entries.push(entryOf(frame.utf8Slice(0, frame.length).replace(/\n$/, '')))
  }
  if (!framer.push(body, take)) throw new Error('expected a count of octets before each message')
  framer.end(take)
  return entries
}

function entryOf(text: string): HookEntry {
  const header = parseHeader5424(text)
  if (typeof header === 'string') throw new Error(header)
  const { message, end } = header
  const labels = new Map<string, string>()
  // app[web.1] and heroku[router], as Heroku's own tools show them.
  if (message.app !== undefined) labels.set('app', message.app)
  if (message.procId !== undefined) labels.set('proc', message.procId)
  const attributes = message.hostname === undefined ? undefined : new Map([['hostname', message.hostname]])
  return { ts: message.ts, body: text.slice(end + 1), labels, attributes, severity: message.severity }
}
