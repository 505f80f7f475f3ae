// fmt: what it formats stays as it is when it is formatted again, means the same, and keeps its comments.

import t from 'tap'
import * as yaml from 'yaml'
import { formatted } from '../../../lib/config/format.js'
import fc from '../../support/property.js'

const word = fc.constantFrom(
  'a',
  'x1',
  '--every 5s',
  "'one | two'",
  '"a b"',
  "'it # is'",
  '${let.x}',
  "'a: b'",
  '\\|',
  'filter \'name == "up"\'',
)
const stage = fc.array(word, { minLength: 1, maxLength: 6 }).map((words) => `v${words.join(' ')}`)
const pipe = fc
  .tuple(fc.array(stage, { minLength: 1, maxLength: 5 }), fc.constantFrom(' | ', '\n| ', ' |\n  ', '   |  solder '))
  .map(([stages, sign]) => stages.join(sign))
const value = fc.oneof(
  fc.constantFrom(1, true, null, 'a: b', ' x ', '', 'two\nlines\n', '# no comment', '${a}'),
  fc.string({ maxLength: 9 }),
)
const map = fc.dictionary(
  fc.constantFrom('url', 'every', 'set', 'a b'),
  fc.oneof(value, fc.array(value, { maxLength: 3 })),
  { maxKeys: 3 },
)
const from = fc.oneof(
  pipe,
  fc.array(
    fc.oneof(
      pipe,
      map.map((options) => ({ 'write file': options })),
    ),
    { minLength: 1, maxLength: 3 },
  ),
)
const file = fc.record({
  version: fc.constant(1),
  let: map,
  define: fc.dictionary(fc.constantFrom('one', 'two'), fc.oneof(pipe, fc.record({ args: map, pipe: from }), fc.record({ from, to: from }))),
  pipes: fc.dictionary(
    fc.constantFrom('a', 'b', 'c'),
    fc.oneof(pipe, fc.record({ from, through: from, to: from }, { requiredKeys: ['from'] })),
  ),
})
const style = fc.record({
  indent: fc.integer({ min: 1, max: 6 }),
  lineWidth: fc.constantFrom(0, 40, 80),
  defaultStringType: fc.constantFrom('PLAIN', 'QUOTE_DOUBLE', 'QUOTE_SINGLE', 'BLOCK_LITERAL', 'BLOCK_FOLDED'),
  indentSeq: fc.boolean(),
  flow: fc.boolean(),
})

const alike = (_key: string, one: unknown) => (typeof one === 'string' ? one.trim().replace(/\s+/g, ' ') : one)
const meaning = (text: string) => JSON.stringify(yaml.parse(text), alike)

t.test('any file', async (t) => {
  let skipped = 0
  await fc.assert(
    fc.asyncProperty(
      file,
      style,
      fc.array(fc.nat({ max: 200 }), { maxLength: 6 }),
      async (content, { flow, ...options }, places) => {
        const document = new yaml.Document(content)
        if (flow) (document.get('let') as yaml.YAMLMap).flow = true
        // Comments above and behind keys.
        const pairs: yaml.Pair[] = []
        yaml.visit(document, { Pair: (_key, pair) => void pairs.push(pair) })
        const comments = places.map((place, i) => {
          const { key } = pairs[place % pairs.length] as yaml.Pair<yaml.Scalar>
          key.commentBefore = ` comment ${i}`
          key.spaceBefore = i % 2 === 0
          return place % pairs.length
        })
        const text = document.toString(options as yaml.ToStringOptions)
        // The library writes some texts so that it reads them as something else.
        if (meaning(text) !== JSON.stringify(content, alike)) return void skipped++
        const once = await formatted('a.yaml', text)
        const twice = await formatted('a.yaml', once)
        if (twice !== once) throw new Error(`not the same again:\n${text}\n---\n${once}\n---\n${twice}`)
        if (meaning(once) !== meaning(text)) throw new Error(`means something else:\n${text}\n---\n${once}`)
        const kept = (once.match(/# comment \d/g) ?? []).length
        if (kept !== new Set(comments).size) throw new Error(`comments are lost:\n${text}\n---\n${once}`)
      },
    ),
    { numRuns: 200 },
  )
  t.ok(skipped < 20, `${skipped} skipped`)
})

t.test('JSON stays JSON; what is no YAML is told with its place', async (t) => {
  t.equal(await formatted('a.json', '{"version":1,\n"pipes":{}}'), '{\n  "version": 1,\n  "pipes": {}\n}\n')
  t.equal(await formatted('a.yaml', '# nothing\n'), '# nothing\n')
  await t.rejects(formatted('a.yaml', 'a: [1\n'), { message: /^not YAML/, place: { line: 2 } })
})
