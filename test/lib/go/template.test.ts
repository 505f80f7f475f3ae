// Templates, held against what Go 1.26 with sprig 3.3 makes of the same texts (template.ndjson, by oracle/template.go).

import { readFileSync } from 'node:fs'
import t from 'tap'
import { Problem, renderProblem } from '../../../lib/diag/problem.js'
import { Template } from '../../../lib/go/template/template.js'
import { TemplateFault, type Value } from '../../../lib/go/template/value.js'
import { ROOT } from '../../support/solder.js'
import fc from '../../support/property.js'

const DATA = new Map<string, Value>(
  Object.entries({ Value: 'Some Value', Entry: 'the whole line', app: 'shop', n: '42', empty: '', bad: 'ä€😀', html: `<a href="x">'&</a>` }),
)

function filled(text: string): [kind: string, output: string] {
  try {
    const output = new Template(text, 'template', () => 0).fill(DATA)
    return typeof output === 'string' ? ['ok', output] : ['exec', output.message]
  } catch (error) {
    if (error instanceof Problem) return ['parse', error.message]
    throw error
  }
}

t.test('fills in templates as Go does', async (t) => {
  const lines = readFileSync(`${ROOT}/test/lib/go/template.ndjson`, 'utf8').trimEnd().split('\n')
  t.ok(lines.length > 150)
  for (const line of lines) {
    const [text, kind, output] = JSON.parse(line) as [string, string, string]
    const got = filled(text)
    // What never works is told before anything is read, where Go finds it at the first record.
    if (kind === 'ok') t.same(got, [kind, output], text)
    else t.match(got[0], /parse|exec/, `${text}: ${output}`)
  }
})

const problem = (text: string) => {
  try {
    new Template(text, 'template', () => 0)
  } catch (error) {
    return renderProblem(error as Problem, 'test')
  }
  return 'none'
}

t.test('mistakes are told with their place', async (t) => {
  t.equal(
    problem('a\n{{ if .x }}\n{{ ToUper .Value }}{{ end }}'),
    `template:3:4: bad template: unknown function 'ToUper'
  3 | {{ ToUper .Value }}{{ end }}
    |    ^^^^^^
  hint: did you mean 'ToUpper'?
`,
  )
  t.match(problem('{{ if .x }}'), /^template:1:4: bad template: {{if}} without {{end}}/)
  t.match(problem('{{ $x }}'), /^template:1:4: bad template: undefined variable '\$x'/)
  t.match(problem('{{ ToUpper .a .b }}'), /'ToUpper' takes 1 arguments, not 2/)
  t.match(problem('{{ .a'), /an action without its end }}/)
  t.match(problem('{{ "\\q" }}'), /^template:1:5: bad template: an unknown escape sequence '\\q'/)
  t.match(problem(`${'{{ if 1 }}'.repeat(101)}${'{{ end }}'.repeat(101)}`), /nested deeper than 100/)
  t.match(problem(`{{ ${'('.repeat(101)}1${')'.repeat(101)} }}`), /nested deeper than 100/)
  for (const name of ['env', 'expandenv', 'getHostByName', 'genPrivateKey', 'call']) t.match(problem(`{{ ${name} "x" }}`), /unknown function/)
})

t.test('output, steps and calls are bounded', async (t) => {
  const fails = (text: string, reason: RegExp, max_steps = 500) => {
    const output = new Template(text, 'template', () => 0, { max_output: 1000, max_steps }).fill(DATA)
    t.match(output instanceof TemplateFault ? output.message : output, reason, text)
  }
  fails('{{ repeat 1000000000 "x" }}', /more than 1000 characters \(max_output\)/)
  fails('{{ range until 100 }}{{ $.Entry }}{{ end }}', /more than 1000 characters of output/)
  fails('{{ range 1000000000 }}{{ end }}', /more than 500 steps \(max_steps\)/)
  fails('{{ until 1000000000 }}', /max_output/)
  fails('{{ indent 1000000 "x" }}', /max_output/)
  fails('{{ printf "%999999999d" 1 }}', /a width beyond 10000/)
  fails('{{ define "x" }}{{ template "x" }}{{ end }}{{ template "x" }}', /call each other deeper than 100/)
  fails('{{ $x := "ab" }}{{ range 100 }}{{ $x = cat $x $x }}{{ end }}', /max_output/)
  fails('{{ $x := "ab" }}{{ range 100 }}{{ $x = printf "%s%s" $x $x }}{{ end }}', /max_output/)
  fails('{{ $x := list 1 2 }}{{ range 100 }}{{ $x = concat $x $x }}{{ end }}', /max_output/)
  fails('{{ $d := dict }}{{ range 100 }}{{ $_ := set $d (print (len $d)) $d }}{{ end }}{{ $d }}', /max_/)
  fails('{{ $x := list }}{{ range 9000 }}{{ $x = list $x }}{{ end }}', /more than|nested too deep/, 1e6)
  fails('{{ $x := list 1 2 }}{{ range 100 }}{{ $x = list $x $x }}{{ end }}{{ $x }}', /max_/)
})

t.test('names from outside reach nothing', async (t) => {
  t.same(filled('{{ .constructor }}{{ .__proto__ }}{{ .get }}'), ['ok', '<no value><no value><no value>'])
  t.same(filled('{{ $d := dict "__proto__" "x" }}{{ $d.__proto__ }}{{ toJson $d }}'), ['ok', 'x{"__proto__":"x"}'])
  t.match(filled('{{ set . "a" "b" }}{{ .a }}')[1], /the data cannot be changed/)
  t.notOk(DATA.has('a'))
})

t.test('any text is a template or a problem with a place', async () => {
  const pieces = ['{{', '}}', '{{-', '-}}', ' ', 'if', 'else', 'end', 'range', 'with', '$x', ':=', '=', ',', '|', '(', ')', '.', '.a', '"s"', '1', 'eq', 'print', 'define', 'nil']
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 14 }), (words) => {
      const [kind, output] = filled(words.join(''))
      return kind !== 'parse' || output.startsWith('bad template: ')
    }),
    { numRuns: 2000 },
  )
})
