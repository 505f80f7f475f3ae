// Syslog: messages as they were seen on wires, what is made of them, and back; frames in streams.

import t from 'tap'
import { UTC, zoneOf } from '../../lib/go/zone.js'
import { format3164, format5424 } from '../../lib/wire/syslog/format.js'
import { Framer, type Framing } from '../../lib/wire/syslog/framing.js'
import type { SyslogMessage } from '../../lib/wire/syslog/message.js'
import { SEVERITIES, SEVERITY_NUMBERS, severityOfNumber, severityOfWord } from '../../lib/wire/syslog/names.js'
import { type Format, parseSyslog } from '../../lib/wire/syslog/parse.js'
import fc from '../support/property.js'

const at = (time: string) => Date.parse(time) / 1000
const NOW = at('2026-11-22T22:07:07Z')
const ns = (time: string, below = '000') => `${Date.parse(time)}${below}000`

const parse = (text: string, format: Format = 'auto', now = NOW, zone = UTC) => parseSyslog(text, format, { now, zone })

/** A message without what is undefined, structured data as plain objects. */
function plain(message: SyslogMessage | string): unknown {
  if (typeof message === 'string') return message
  const { structured, ...rest } = message
  const fields = Object.entries(rest).filter(([, value]) => value !== undefined)
  const elements = structured === undefined ? [] : [...structured].map(([id, params]) => [id, Object.fromEntries(params)])
  return Object.fromEntries([...fields, ...(structured === undefined ? [] : [['structured', Object.fromEntries(elements)]])])
}

const QUALITY = { timeQuality: { tzKnown: ['1'], isSynced: ['0'] } }

