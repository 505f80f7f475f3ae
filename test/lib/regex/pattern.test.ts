// RE2's syntax and meaning, Prometheus's anchoring, Go's templates, faults with their place.

import t from 'tap'
import { Problem } from '../../../lib/diag/problem.js'
import { literalOf } from '../../../lib/regex/literal.js'
import { Pattern, patternFault } from '../../../lib/regex/pattern.js'
import { parseTemplate } from '../../../lib/regex/template.js'
import fc from '../../support/property.js'

t.test('anchored at both ends, . is any character', (t) => {
  t.equal(Pattern.anchored('a|ab').test('ab'), true)
  t.equal(Pattern.anchored('a|b').test('ab'), false)
  t.equal(Pattern.anchored('line1.*line2').test('line1\nline2'), true)
  t.equal(Pattern.anchored('').test(''), true)
  t.equal(Pattern.anchored('').test('x'), false)
  t.equal(Pattern.anchored('a$').test('a\n'), false)
  t.equal(Pattern.anchored('(?i)ABC').test('abc'), true)
  // As in Prometheus, which puts the text between ^(?s: and )$ without looking at it.
  t.equal(Pattern.anchored('a)|(?:b').test('b'), true)
  t.equal(Pattern.search('b').test('abc'), true)
  t.equal(Pattern.search('a.c').test('a\nc'), false)
  t.end()
})

t.test('groups', (t) => {
  t.same(Pattern.anchored('(a)|(b)').exec('b')?.slice(), ['b', undefined, 'b'])
  t.equal(Pattern.anchored('x').exec('y'), null)
  t.end()
})

t.test('linear time', (t) => {
  const started = process.cpuUsage()
  t.equal(Pattern.anchored('(a+)+').test(`${'a'.repeat(5000)}!`), false)
  t.equal(Pattern.anchored('(a|aa)*b').exec('a'.repeat(5000)), null)
  t.ok(process.cpuUsage(started).user < 10_000_000, 'a backtracking engine would not come to an end')
  t.end()
})

t.test('templates', (t) => {
  const pattern = Pattern.anchored('(?P<first>[a-z]+)-(?<second>[a-z]+)(x)?')
  const groups = pattern.exec('foo-bar')!
  const filled = (template: string) => pattern.expand(parseTemplate(template), groups)
  const cases: [string, string][] = [
    ['$1', 'foo'], ['${1}x', 'foox'], ['$1x', ''], ['$first/${second}', 'foo/bar'], ['$$1', '$1'], ['$', '$'], ['a$', 'a$'],
    ['${', '${'], ['${1', '${1'], ['${}', '${}'], ['$-', '$-'], ['$0', 'foo-bar'], ['$9', ''], ['$3', ''], ['${01}', ''],
    ['$nope', ''], ['', ''], ['${a b}', '${a b}'],
  ]
  for (const [template, expected] of cases) t.equal(filled(template), expected, template)
  t.end()
})

t.test('faults', (t) => {
  const cases: [string, string, number, number][] = [
    ['a(b', 'missing closing )', 1, 1],
    ['(a)(', 'missing closing )', 3, 1],
    ['[(](', 'missing closing )', 3, 1],
    ['a)b', 'unexpected )', 1, 1],
    ['ab[z-a]', "invalid character class range 'z-a'", 3, 3],
    ['x(?=y)', "invalid or unsupported Perl syntax '(?='", 1, 3],
    ['a**', "invalid nested repetition operator '**'", 1, 2],
    ['x{2000}', "invalid repeat count '{2000}'", 1, 6],
    ['(a)\\1', "invalid escape sequence '\\1'", 3, 2],
  ]
  for (const [source, reason, at, length] of cases) {
    t.same(patternFault(source), { reason: `bad regular expression: ${reason}`, at, length }, source)
  }
  t.equal(patternFault('a(b)'), null)
  t.throws(() => Pattern.search('('), Problem)
  t.end()
})

t.test('what is plain in a pattern', (t) => {
  const texts = (source: string) => [...(literalOf(source)?.texts ?? [])]
  const prefix = (source: string) => {
    const literal = literalOf(source)
    return literal === null || literal.texts !== undefined ? undefined : literal.prefix
  }
  t.same(texts('404'), ['404'])
  t.same(texts(''), [''])
  t.same(texts('a|b.c'), [])
  t.same(texts(String.raw`a|b\.c||\|\\`), ['a', 'b.c', '', '|\\'])
  t.equal(prefix('/api/v1/(.*)'), '/api/v1/')
  t.equal(prefix('ab*'), 'a')
  t.equal(prefix('a{2}'), undefined)
  t.equal(prefix(String.raw`a\.(b|c)`), 'a.')
  t.equal(prefix('ab.|c'), undefined)
  t.equal(prefix('ab(c)|d'), undefined)
  t.equal(prefix('a[(]|b'), undefined)
  t.equal(prefix(String.raw`a.\Q(\E|b`), undefined)
  t.equal(prefix('a)|(?:b'), undefined)
  t.equal(prefix('(?i)abc'), undefined)
  t.end()
})

t.test('plain text decides as the pattern does', (t) => {
  const piece = fc.constantFrom(
    ...['a', 'b', '/', 'ab', '|', '|', '.', '.*', '(', ')', '(a|b)', '(?:', '(?i)', '(?i:b)', '[ab]', '[(]', '[|]', '*', '+', '?', '{2}', '{0,1}'],
    ...[String.raw`\.`, String.raw`\|`, String.raw`\\`, String.raw`\(`, String.raw`\Q`, String.raw`\E`, String.raw`\Q(\E`, String.raw`\b`, '^', '$', '\n', 'é'],
  )
  const source = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(''))
  const text = fc.array(fc.constantFrom('a', 'b', 'A', 'B', '/', '.', '|', '(', '\\', 'Q', '\n', 'é'), { maxLength: 5 }).map((all) => all.join(''))
  const compiled = (make: () => Pattern) => {
    try {
      return make()
    } catch {
      return null
    }
  }
  let fast = 0
  fc.assert(
    fc.property(source, fc.array(text, { minLength: 1, maxLength: 12 }), (source, texts) => {
      const anchored = compiled(() => Pattern.anchored(source))
      const plain = compiled(() => Pattern.search(`^(?s:${source})$`))
      if (anchored === null || plain === null) return anchored === plain
      if (literalOf(source) !== null) fast++
      // Texts of which a pattern of these pieces takes more than of random ones.
      return [...texts, source, source.replaceAll('\\', '')].every((text) => {
        const groups = plain.exec(text)
        const same = JSON.stringify(anchored.exec(text)?.slice()) === JSON.stringify(groups?.slice())
        return same && anchored.test(text) === plain.test(text) && plain.test(text) === (groups !== null)
      })
    }),
    { numRuns: 3000 },
  )
  t.ok(fast > 300, 'both ways are taken')
  t.end()
})
