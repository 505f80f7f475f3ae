// A pipe's text as stages and words: quotes as in a shell, and nothing else of it.

import { execFileSync } from 'node:child_process'
import t from 'tap'
import { catalogue } from '../../../commands/index.js'
import { findEntry, parseInput } from '../../../lib/cli/command.js'
import { problemsOf } from '../../../lib/diag/problem.js'
import { planPipe } from '../../../lib/pipeline/plan.js'
import { splitPipe } from '../../../lib/pipeline/words.js'
import fc from '../../support/property.js'

const words = (text: string) => splitPipe({ name: '-e', text }).map((stage) => stage.map((word) => word.text))

function complaints(run: () => unknown): string[] {
  try {
    run()
    return []
  } catch (error) {
    return problemsOf(error).map(({ message, place }) => `${place?.line}:${place?.column} ${message}`)
  }
}

t.test('quotes, escapes, comments, several lines', async (t) => {
  t.same(words(`relabel --set 'a=b c'"d \\"e\\" \\n"f\\ g '' ""`), [['relabel', '--set', 'a=b cd "e" \\nf g', '', '']])
  t.same(words("solder relabel \\\n  x # not 'this\n | solder view # end"), [['relabel', 'x'], ['view']])
  t.same(words('a#b "|" \'$x `y` & ; <\' | x'), [['a#b', '|', '$x `y` & ; <'], ['x']])
  t.same(words('discover static [::1]:9100 h?a=*'), [['discover', 'static', '[::1]:9100', 'h?a=*']])
  t.same(words('a{b,c} ~ x~ %1 a=b !'.replace('~ ', '')), [['a{b,c}', 'x~', '%1', 'a=b', '!']])
})

t.test('any words, quoted, are those that a shell reads', async () => {
  const word = fc.string({ unit: fc.constantFrom('a', ' ', "'", '"', '\\', '\n', '#', '$', '|', '&', 'é', '*', '~', ';') })
  const style = fc.constantFrom(
    (text: string) => `'${text.replaceAll("'", `'\\''`)}'`,
    (text: string) => `"${text.replace(/[\\"$`]/g, '\\$&')}"`,
    (text: string) => (text === '' ? "''" : text.replace(/[^a-zé\n]/g, '\\$&').replaceAll('\n', "'\n'")),
  )
  const quoted = fc.tuple(word, style)
  fc.assert(
    fc.property(fc.array(quoted, { minLength: 1, maxLength: 6 }), (list) => {
      const text = list.map(([word, style]) => style(word)).join(' ')
      const [found] = words(`x ${text}`)
      const byShell = execFileSync('sh', ['-c', `printf '%s\\0' x ${text}`]).toString().split('\0').slice(0, -1)
      const same = found.length === byShell.length && found.every((word, i) => word === byShell[i])
      return same && found.slice(1).every((word, i) => word === list[i][0])
    }),
    { numRuns: 40 },
  )
})

t.test('expressions are words or parts of words', async (t) => {
  const split = (text: string) => splitPipe({ name: 'f', text, expressions: true })
  const seen = (text: string) => split(text).flat().map((word) => [word.text, word.expressions.map(({ code }) => code)])
  t.same(seen('a${b}c "x ${ y } z" \'${n}\' \\${n} "\\${n}"'), [
    ['a${b}c', ['b']], ['x ${ y } z', [' y ']], ['${n}', []], ['${n}', []], ['${n}', []],
  ])
  t.same(seen('${a["}"] + {"b": \'}\'}.b}${c | d}'), [['${a["}"] + {"b": \'}\'}.b}${c | d}', ['a["}"] + {"b": \'}\'}.b', 'c | d']]])
  const [word] = split('x y"a${b}c"')[0].slice(1)
  t.same([word.expressions[0].offset, word.expressions[0].from, word.expressions[0].to], [7, 2, 6])
  t.same(word.offsets, [2, 4, 5, 6, 7, 8, 9])
  t.same(complaints(() => split('a ${b | c "${d}')), ['1:3 ${ is not closed'])
  t.same(complaints(() => split('a $b')), ["1:3 '$' needs a shell, and none runs this pipe"])
})

t.test('what needs a shell is told, all at once', async (t) => {
  const needs = (text: string) => `'${text}' needs a shell, and none runs this pipe`
  t.same(complaints(() => words('a $x | b > f\n&& c "`d`"')), [
    `1:3 ${needs('$')}`, `1:10 ${needs('>')}`, `2:1 ${needs('&&')}`, `2:7 ${needs('`')}`, `2:9 ${needs('`')}`,
  ])
  t.same(complaints(() => words('a || b; c & (d) |& ~e <f')).length, 8)
  t.same(complaints(() => words("a 'b")), ["1:3 ' is not closed"])
  t.same(complaints(() => words('a "b')), ['1:3 " is not closed'])
  t.same(complaints(() => words('a \\')), ["1:3 '\\' is the last character"])
  t.same(complaints(() => words('| a')), ['1:1 a stage is missing'])
  t.same(complaints(() => words('a | | b |')), ['1:5 a stage is missing', '1:9 a stage is missing'])
  t.same(complaints(() => words('a | solder | b')), ["1:5 'solder' alone is no stage"])
  t.same(complaints(() => words('')), ['1:1 a stage is missing'])
})

t.test('a pipe is checked as a whole', async (t) => {
  const plan = (text: string) =>
    planPipe({ name: '-e', text }, { find: (list) => findEntry(catalogue, list), parse: parseInput })
  const planned = await plan("discover file 'x/*.yml' y/*.yml | scrape --every 5s | relabel | write file out")
  t.same(planned.map(({ component }) => component.name), ['discover file', 'scrape', 'relabel', 'write file'])
  t.same(planned[0].input.args, ['x/*.yml', 'y/*.yml'])
  const failure = await plan('relable | scrape host | write promtheus | filter x y --on-bad= | tail -f | view').catch((error: unknown) =>
    problemsOf(error),
  )
  t.same((failure as ReturnType<typeof problemsOf>).map(({ message, hint }) => [message, hint]), [
    ["unknown command 'relable'", "did you mean 'relabel'?"],
    ["'scrape host' reads no records", undefined],
    ["unknown kind 'promtheus' for 'write'", "did you mean 'prometheus'?"],
    ["too many arguments for 'filter'", undefined],
    ["'tail' is no command of solder", 'another program is joined by the shell: solder run -e … | PROGRAM | solder run -e …'],
  ])
})