const SEEN: readonly (readonly [from: string, text: string, message: object])[] = [
  ['logger -d', '<155>1 2026-11-22T22:07:07.321499+00:00 vm myapp - - [timeQuality tzKnown="1" isSynced="0"] hello 5424', {
    facility: 19, severity: 3, ts: ns('2026-11-22T22:07:07.321Z', '499'), hostname: 'vm', app: 'myapp', body: 'hello 5424', structured: QUALITY,
  }],
  ['logger --rfc3164', '<13>Nov 22 22:07:07 vm myapp[31066]: hello 3164', {
    facility: 1, severity: 5, ts: ns('2026-11-22T22:07:07Z', '000'), hostname: 'vm', app: 'myapp', procId: '31066', body: 'hello 3164',
  }],
  ['logger with two elements', '<13>1 2026-11-22T22:07:07.337824+00:00 vm root - M1 [timeQuality tzKnown="1" isSynced="0"][man@123 x="a\\"b\\\\c\\]d"] hello sd grün', {
    facility: 1, severity: 5, ts: ns('2026-11-22T22:07:07.337Z', '824'), hostname: 'vm', app: 'root', msgId: 'M1', body: 'hello sd grün',
    structured: { ...QUALITY, 'man@123': { x: ['a"b\\c]d'] } },
  }],
  ['logger without time and host', '<13>1 - - root - - - hello bare', { facility: 1, severity: 5, app: 'root', body: 'hello bare' }],
  ['logger -t "my app", which is one word too many', '<13>1 2026-11-22T22:07:07.334021+00:00 vm my app - - hello octet\nsecond', {
    facility: 1, severity: 5, ts: ns('2026-11-22T22:07:07.334Z', '021'), hostname: 'vm', app: 'my', procId: 'app', body: 'hello octet\nsecond',
  }],
  ['RFC 5424, example 1', "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \ufeff'su root' failed for lonvick on /dev/pts/8", {
    facility: 4, severity: 2, ts: ns('2003-10-11T22:14:15.003Z'), hostname: 'mymachine.example.com', app: 'su', msgId: 'ID47',
    body: "'su root' failed for lonvick on /dev/pts/8",
  }],
  ['RFC 5424, example 2', '<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It\'s time to make the do-nuts.', {
    facility: 20, severity: 5, ts: ns('2003-08-24T12:14:15.000Z', '003'), hostname: '192.0.2.1', app: 'myproc', procId: '8710',
    body: "%% It's time to make the do-nuts.",
  }],
  ['RFC 5424, example 4', '<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"][examplePriority@32473 class="high"]', {
    facility: 20, severity: 5, ts: ns('2003-10-11T22:14:15.003Z'), hostname: 'mymachine.example.com', app: 'evntslog', msgId: 'ID47', body: '',
    structured: { 'exampleSDID@32473': { iut: ['3'], eventSource: ['Application'], eventID: ['1011'] }, 'examplePriority@32473': { class: ['high'] } },
  }],
  ['a parameter that comes twice', '<0>1 - - - - - [ip ip="::1" ip="127.0.0.1"]', {
    facility: 0, severity: 0, body: '', structured: { ip: { ip: ['::1', '127.0.0.1'] } },
  }],
  ['a backslash before another character', '<0>1 - - - - - [a b="c\\d"] x', { facility: 0, severity: 0, body: 'x', structured: { a: { b: ['c\\d'] } } }],
  ['names of objects', '<0>1 - - - - - [__proto__ constructor="1"]', {
    facility: 0, severity: 0, body: '', structured: JSON.parse('{"__proto__":{"constructor":["1"]}}') as object,
  }],
  ['structured data that is broken stays in the text', '<0>1 - - - - - [a b="c] x', { facility: 0, severity: 0, body: '[a b="c] x' }],
  ['no structured data at all', '<0>1 - h a - - text', { facility: 0, severity: 0, hostname: 'h', app: 'a', body: 'text' }],
  ['RFC 3164, example 1', "<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8", {
    facility: 4, severity: 2, ts: ns('2026-10-11T22:14:15Z'), hostname: 'mymachine', app: 'su', body: "'su root' failed for lonvick on /dev/pts/8",
  }],
  ['RFC 3164, example 2', 'Use the BFG!', { body: 'Use the BFG!' }],
  ['RFC 3164, example 3', '<165>Aug 24 05:34:00 CST 1987 mymachine myproc[10]: %% It\'s time to make the do-nuts.', {
    facility: 20, severity: 5, ts: ns('2026-08-24T05:34:00Z'), hostname: 'CST', body: "1987 mymachine myproc[10]: %% It's time to make the do-nuts.",
  }],
  ['RFC 3164, example 4', '<0>1990 Oct 22 10:52:01 TZ-6 scapegoat.dmz.example.org 10.1.2.3 sched[0]: That\'s All Folks!', {
    facility: 0, severity: 0, body: "1990 Oct 22 10:52:01 TZ-6 scapegoat.dmz.example.org 10.1.2.3 sched[0]: That's All Folks!",
  }],
  ['glibc, on /dev/log: no hostname', '<86>Nov 22 22:00:01 CRON[4242]: pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)', {
    facility: 10, severity: 6, ts: ns('2026-11-22T22:00:01Z'), app: 'CRON', procId: '4242',
    body: 'pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)',
  }],
  ['rsyslog, RSYSLOG_ForwardFormat', '<30>2026-11-22T22:07:07.329635+01:00 web-1 systemd[1]: Started Daily apt download activities.', {
    facility: 3, severity: 6, ts: ns('2026-11-22T21:07:07.329Z', '635'), hostname: 'web-1', app: 'systemd', procId: '1',
    body: 'Started Daily apt download activities.',
  }],
  ['the kernel, by rsyslog', '<6>Nov  2 09:00:00 web-1 kernel: [12345.678901] eth0: link up', {
    facility: 0, severity: 6, ts: ns('2026-11-02T09:00:00Z'), hostname: 'web-1', app: 'kernel', body: '[12345.678901] eth0: link up',
  }],
  ['Cisco IOS, with sequence number, not synchronised', '<189>1234: *Mar  1 18:46:11.123 UTC: %SYS-5-CONFIG_I: Configured from console by vty2 (10.34.195.36)', {
    facility: 23, severity: 5, ts: ns('2026-03-01T18:46:11.123Z'), app: '%SYS-5-CONFIG_I', body: 'Configured from console by vty2 (10.34.195.36)',
  }],
  ['Cisco IOS, with origin-id and year', '<187>45: core-sw1: Nov 20 2025 10:00:00.001: %LINK-3-UPDOWN: Interface GigabitEthernet0/1, changed state to up', {
    facility: 23, severity: 3, ts: ns('2025-11-20T10:00:00.001Z'), hostname: 'core-sw1', app: '%LINK-3-UPDOWN',
    body: 'Interface GigabitEthernet0/1, changed state to up',
  }],
  ['Cisco ASA', '<166>Nov 22 2026 10:00:00 fw : %ASA-6-302013: Built outbound TCP connection 1', {
    facility: 20, severity: 6, ts: ns('2026-11-22T10:00:00Z'), hostname: 'fw', app: '%ASA-6-302013', body: 'Built outbound TCP connection 1',
  }],
  ['Cisco ASA without time', '<166>%ASA-6-302013: Built', { facility: 20, severity: 6, app: '%ASA-6-302013', body: 'Built' }],
  ['an IPv6 address for a name', '<13>Nov 22 10:00:00 2001:db8::1 app: x', {
    facility: 1, severity: 5, ts: ns('2026-11-22T10:00:00Z'), hostname: '2001:db8::1', app: 'app', body: 'x',
  }],
  ['FreeBSD', '<46>Nov 22 10:00:00 last message repeated 3 times', {
    facility: 5, severity: 6, ts: ns('2026-11-22T10:00:00Z'), hostname: 'last', body: 'message repeated 3 times',
  }],
  ['a URL is no tag', '<13>http://example.org/ is down', { facility: 1, severity: 5, body: 'http://example.org/ is down' }],
  ['a date that is none', '<13>Feb 31 10:00:00 h a: x', { facility: 1, severity: 5, body: 'Feb 31 10:00:00 h a: x' }],
  ['a priority that is none', '<192>Nov 22 10:00:00 h a: x', { body: '<192>Nov 22 10:00:00 h a: x' }],
  ['a version to come', '<13>2 2026-11-22T10:00:00Z h a - - - x', { facility: 1, severity: 5, body: '2 2026-11-22T10:00:00Z h a - - - x' }],
  ['ends of lines and zeros behind', '<13>a: x\r\n\0', { facility: 1, severity: 5, app: 'a', body: 'x' }],
  ['a year that no record holds', '<13>1 9999-01-01T00:00:00Z h a - - - x', { facility: 1, severity: 5, body: '1 9999-01-01T00:00:00Z h a - - - x' }],
  ['nothing', '', { body: '' }],
]

