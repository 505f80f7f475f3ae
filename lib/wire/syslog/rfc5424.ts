// RFC 5424: version 1 of the syslog protocol.

import { priorityOf, rfc3339, type StructuredData, type SyslogMessage } from './message.js'

const HEADER = /^([1-9]\d{0,2}) (\S+) (\S+) (\S+) (\S+) (\S+)(?= |$)/
const BOM = '\ufeff'

/** Whether a text has the priority and version of RFC 5424 in front. */
export function looksLike5424(text: string): boolean {
  return /^<\d{1,3}>[1-9]\d{0,2} (?:\d{4}-\d\d-\d\dT|- )/.test(text)
}

/**
 * A message, or what is wrong with it. Names longer than the RFC allows are taken.
 * @param lenient structured data that is broken is not an error but the beginning of the message's text
 */
export function parse5424(text: string, lenient: boolean): SyslogMessage | string {
  const header = parseHeader5424(text)
  return typeof header === 'string' ? header : withData(header.message, text, header.end, lenient)
}

/** The header alone, and where it ends; or what is wrong with it. */
export function parseHeader5424(text: string): { message: SyslogMessage; end: number } | string {
  const priority = priorityOf(text)
  if (priority === null) return 'no priority (<0> to <191>) in front'
  const { facility, severity, end } = priority
  const match = HEADER.exec(text.slice(end))
  if (match === null) return 'no header of RFC 5424 behind the priority'
  const [, version, time, hostname, app, procId, msgId] = match
  if (version !== '1') return `version ${version}, expected 1`
  const ts = time === '-' ? undefined : rfc3339(time)
  if (time !== '-' && (ts === undefined || time[10] !== 'T')) return `'${time}' is no time of RFC 3339`
  const message: SyslogMessage = {
    facility, severity, ts, hostname: known(hostname), app: known(app), procId: known(procId), msgId: known(msgId), body: '',
  }
  return { message, end: end + match[0].length }
}

function known(field: string): string | undefined {
  return field === '-' ? undefined : field
}

/** Structured data and text, behind the header that ends at `at`. */
function withData(message: SyslogMessage, text: string, at: number, lenient: boolean): SyslogMessage | string {
  if (at >= text.length) return lenient ? message : 'no structured data'
  let from = at + 1
  if (text[from] === '[') {
    const found = structuredData(text, from)
    if (typeof found === 'object') {
      message.structured = found.data
      from = found.end
    } else if (!lenient) return found
  } else if (text[from] === '-' && (from + 1 === text.length || text[from + 1] === ' ')) from++
  else if (!lenient) return "no structured data: expected '-' or '['"
  if (text[from] === ' ') from++
  if (text.startsWith(BOM, from)) from++
  message.body = text.slice(from)
  return message
}

/** One element's id, or a parameter: `name="`, up to the quote. */
const ID = /[^\s="\]]+/y
const PARAM = / +([^\s="\]]+)="/y

/** Elements from `from`, where the first bracket stands; or what is wrong with them. */
function structuredData(text: string, from: number): { data: StructuredData; end: number } | string {
  const data = new Map<string, Map<string, string[]>>()
  let at = from
  while (text[at] === '[') {
    ID.lastIndex = at + 1
    const id = ID.exec(text)?.[0]
    if (id === undefined) return 'structured data: an element without id'
    const params = data.get(id) ?? new Map<string, string[]>()
    data.set(id, params)
    at = ID.lastIndex
    for (;;) {
      PARAM.lastIndex = at
      const name = PARAM.exec(text)?.[1]
      if (name === undefined) break
      const value = valueFrom(text, PARAM.lastIndex)
      if (value === null) return `structured data: the value of ${name} has no end`
      params.set(name, [...(params.get(name) ?? []), value.text])
      at = value.end
    }
    while (text[at] === ' ') at++
    if (text[at] !== ']') return `structured data: the element ${id} has no end`
    at++
  }
  return { data, end: at }
}

/** A value up to its quote. A backslash escapes `"`, `\` and `]`; before anything else it is one itself. */
function valueFrom(text: string, from: number): { text: string; end: number } | null {
  let value = ''
  let start = from
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 34) return { text: value + text.slice(start, at), end: at + 1 }
    if (code !== 92) continue
    const next = text[at + 1]
    if (next !== '"' && next !== '\\' && next !== ']') continue
    value += text.slice(start, at)
    start = ++at
  }
  return null
}
