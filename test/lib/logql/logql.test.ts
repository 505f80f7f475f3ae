// Stream selectors, line filters and pattern expressions of LogQL.

import t from 'tap'
import { type Problem, renderProblem } from '../../../lib/diag/problem.js'
import { quote, unquote } from '../../../lib/go/quote.js'
import { PatternExpression } from '../../../lib/logql/pattern.js'
import { parseSelector } from '../../../lib/logql/selector.js'
import { labelsOfObject } from '../../../lib/record/labels.js'
import fc from '../../support/property.js'

const LABELS = labelsOfObject({ app: 'shop', env: 'prod', __proto__x: 'y' })

function said(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    return renderProblem(error as Problem, 'test')
  }
  return 'nothing'
}

t.test('selectors ask for labels', async (t) => {
  const matches = (text: string) => parseSelector(text).labels(LABELS)
  t.ok(matches('{app="shop"}'))
  t.ok(matches(' { app = "shop" , env =~ "prod|dev" } '))
  t.ok(matches('{app=~`sho.`, env!="dev", gone="", other!~".+"}'))
  t.notOk(matches('{app=~"sho"}'), 'labels match as a whole')
  t.notOk(matches('{app!~".*"}'))
  t.notOk(matches('{gone!=""}'))
  t.ok(matches(String.raw`{app="\x73hop"}`), 'escapes of Go')
  t.same(parseSelector('{a="b"} |= "x"').matchers, [{ name: 'a', operator: '=', value: 'b' }])
})

t.test('line filters look anywhere in the line', async (t) => {
  const matches = (text: string, line: string) => parseSelector(`{a="b"} ${text}`).line(line)
  t.ok(matches('', 'anything'))
  t.ok(matches('|= "aid" != "debug" |~ "o\\\\w+" !~ `^x`', 'paid order'))
  t.notOk(matches('|= "aid" != "order"', 'paid order'))
  t.notOk(matches('|~ "^order"', 'paid order'))
  t.notOk(matches('!~ "order$"', 'paid order'))
})

t.test('mistakes are told with their place', async (t) => {
  t.equal(
    said(() => parseSelector('{app="shop"} | status >= 200')),
    `selector:1:14: bad selector: unexpected '|'
  1 | {app="shop"} | status >= 200
    |              ^
  expected: a line filter: |= != |~ !~
`,
  )
  t.match(said(() => parseSelector('{app="a",\n  env}')), /^selector:2:6: .*\n {2}2 \| {3}env}/)
  t.match(said(() => parseSelector('{app="shop}')), /1:6: bad selector: a string without its closing quote/)
  t.match(said(() => parseSelector('{app="\\q"}')), /1:7: bad selector: an unknown escape sequence '\\q'/)
  t.match(said(() => parseSelector('{app=~"(a"}')), /1:7: bad selector: bad regular expression: missing closing \)\n.*\n.*\^\^\^\^/)
  for (const text of ['', 'foo', '{', '{}', '{app}', '{app="a",}', '{app="a"', '{app=a}', '{="a"}', '{app="a"} |= x', '{app=\'a\'}']) {
    t.match(said(() => parseSelector(text, 'match')), /^match:1:\d+: bad selector/, text)
  }
})

t.test('literals are read as they are written', async (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.boolean(), (text, ascii) => {
      const literal = quote(text, '"', ascii)
      const found = unquote(literal, 0)
      return 'text' in found && found.text === text && found.end === literal.length
    }),
  )
  t.equal(quote('a\x00\x7f\u200b\u{1f600}"'), String.raw`"a\x00\x7f\u200b😀\""`)
  t.same(unquote(String.raw`"\303\244\u00e4\U0001f600"`, 0), { text: 'ää😀', end: 26 })
  t.same(unquote('`a\r\n\\`', 0), { text: 'a\n\\', end: 6 })
})

const CASES: readonly (readonly [pattern: string, line: string, values: readonly string[] | null])[] = [
  ['foo <foo> bar', 'foo buzz bar', ['buzz']],
  ['foo <foo> bar<fuzz>', 'foo buzz bar', ['buzz', '']],
  ['<foo> bar<fuzz>', ' bar', ['', '']],
  ['<path>?<_>', '/status?a=1', ['/status']],
  ['<path>?<_>', '/status', ['/status']],
  ['<ip> <_> <user> [<_>] "<method> <path> <_>" <status> <size>', '::1 - ann [10/Oct/2000:13:55:36 -0700] "GET /a HTTP/1.0" 200 23', ['::1', 'ann', 'GET', '/a', '200', '23']],
  ['<level>  [<part>]<_> in <time>.<_>', 'INFO  [Service Thread] 12:40 - GC in 248ms.  Old Gen', ['INFO', 'Service Thread', '248ms']],
  ['<a> - <b> - <c>', 'one - two', ['one', 'two']],
  ['x<a>', 'y', null],
  ['<a>', '', null],
  ['<1> <a>', '<1> b', ['b']],
]

t.test('pattern expressions capture as Loki does', async (t) => {
  for (const [pattern, line, values] of CASES) t.same(PatternExpression.parse(pattern).match(line), values, `${pattern} on ${line}`)
  t.match(said(() => PatternExpression.parse('<a> <_><b>')), /^pattern:1:5: bad pattern: two captures without a text/)
  t.match(said(() => PatternExpression.parse('<a> <b> <a>')), /^pattern:1:9: bad pattern: two captures of the name 'a'/)
  for (const text of ['', '<_>', 'plain', '<1>']) t.match(said(() => PatternExpression.parse(text)), /no capture with a name/)
})

t.test('the captures and the texts between them are the line', async () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', '1', '.') })
  fc.assert(
    fc.property(word, word, word, (a, b, c) => {
      const values = PatternExpression.parse('[<a>] <b> - <c>').match(`[${a}] ${b} - ${c}`)
      return values?.join('|') === [a, b, c].join('|')
    }),
  )
})