t.test('messages that were seen', async (t) => {
  for (const [from, text, message] of SEEN) t.same(plain(parse(text)), message, `${from}: ${text}`)
})

t.test('asked for RFC 5424, it says what is wrong', async (t) => {
  const wrong = {
    'hello': 'no priority (<0> to <191>) in front',
    '<13>Nov 22 22:07:07 vm a: x': 'no header of RFC 5424 behind the priority',
    '<13>2 - - - - - -': 'version 2, expected 1',
    '<13>1 2026-11-22 - - - - -': "'2026-11-22' is no time of RFC 3339",
    '<13>1 2026-13-22T00:00:00Z - - - - -': "'2026-13-22T00:00:00Z' is no time of RFC 3339",
    '<13>1 2026-11-22T00:00:00 - - - - -': "'2026-11-22T00:00:00' is no time of RFC 3339",
    '<13>1 - - - - -': 'no structured data',
    '<13>1 - - - - - x': "no structured data: expected '-' or '['",
    '<13>1 - - - - - [': 'structured data: an element without id',
    '<13>1 - - - - - [a b="c': 'structured data: the value of b has no end',
    '<13>1 - - - - - [a b="c" d]': 'structured data: the element a has no end',
  }
  for (const [text, complaint] of Object.entries(wrong)) t.equal(plain(parse(text, 'rfc5424')), complaint, text)
  t.same(plain(parse('<13>1 - - - - - - x', 'rfc3164')), { facility: 1, severity: 5, body: '1 - - - - - - x' })
})

t.test('the year that a message does not tell', async (t) => {
  const year = (text: string, now: string) => {
    const { ts } = parse(text, 'auto', at(now)) as SyslogMessage
    return ts === undefined ? undefined : new Date(Number(BigInt(ts) / 1_000_000n)).getUTCFullYear()
  }
  t.equal(year('<0>Dec 31 23:59:59 h a: x', '2026-01-01T00:00:10Z'), 2025, 'just after New Year')
  t.equal(year('<0>Jan  1 00:00:03 h a: x', '2025-12-31T23:59:58Z'), 2026, 'from a clock that is ahead')
  t.equal(year('<0>Jun 15 00:00:00 h a: x', '2026-11-22T00:00:00Z'), 2026)
  t.equal(year('<0>Dec 20 00:00:00 h a: x', '2026-11-22T00:00:00Z'), 2025, 'a clock is not ahead by a month')
  t.equal(year('<0>Feb 29 00:00:00 h a: x', '2026-11-22T00:00:00Z'), 2024, 'the last year that had the day')
  t.equal(year('<0>Feb 29 00:00:00 h a: x', '2103-03-01T00:00:00Z'), 2096)
})

t.test('time zones', async (t) => {
  const berlin = zoneOf('Europe/Berlin')!
  const ts = (text: string) => (parse(text, 'auto', NOW, berlin) as SyslogMessage).ts
  t.equal(ts('<0>Jul  1 12:00:00 h a: x'), ns('2026-07-01T10:00:00Z'), 'summer')
  t.equal(ts('<0>Jan 15 12:00:00 h a: x'), ns('2026-01-15T11:00:00Z'), 'winter')
  t.equal(ts('<0>2026-07-01 12:00:00 h a: x'), ns('2026-07-01T10:00:00Z'), 'without an offset')
  t.equal(ts('<0>Jul  1 12:00:00 UTC: %A: x'), ns('2026-07-01T12:00:00Z'), 'a zone that is told')
  t.equal(ts('<0>Jul  1 12:00:00 CEST: %A: x'), ns('2026-07-01T10:00:00Z'))
})

t.test('severities', async (t) => {
  for (const [severity, number] of SEVERITY_NUMBERS.entries()) t.equal(severityOfNumber(number), severity, SEVERITIES[severity])
  for (let number = 1; number < 24; number++) t.ok(severityOfNumber(number) >= severityOfNumber(number + 1), `order at ${number}`)
  t.same(['WARN', 'Error', 'emerg', 'INFO', 'nothing'].map(severityOfWord), [4, 3, 0, 6, undefined])
})

const printable = fc.string({ minLength: 1, maxLength: 12, unit: fc.constantFrom('a', 'B', '7', '.', '-', '/', '%', '@', '~') })
const word = printable.filter((text) => text !== '-')
const text = fc.string({ maxLength: 20, unit: fc.constantFrom('a', ' ', '"', '\\', ']', '[', '=', 'ü', '😀', '\n', '-', ':') })
const body = text.filter((text) => !/\n$/.test(text))
const option = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
const structured = fc
  .uniqueArray(fc.tuple(word, fc.uniqueArray(fc.tuple(word, fc.array(text, { minLength: 1, maxLength: 2 })), { selector: ([name]) => name, maxLength: 3 })), {
    selector: ([id]) => id, minLength: 1, maxLength: 3,
  })
  .map((elements) => new Map(elements.map(([id, params]) => [id, new Map(params)])))

t.test('what is written in RFC 5424 reads back the same', async (t) => {
  const message = fc.record({
    facility: fc.nat(23), severity: fc.nat(7), hostname: option(word), app: option(word), procId: option(word), msgId: option(word),
    ts: option(fc.bigInt({ min: 0n, max: 99999999999999999n }).map((micros) => `${micros * 1000n}`)),
    structured: option(structured), body,
  })
  fc.assert(
    fc.property(message, (message) => {
      const written = format5424(message)
      for (const format of ['rfc5424', 'auto'] as const) t.same(plain(parse(written, format)), plain(message), written, { diagnostic: false })
    }),
  )
  t.equal(format5424({ ts: '-1', hostname: 'a b\u00fc', body: '' }), '<13>1 - a_b_ - - - -', 'what a field cannot hold')
  t.equal(format5424({ ts: '253402300800000000000', app: 'a'.repeat(60), body: 'x' }), `<13>1 - - ${'a'.repeat(48)} - - - x`)
})

t.test('what is written in RFC 3164 reads back the same', async (t) => {
  const name = fc.string({ minLength: 1, maxLength: 12, unit: fc.constantFrom('a', 'B', '7', '.', '-') }).filter((text) => text !== '-')
  const message = fc.record({
    facility: fc.nat(23), severity: fc.nat(7), hostname: name, app: name, procId: option(name),
    ts: fc.integer({ min: NOW - 86_400 * 350, max: NOW + 86_400 * 6 }).map((seconds) => `${seconds}000000000`), body,
  })
  const zone = zoneOf('America/New_York')!
  // The hour that comes twice is taken for its first coming.
  const twice = (ts: string) => [0, 3600].some((more) => Math.abs(Number(ts.slice(0, -9)) + more - at('2026-11-01T06:00:00Z')) < 3601)
  fc.assert(
    fc.property(message, (message) => {
      if (twice(message.ts)) return
      t.same(plain(parse(format3164(message, zone), 'rfc3164', NOW, zone)), plain(message))
    }),
  )
})

t.test('no text makes the parser fail', async () => {
  const nasty = fc.array(fc.oneof(fc.constantFrom('<13>', '1 ', '- ', '[a', ' b="', '"]', 'Nov 22 10:00:00 ', '\\', 'h ', 'a[1]:', '\ufeff', '2026-11-22T10:00:00Z '), fc.string({ maxLength: 4 })), { maxLength: 12 })
  fc.assert(
    fc.property(nasty, (parts) => {
      const text = parts.join('')
      return typeof parse(text) === 'object' && typeof parse(text, 'rfc3164') === 'object' && parse(text, 'rfc5424') !== undefined
    }),
    { numRuns: 1000 },
  )
})

function frames(stream: Buffer, sizes: readonly number[], framing: Framing = 'auto', max = 100): { found: [string, boolean][]; ok: boolean } {
  const framer = new Framer(framing, max)
  const found: [string, boolean][] = []
  const take = (frame: Buffer, cut: boolean) => void found.push([frame.toString(), cut])
  let from = 0
  let ok = true
  for (const size of [...sizes, stream.length]) {
    const piece = Buffer.from(stream.subarray(from, from + size))
    ok &&= framer.push(piece, take)
    piece.fill(0)
    from += size
  }
  framer.end(take)
  return { found, ok }
}

t.test('frames do not depend on the pieces', async (t) => {
  const message = fc.string({ maxLength: 30, unit: fc.constantFrom('a', ' ', '1', '<', 'ü', '\n') }).map((text) => `<13>${text}x`)
  const frame = fc.tuple(message, fc.boolean()).map(([text, counted]) => (counted ? { text, counted } : { text: text.replaceAll('\n', ' '), counted }))
  fc.assert(
    fc.property(fc.array(frame), fc.array(fc.nat(7)), (list, sizes) => {
      const stream = list.map(({ text, counted }) => (counted ? `${Buffer.byteLength(text)} ${text}` : `${text}\n`)).join('')
      const { found } = frames(Buffer.from(stream), sizes)
      return JSON.stringify(found) === JSON.stringify(list.map(({ text }) => [text, false]))
    }),
  )
  t.pass()
})

t.test('frames: what is not as it should be', async (t) => {
  const of = (stream: string, framing: Framing = 'auto', max = 100) => frames(Buffer.from(stream), [1, 2, 3], framing, max).found
  t.same(of('12 monkeys\n7 <1>abcd\n'), [['12 monkeys', false], ['<1>abcd', false]], 'a number in front is not always a count; a newline behind a counted frame')
  t.same(of('<1>a\r\n\n\n<1>b'), [['<1>a\r', false], ['<1>b', false]], 'empty frames, and a last one without end')
  t.same(of('9 <1>abc'), [['<1>abc', true]], 'a counted frame that the end of the stream cuts')
  t.same(of(`200 <1>${'x'.repeat(197)}5 <1>ab`, 'auto', 10), [['<1>xxxxxxx', true], ['<1>ab', false]], 'longer than the bound: cut, and the next one is whole')
  t.same(of(`<1>${'x'.repeat(200)}\n<1>ab\n`, 'auto', 10), [['<1>xxxxxxx', true], ['<1>ab', false]])
  t.same(of('<1>a\nb\0<1>c\0', 'nul'), [['<1>a\nb', false], ['<1>c', false]])
  t.same(of('5 <1>a\n', 'newline'), [['5 <1>a', false]])
  t.same(of('12345678901 <1>\n'), [['12345678901 <1>', false]], 'a count that nobody can mean')
  t.equal(frames(Buffer.from('5 <1>ab<1>x'), [], 'octet-counting').ok, false, 'behind a frame without count nothing can be told')
  const endless = new Framer('auto', 50)
  for (let i = 0; i < 1000; i++) endless.push(Buffer.alloc(1000, 120), () => t.fail('there is no end'))
})
